use crate::{Actor, Ctx, Refusal, Refuses};
use std::future::Future;
use telemetry::{Span, Verb, attr};

impl Ctx {
    /// The span of a verb.
    pub(crate) fn verb(&self, name: &'static str) -> Span {
        self.telemetry.verb(Verb { name })
    }

    /// The span of a verb that somebody performs.
    pub(crate) fn verb_of(&self, name: &'static str, actor: &Actor) -> Span {
        let span = self.verb(name);
        span.set(attr::user_id(actor.user.get()));
        span
    }
}

/// Runs a verb in its span and writes on it how it ended. A refusal is an outcome, not an error.
pub(crate) async fn perform<T, E: Refuses>(
    span: &Span,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let result = span.run(work).await;
    match &result {
        Ok(_) => span.set(attr::outcome("ok")),
        Err(error) => match error.refusal() {
            Refusal::Broken | Refusal::Unavailable => {
                span.set(attr::outcome(error.refusal().as_str()));
                span.fail(error.error_type(), error);
            }
            refusal => span.set(attr::outcome(refusal.as_str())),
        },
    }
    result
}
