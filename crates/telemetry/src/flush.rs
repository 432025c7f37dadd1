//! Blocking work of the SDK, done beside the caller, and what came of a flush.

use std::future::Future;
use std::thread;

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use tokio::sync::oneshot;

use crate::TelemetryError;
use crate::accounts::{Account, Accounts};

/// Does work that blocks on a thread of its own; one that is late is left behind.
pub(crate) fn beside(
    name: &str,
    work: Box<dyn FnOnce() -> OTelSdkResult + Send>,
) -> Result<impl Future<Output = OTelSdkResult> + use<>, TelemetryError> {
    let (answer, answered) = oneshot::channel();
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _ = answer.send(work());
    })?;
    Ok(async {
        answered.await.unwrap_or_else(|_| Err(OTelSdkError::InternalFailure("its thread died".into())))
    })
}

/// What a flush came to: an error names what was lost since `before`, by signal.
pub(crate) fn result(
    before: &Accounts,
    after: &Accounts,
    in_time: Option<&(OTelSdkResult, ())>,
) -> Result<(), TelemetryError> {
    let mut failures: Vec<String> = [
        ("traces", &before.traces, &after.traces),
        ("metrics", &before.metrics, &after.metrics),
        ("logs", &before.logs, &after.logs),
    ]
    .into_iter()
    .filter_map(|(signal, before, after)| loss(signal, before, after))
    .collect();
    match in_time {
        None => failures.push("it took too long".to_owned()),
        // What was lost of the metrics is in the books already.
        Some((Err(OTelSdkError::Timeout(_)), ())) => failures.push("metrics took too long".to_owned()),
        Some(_) => {}
    }
    if failures.is_empty() { Ok(()) } else { Err(TelemetryError::Flush(failures.join("; "))) }
}

fn loss(signal: &str, before: &Account, after: &Account) -> Option<String> {
    let reasons: Vec<String> = after
        .dropped
        .iter()
        .filter_map(|(reason, count)| {
            let lost = count - before.dropped.get(reason).copied().unwrap_or(0);
            (lost > 0).then(|| format!("{lost} lost ({reason})"))
        })
        .collect();
    (!reasons.is_empty()).then(|| format!("{signal}: {}", reasons.join(", ")))
}
