//! How permissions and outcomes are written for the scripts.

use std::time::Duration;

use redis::ScriptInvocation;

use super::{Grant, Outcome, Pause, Permission};
use crate::redis::millis;

/// What `take.lua` answers: a word, milliseconds, a bucket.
pub(super) type Verdict = (String, u64, String);

pub(super) fn permission((word, pause, bucket): Verdict, call: String) -> Permission {
    let pause = Duration::from_millis(pause);
    match word.as_str() {
        "granted" => Permission::Granted(Grant { call, bucket }),
        "everybody" => Permission::Wait(Pause::Everybody(pause)),
        "bucket" => Permission::Wait(Pause::Bucket(pause)),
        "others" => Permission::AfterOthers,
        _ => Permission::Unknown,
    }
}

/// Adds what `report.lua` reads; what is not known is empty.
pub(super) fn add(script: &mut ScriptInvocation<'_>, outcome: Outcome<'_>) {
    let text = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    let reset = outcome.reset_after.map(|after| millis_up(after).to_string()).unwrap_or_default();
    let (who, pause) = match outcome.pause {
        None => ("", 0),
        Some(Pause::Everybody(pause)) => ("everybody", millis_up(pause)),
        Some(Pause::Bucket(pause)) => ("bucket", millis_up(pause)),
    };
    script.arg(outcome.bucket.unwrap_or_default());
    script.arg(text(outcome.limit)).arg(text(outcome.remaining)).arg(reset);
    script.arg(who).arg(pause);
    script.arg(u8::from(outcome.answered)).arg(u8::from(outcome.is_invalid));
}

/// Milliseconds, rounded up: no wait may be too short.
fn millis_up(duration: Duration) -> u64 {
    millis(duration).saturating_add(1)
}
