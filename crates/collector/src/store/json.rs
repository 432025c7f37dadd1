//! OTLP's values as the JSON people read: `{"http.route": "/games", "retries": 2}`.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use serde_json::{Map, Value};

/// Attributes as an object, by name.
pub(crate) fn object(attributes: &[KeyValue]) -> Map<String, Value> {
    attributes.iter().map(|KeyValue { key, value, .. }| (key.clone(), value_of(value.as_ref()))).collect()
}

/// One value; bytes as hexadecimal text, a number that JSON cannot say as text.
pub(crate) fn value_of(value: Option<&AnyValue>) -> Value {
    use any_value::Value as Any;
    match value.and_then(|value| value.value.as_ref()) {
        None => Value::Null,
        Some(Any::StringValue(text)) => Value::from(text.as_str()),
        Some(Any::BoolValue(truth)) => Value::from(*truth),
        Some(Any::IntValue(number)) => Value::from(*number),
        Some(Any::DoubleValue(number)) if number.is_finite() => Value::from(*number),
        Some(Any::DoubleValue(number)) => Value::from(number.to_string()),
        Some(Any::ArrayValue(array)) => array.values.iter().map(|value| value_of(Some(value))).collect(),
        Some(Any::KvlistValue(list)) => Value::Object(object(&list.values)),
        Some(Any::BytesValue(bytes)) => Value::from(hex::encode(bytes)),
        // An index into a dictionary that only profiles have.
        Some(Any::StringValueStrindex(index)) => Value::from(*index),
    }
}

/// A value without the quotes that JSON puts around text.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
