//! Hints for the API: what a daemon has done, told at once.

use actions::Ctx;
use domain::Event;
use sibling::Caller;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Where the API takes them.
const PATH: &str = "/internal/v1/hints";
/// A larger event is not hinted at; the bus tells of it all the same.
const HINT_BYTES: usize = 4 << 10;
/// Hints on their way at a time; while the API doesn't answer, further ones are left out.
const ON_THEIR_WAY: usize = 8;

/// Tells the API what has happened, if there is anybody to tell. Nothing waits for a hint, and losing it costs
/// nothing: the event goes over the bus, too.
#[derive(Clone, Debug)]
pub struct Hints {
    api: Option<Caller>,
    places: Arc<Semaphore>,
}

impl Hints {
    /// Hints for this API.
    pub fn to(api: Caller) -> Self {
        Self { api: Some(api), ..Self::none() }
    }

    /// No hints.
    pub fn none() -> Self {
        Self { api: None, places: Arc::new(Semaphore::new(ON_THEIR_WAY)) }
    }

    /// Sends a hint on its way, in the current trace.
    pub(crate) fn tell(&self, ctx: &Ctx, event: &Event) {
        let Some(api) = self.api.clone() else { return };
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return };
        let Some(json) = serde_json::to_vec(event).ok().filter(|json| json.len() <= HINT_BYTES) else {
            return;
        };
        let told = async move {
            if let Err(error) = api.post(PATH, json).await {
                tracing::debug!(
                    name: "scheduler.hint_lost",
                    { reason = %error },
                    "The API did not take a hint; it hears of the event over the bus."
                );
            }
            drop(place);
        };
        // The service waits for what is in the background when it ends.
        drop(telemetry::spawn(ctx.background.track_future(told)));
    }
}
