use crate::{Actor, Ctx, Refusal, Refuses};
use std::future::Future;
use std::pin::Pin;
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
///
/// The verb is boxed, so that it lies on the heap once and not in the future of every door.
pub(crate) fn perform<'a, T: Send + 'a, E: Refuses + Send>(
    span: &'a Span,
    work: impl Future<Output = Result<T, E>> + Send + 'a,
) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>> {
    Box::pin(async move {
        let result = span.run(work).await;
        if let Err(error) = &result {
            match error.refusal() {
                Refusal::Broken | Refusal::Unavailable => {
                    span.set(attr::outcome(error.refusal().as_str()));
                    span.fail(error.error_type(), error);
                }
                refusal => span.set(attr::outcome(refusal.as_str())),
            }
        } else {
            span.set(attr::outcome("ok"));
        }
        result
    })
}
