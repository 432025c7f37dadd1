//! The metrics that belong to a span, recorded when it ends.

use std::borrow::Cow;
use std::time::Duration;

use opentelemetry::KeyValue;

use crate::instruments::Instruments;

/// Which metrics a span records, with the attributes that they share with it (never an id).
#[derive(Debug)]
pub(crate) enum Measure {
    HttpServer(Vec<KeyValue>),
    HttpClient(Vec<KeyValue>),
    Database(Vec<KeyValue>),
    Publish(Vec<KeyValue>),
    Settle(Vec<KeyValue>),
    Process(Vec<KeyValue>),
}

/// How a span ended.
pub(crate) struct Ending {
    pub(crate) elapsed: Duration,
    pub(crate) status: Option<u16>,
    pub(crate) error_type: Option<Cow<'static, str>>,
}

impl Measure {
    pub(crate) fn begin(&self, instruments: &Instruments) {
        if let Self::HttpServer(attributes) = self {
            instruments.active_requests.add(1, &active(attributes));
        }
    }

    pub(crate) fn finish(self, instruments: &Instruments, ending: Ending) {
        if let Self::HttpServer(attributes) = &self {
            instruments.active_requests.add(-1, &active(attributes));
        }
        let seconds = ending.elapsed.as_secs_f64();
        match self {
            Self::HttpServer(attributes) => {
                instruments.server_duration.record(seconds, &ending.complete(attributes));
            }
            Self::HttpClient(attributes) => {
                instruments.client_duration.record(seconds, &ending.complete(attributes));
            }
            Self::Database(attributes) => {
                instruments.database_duration.record(seconds, &ending.complete(attributes));
            }
            Self::Settle(attributes) => {
                instruments.messaging_duration.record(seconds, &ending.complete(attributes));
            }
            Self::Publish(attributes) => {
                let attributes = ending.complete(attributes);
                instruments.messaging_duration.record(seconds, &attributes);
                instruments.sent_messages.add(1, &attributes);
            }
            Self::Process(attributes) => {
                let attributes = ending.complete(attributes);
                instruments.process_duration.record(seconds, &attributes);
                instruments.consumed_messages.add(1, &attributes);
            }
        }
    }
}

impl Ending {
    fn complete(self, mut attributes: Vec<KeyValue>) -> Vec<KeyValue> {
        attributes
            .extend(self.status.map(|code| KeyValue::new("http.response.status_code", i64::from(code))));
        attributes.extend(self.error_type.map(|word| KeyValue::new("error.type", word)));
        attributes
    }
}

/// Of a server span's attributes, those that are known when the request begins and stay the same.
fn active(attributes: &[KeyValue]) -> Vec<KeyValue> {
    let shared = ["http.request.method", "url.scheme"];
    attributes.iter().filter(|attribute| shared.contains(&attribute.key.as_str())).cloned().collect()
}
