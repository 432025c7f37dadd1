//! Trace and span ids: W3C Trace Context, 16 and 8 bytes, lower-case hex in text.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// Names one trace: 16 bytes, not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TraceId([u8; 16]);

/// Names one span inside its trace: 8 bytes, not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SpanId([u8; 8]);

/// The text or the bytes are not an id.
#[derive(Debug, thiserror::Error)]
#[error("not a trace or span id")]
pub(crate) struct NotAnId;

macro_rules! id {
    ($name:ident, $bytes:literal) => {
        impl $name {
            /// Reads an id from its bytes: the right length, and not all zero.
            pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, NotAnId> {
                let bytes: [u8; $bytes] = bytes.try_into().map_err(|_| NotAnId)?;
                if bytes == [0; $bytes] { Err(NotAnId) } else { Ok(Self(bytes)) }
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Self::from_bytes(&hex::decode(text).map_err(|_| NotAnId)?)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

id!(TraceId, 16);
id!(SpanId, 8);

impl TraceId {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{SpanId, TraceId};

    #[test]
    fn an_id_has_the_right_length_and_is_not_zero() {
        assert_eq!("00f067aa0ba902b7".parse::<SpanId>().unwrap().to_string(), "00f067aa0ba902b7");
        assert!("0000000000000000".parse::<SpanId>().is_err());
        assert!("00f067aa0ba902b7".parse::<TraceId>().is_err());
        assert!("zz".parse::<TraceId>().is_err());
    }
}
