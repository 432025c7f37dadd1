//! Attributes and their values as OTLP's `KeyValue` and `AnyValue`, texts cut to what may be held.

use opentelemetry::{Array, Value};

use super::text::end_of;
use super::wire::{bytes, message, some_bytes, some_double, some_number};

pub(super) const STRING: u32 = 1;
pub(super) const BOOL: u32 = 2;
pub(super) const INT: u32 = 3;
pub(super) const DOUBLE: u32 = 4;
const ARRAY: u32 = 5;
/// The field of an array that holds what is in it.
const ITEM: u32 = 1;

/// A `KeyValue` whose value is written by `write`.
pub(crate) fn pair(out: &mut Vec<u8>, tag: u32, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
    message(out, tag, |out| {
        bytes(out, 1, key.as_bytes());
        message(out, 2, write);
    });
}

/// A text, cut after so many characters.
pub(crate) fn text(out: &mut Vec<u8>, text: &str, characters: usize) {
    let end = end_of(text, characters).unwrap_or(text.len());
    some_bytes(out, STRING, &text.as_bytes()[..end]);
}

/// A value of a span's attribute, its texts cut after so many characters.
pub(crate) fn value(out: &mut Vec<u8>, value: &Value, characters: usize) {
    match value {
        Value::String(value) => text(out, value.as_str(), characters),
        Value::Bool(value) => some_number(out, BOOL, u64::from(*value)),
        Value::I64(value) => some_number(out, INT, value.cast_unsigned()),
        Value::F64(value) => some_double(out, DOUBLE, *value),
        Value::Array(array) => message(out, ARRAY, |out| items(out, array, characters)),
        other => text(out, &other.to_string(), characters),
    }
}

fn items(out: &mut Vec<u8>, array: &Array, characters: usize) {
    match array {
        Array::String(all) => all.iter().for_each(|item| {
            message(out, ITEM, |out| text(out, item.as_str(), characters));
        }),
        Array::Bool(all) => all.iter().for_each(|item| {
            message(out, ITEM, |out| some_number(out, BOOL, u64::from(*item)));
        }),
        Array::I64(all) => all.iter().for_each(|item| {
            message(out, ITEM, |out| some_number(out, INT, item.cast_unsigned()));
        }),
        Array::F64(all) => all.iter().for_each(|item| {
            message(out, ITEM, |out| some_double(out, DOUBLE, *item));
        }),
        other => message(out, ITEM, |out| text(out, &other.to_string(), characters)),
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::KeyValue;
    use opentelemetry_proto::tonic::common::v1::KeyValue as OtlpKeyValue;
    use prost::Message as _;

    use super::*;

    fn texts<const N: usize>(all: [&str; N]) -> Value {
        let all = all.map(|text| opentelemetry::StringValue::from(text.to_owned()));
        Value::Array(Array::String(all.to_vec()))
    }

    fn round(written: &KeyValue) -> OtlpKeyValue {
        let mut out = Vec::new();
        pair(&mut out, 1, written.key.as_str(), |out| value(out, &written.value, 5));
        // The first two bytes are the key and the length of the message.
        OtlpKeyValue::decode(&out[2..]).expect("it is one")
    }

    #[test]
    fn values_are_what_the_library_makes_of_them() {
        let all = [
            KeyValue::new("text", "short"),
            KeyValue::new("empty", ""),
            KeyValue::new("yes", true),
            KeyValue::new("no", false),
            KeyValue::new("zero", 0_i64),
            KeyValue::new("less", -1_i64),
            KeyValue::new("half", 0.5),
            KeyValue::new("texts", texts(["a", "b"])),
            KeyValue::new("flags", Value::Array(vec![true, false].into())),
            KeyValue::new("numbers", Value::Array(vec![1_i64, -1].into())),
            KeyValue::new("shares", Value::Array(vec![0.5, 0.25].into())),
        ];
        for attribute in all {
            assert_eq!(round(&attribute), OtlpKeyValue::from(&attribute));
        }
    }

    #[test]
    fn a_megabyte_is_cut_between_characters() {
        let long = "é".repeat(500_000);
        let cut = OtlpKeyValue::from(&KeyValue::new("a", "ééééé"));
        assert_eq!(round(&KeyValue::new("a", long.clone())), cut);
        let listed = round(&KeyValue::new("a", texts([long.as_str()])));
        assert_eq!(listed, OtlpKeyValue::from(&KeyValue::new("a", texts(["ééééé"]))));
    }
}
