//! A connection that is waited for only so long: until its first words, and while it takes no answer.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// The first words of HTTP/2 (RFC 9113, section 3.4).
const PREFACE_BYTES: usize = 24;

/// A stream that fails instead of waiting for ever.
pub(super) struct Patient<S> {
    stream: S,
    /// How many bytes of the first words are missing, and until when they may come.
    greeting: Option<(usize, Pin<Box<Sleep>>)>,
    /// How long what is written may wait to be taken, and until when.
    patience: Duration,
    writing: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    /// Waits `greeting` for the first words of HTTP/2, if that is spoken, and `patience` for an answer to be taken.
    pub(super) fn new(stream: S, greeting: Option<Duration>, patience: Duration) -> Self {
        let greeting = greeting.map(|wait| (PREFACE_BYTES, Box::pin(sleep(wait))));
        Self { stream, greeting, patience, writing: None }
    }

    /// What came of a write: it may be under way for only so long.
    fn written<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.writing = None;
            return result;
        }
        let patience = self.patience;
        let deadline = self.writing.get_or_insert_with(|| Box::pin(sleep(patience)));
        deadline.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let Some((missing, deadline)) = &mut self.greeting else { return read };
        if read.is_pending() {
            ready!(deadline.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        *missing = missing.saturating_sub(buffer.filled().len() - before);
        if *missing == 0 {
            self.greeting = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.written(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.written(cx, shut)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const WAIT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn who_takes_no_answer_is_given_up() {
        let (near, _far) = duplex(64);
        let mut patient = Patient::new(near, None, WAIT);
        let error = patient.write_all(&[0; 1_000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_greets_too_slowly_is_given_up_and_who_greeted_may_be_silent() {
        let (near, mut far) = duplex(64);
        let mut patient = Patient::new(near, Some(WAIT), WAIT);
        far.write_all(&[0; PREFACE_BYTES - 1]).await.unwrap();
        let error = patient.read_exact(&mut [0; PREFACE_BYTES]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);

        let (near, mut far) = duplex(64);
        let mut patient = Patient::new(near, Some(WAIT), WAIT);
        far.write_all(&[0; PREFACE_BYTES]).await.unwrap();
        patient.read_exact(&mut [0; PREFACE_BYTES]).await.unwrap();
        let silence = tokio::time::timeout(WAIT * 4, patient.read_u8()).await;
        assert!(silence.is_err(), "it is still there");
    }
}
