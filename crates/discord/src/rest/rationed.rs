//! Calls that Discord counts without telling.

use super::Rest;
use crate::{RestError, Verdict};
use cache::Windows;
use std::time::Duration;

impl Rest {
    /// Makes such a call, if there is a place for it. What a complaint says holds for all who make such calls.
    pub(super) async fn rationed<T>(
        &self,
        (windows, about): (&Windows, u64),
        call: impl Future<Output = Result<T, RestError>>,
    ) -> Result<T, RestError> {
        let taken = windows.take(&self.telemetry, about).await;
        let place = taken.map_err(|after| RestError::Rationed { after })?;
        let result = call.await;
        if let Some(pause) = result.as_ref().err().and_then(complaint) {
            windows.close(&self.telemetry, about, pause).await;
        }
        windows.settle(&self.telemetry, place).await;
        result
    }
}

/// How long Discord wants to see no more such calls.
fn complaint(error: &RestError) -> Option<Duration> {
    match error.verdict(1) {
        Verdict::BreakDms { after } | Verdict::CoolDown { after } => Some(after),
        _ => None,
    }
}
