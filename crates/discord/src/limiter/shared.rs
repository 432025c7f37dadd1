//! Calls and answers in the words of the limiter that all processes share.

use super::{Lane, Report};
use cache::{Call, Outcome, Pause};

pub(super) fn call(lane: Lane) -> Call<'static> {
    let (method, template) = lane.route;
    Call { method, template, major: lane.major }
}

pub(super) fn outcome(report: &Report) -> Outcome<'_> {
    let everybody = report.blocked_for().map(Pause::Everybody);
    Outcome {
        answered: report.status.is_some(),
        bucket: report.bucket.as_deref(),
        limit: report.limit,
        remaining: report.remaining,
        reset_after: report.reset_after,
        pause: everybody.or_else(|| report.refused_for().map(Pause::Bucket)),
        is_invalid: report.is_invalid(),
    }
}
