//! Inflates Zstandard (RFC 8878) while it streams in.

use std::io;

use zstd::{
    stream::raw::{DParameter, Decoder, InBuffer, Operation as _, OutBuffer},
    zstd_safe::DCtx,
};

use super::body::{BodyError, Capped};

/// A frame may refer so far back, as a power of two: 8 MiB, what RFC 8878 wants every decoder to have.
const MAX_WINDOW_LOG: u32 = 23;

/// A decoder that hands what it inflates on, piece by piece, until that is too much.
pub(super) struct Zstd {
    decoder: Decoder<'static>,
    piece: Vec<u8>,
    capped: Capped,
    /// The last frame came to its end.
    is_whole: bool,
}

impl Zstd {
    pub(super) fn new(capped: Capped) -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG))?;
        Ok(Self { decoder, piece: vec![0; DCtx::out_size()], capped, is_whole: true })
    }

    pub(super) fn take(&mut self, chunk: &[u8]) -> Result<(), BodyError> {
        let mut input = InBuffer::around(chunk);
        loop {
            let mut output = OutBuffer::around(&mut self.piece[..]);
            let left = self.decoder.run(&mut input, &mut output).map_err(|_| BodyError::NotCompressed)?;
            let written = output.pos();
            self.is_whole = left == 0;
            self.capped.take(&self.piece[..written])?;
            // A full piece may mean that more is waiting inside of the decoder.
            if input.pos() == chunk.len() && written < self.piece.len() {
                return Ok(());
            }
        }
    }

    /// What was inflated, if the last frame came to its end.
    pub(super) fn finish(self) -> Result<Capped, BodyError> {
        if self.is_whole { Ok(self.capped) } else { Err(BodyError::NotCompressed) }
    }
}
