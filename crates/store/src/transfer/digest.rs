//! What a table holds, in a few bytes, in whatever order its rows come.

use super::columns::{Batch, Values};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const WORDS: usize = 4;
const WORD_BYTES: usize = 8;

/// The number of rows, and the sum of their hashes: neither depends on the order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest {
    rows: u64,
    sum: [u64; WORDS],
}

impl Digest {
    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn add(&mut self, batch: &Batch) {
        for row in 0..batch.rows {
            let mut hasher = Sha256::new();
            for column in &batch.columns {
                hash(&mut hasher, column, row);
            }
            let hash = hasher.finalize();
            for (sum, word) in self.sum.iter_mut().zip(hash.chunks_exact(WORD_BYTES)) {
                let word = word.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
                *sum = sum.wrapping_add(word);
            }
            self.rows += 1;
        }
    }
}

/// Takes one value, with its length before it, so that no two rows look the same that aren't.
fn hash(hasher: &mut Sha256, column: &Values, row: usize) {
    let bytes: Option<Vec<u8>> = match column {
        Values::Number(values) => values[row].map(|value| value.to_be_bytes().to_vec()),
        Values::Truth(values) => values[row].map(|value| vec![u8::from(value)]),
        Values::Instant(values) => values[row].map(|at| at.0.as_microsecond().to_be_bytes().to_vec()),
        Values::Text(values) => values[row].as_ref().map(|text| text.clone().into_bytes()),
        Values::Json(values) => values[row].as_ref().map(|text| canonical(text).into_bytes()),
        Values::Bytes(values) => values[row].clone(),
        Values::Id(values) => values[row].map(|id| id.as_bytes().to_vec()),
    };
    match bytes {
        None => hasher.update([0]),
        Some(bytes) => {
            hasher.update([1]);
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        }
    }
}

/// JSON as it is whatever its spaces and the order of its keys: PostgreSQL keeps neither.
fn canonical(text: &str) -> String {
    let Ok(value) = serde_json::from_str(text) else { return text.to_owned() };
    let mut written = String::with_capacity(text.len());
    write(&value, &mut written);
    written
}

fn write(value: &Value, to: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(key, _)| key.as_str());
            to.push('{');
            for (key, value) in sorted {
                to.push_str(&Value::from(key.as_str()).to_string());
                to.push(':');
                write(value, to);
                to.push(',');
            }
            to.push('}');
        }
        Value::Array(items) => {
            to.push('[');
            for item in items {
                write(item, to);
                to.push(',');
            }
            to.push(']');
        }
        plain => to.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(columns: Vec<Values>, rows: usize) -> Digest {
        let mut digest = Digest::default();
        digest.add(&Batch { rows, columns });
        digest
    }

    fn texts(texts: &[Option<&str>]) -> Values {
        Values::Text(texts.iter().map(|text| text.map(str::to_owned)).collect())
    }

    #[test]
    fn the_order_of_rows_does_not_count_and_everything_else_does() {
        let of = |rows: &[Option<&str>]| digest(vec![texts(rows)], rows.len());
        assert_eq!(of(&[Some("a"), Some("b")]), of(&[Some("b"), Some("a")]));
        assert_ne!(of(&[Some("a"), Some("b")]), of(&[Some("a")]));
        assert_ne!(of(&[Some("a"), Some("a")]), of(&[Some("b"), Some("b")]));
        assert_ne!(of(&[None]), of(&[Some("")]));
        let two = |left, right| digest(vec![texts(&[Some(left)]), texts(&[Some(right)])], 1);
        assert_ne!(two("ab", "c"), two("a", "bc"));
    }

    #[test]
    fn json_is_the_same_in_any_order_of_keys() {
        let of = |text: &str| digest(vec![Values::Json(vec![Some(text.to_owned())])], 1);
        assert_eq!(of(r#"{"a": [1, "x"], "b": {"c": null}}"#), of(r#"{"b":{"c":null},"a":[1,"x"]}"#));
        assert_ne!(of(r#"{"a":[1,2]}"#), of(r#"{"a":[2,1]}"#));
        assert_ne!(of(r#"{"a":1}"#), of(r#"{"a":"1"}"#));
    }
}
