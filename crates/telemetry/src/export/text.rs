//! How much memory texts take, and cutting them.

use opentelemetry::{Array, KeyValue, StringValue, Value};

/// What an attribute takes beside its texts, in bytes.
const ATTRIBUTE_BYTES: usize = size_of::<KeyValue>();

/// Cuts the texts of attributes after so many characters; tells how many bytes are left.
pub(super) fn trim(attributes: &mut [KeyValue], characters: usize) -> usize {
    let texts = attributes.iter_mut().map(|attribute| {
        attribute.key.as_str().len() + trim_value(&mut attribute.value, characters) + ATTRIBUTE_BYTES
    });
    texts.sum()
}

fn trim_value(value: &mut Value, characters: usize) -> usize {
    match value {
        Value::String(text) => {
            if let Some(end) = end_of(text.as_str(), characters) {
                *text = StringValue::from(text.as_str()[..end].to_owned());
            }
            text.as_str().len()
        }
        Value::Array(Array::String(texts)) => {
            for text in texts.iter_mut() {
                if let Some(end) = end_of(text.as_str(), characters) {
                    *text = StringValue::from(text.as_str()[..end].to_owned());
                }
            }
            texts.iter().map(|text| text.as_str().len() + size_of::<StringValue>()).sum()
        }
        Value::Array(Array::Bool(values)) => values.len(),
        Value::Array(Array::I64(values)) => values.len() * size_of::<i64>(),
        Value::Array(Array::F64(values)) => values.len() * size_of::<f64>(),
        _ => 0,
    }
}

/// Cuts a text after so many characters.
pub(super) fn cut(text: &mut String, characters: usize) {
    if let Some(end) = end_of(text, characters) {
        text.truncate(end);
        text.shrink_to_fit();
    }
}

/// Where to cut a text, unless it is short enough.
pub(super) fn end_of(text: &str, characters: usize) -> Option<usize> {
    // No text has more characters than bytes.
    if text.len() <= characters {
        return None;
    }
    text.char_indices().nth(characters).map(|(end, _)| end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_megabyte_is_cut_between_characters() {
        let mut attributes = [KeyValue::new("a", "é".repeat(500_000)), KeyValue::new("b", "short")];

        let bytes = trim(&mut attributes, 100);

        assert_eq!(attributes[0].value.as_str().chars().count(), 100);
        assert_eq!(attributes[1].value.as_str(), "short");
        assert!(bytes < 400, "{bytes}");
    }
}
