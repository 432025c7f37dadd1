//! Protobuf, written straight into bytes (<https://protobuf.dev/programming-guides/encoding/>).

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

const VARINT: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const WITH_LENGTH: u64 = 2;
const FOUR_BYTES: u64 = 5;

/// Room that is kept for the next one; what was larger is an exception.
const SCRATCH_LIMIT_BYTES: usize = 64 * 1_024;

/// Writes into memory that is used again, and lends what was written.
pub(crate) fn lent<R>(write: impl FnOnce(&mut Vec<u8>), read: impl FnOnce(&[u8]) -> R) -> R {
    thread_local! {
        static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    // Taken out, so that something that is written while something is written finds a fresh one.
    let mut scratch = SCRATCH.take();
    write(&mut scratch);
    let result = read(&scratch);
    scratch.clear();
    if scratch.capacity() <= SCRATCH_LIMIT_BYTES {
        SCRATCH.set(scratch);
    }
    result
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    out.push(low_byte(value));
}

const fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

fn key(out: &mut Vec<u8>, tag: u32, wire_type: u64) {
    varint(out, u64::from(tag) << 3 | wire_type);
}

/// A number; zero is what is read when there is none.
pub(crate) fn number(out: &mut Vec<u8>, tag: u32, value: u64) {
    if value != 0 {
        some_number(out, tag, value);
    }
}

/// A number of a choice, where zero is a value too.
pub(crate) fn some_number(out: &mut Vec<u8>, tag: u32, value: u64) {
    key(out, tag, VARINT);
    varint(out, value);
}

/// Eight bytes of a choice.
pub(crate) fn some_double(out: &mut Vec<u8>, tag: u32, value: f64) {
    key(out, tag, EIGHT_BYTES);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A point in time as nanoseconds since 1970.
pub(crate) fn time(out: &mut Vec<u8>, tag: u32, time: SystemTime) {
    let nanos = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    key(out, tag, EIGHT_BYTES);
    out.extend_from_slice(&u64::try_from(nanos).unwrap_or(u64::MAX).to_le_bytes());
}

/// Flags, which have four bytes.
pub(crate) fn flags(out: &mut Vec<u8>, tag: u32, value: u32) {
    if value != 0 {
        key(out, tag, FOUR_BYTES);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// Bytes or a text; what is empty is what is read when there is none.
pub(crate) fn bytes(out: &mut Vec<u8>, tag: u32, value: &[u8]) {
    if !value.is_empty() {
        some_bytes(out, tag, value);
    }
}

/// Bytes or a text of a choice, where an empty one is a value too.
pub(crate) fn some_bytes(out: &mut Vec<u8>, tag: u32, value: &[u8]) {
    key_and_length(out, tag, value.len());
    out.extend_from_slice(value);
}

/// What comes before so many bytes of a message or a text.
pub(crate) fn key_and_length(out: &mut Vec<u8>, tag: u32, length: usize) {
    key(out, tag, WITH_LENGTH);
    varint(out, u64::try_from(length).unwrap_or(u64::MAX));
}

/// A message, whose length is only known when it is written: it is written behind room for a short length, and
/// moved when that does not suffice.
pub(crate) fn message(out: &mut Vec<u8>, tag: u32, write: impl FnOnce(&mut Vec<u8>)) {
    key(out, tag, WITH_LENGTH);
    let begin = out.len() + 1;
    out.push(0);
    write(out);
    let length = u64::try_from(out.len() - begin).unwrap_or(u64::MAX);
    let end = out.len();
    out[begin - 1] = low_byte(length) & 0x7f;
    if length >> 7 != 0 {
        out[begin - 1] |= 0x80;
        varint(out, length >> 7);
        let more = out.len() - end;
        out[begin..].rotate_right(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_how_long_it_is() {
        for length in [0_usize, 1, 127, 128, 300, 16_383, 16_384, 70_000] {
            let content = vec![7; length];
            let mut moved = Vec::new();
            message(&mut moved, 20, |out| out.extend_from_slice(&content));
            let mut known = Vec::new();
            some_bytes(&mut known, 20, &content);
            assert_eq!(moved, known);
        }
    }

    #[test]
    fn writing_inside_of_writing_is_no_trouble() {
        let mut inner = Vec::new();
        let write_both = |out: &mut Vec<u8>| {
            out.extend_from_slice(b"outer");
            inner = lent(|out| out.extend_from_slice(b"inner"), <[u8]>::to_vec);
        };
        let outer = lent(write_both, <[u8]>::to_vec);
        assert_eq!((outer.as_slice(), inner.as_slice()), (&b"outer"[..], &b"inner"[..]));
    }
}
