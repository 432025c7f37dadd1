//! The clock of a practice Discord in another process: this process lives in its time.

use crate::failure::Failure;
use crate::settings::Settings;
use clock::{Clock, PracticeClock, PracticeSetting};
use serde::Deserialize;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use url::Url;

/// The other side answers after 20 seconds at the latest.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// After a question that was not answered.
const PAUSE: Duration = Duration::from_secs(1);

/// The clock that the settings mean: that of a practice Discord in another process, or the machine's.
pub(crate) async fn of(settings: &Settings) -> Result<Clock, Failure> {
    match &settings.practice_url {
        None => Ok(Clock::System),
        Some(url) => Ok(Clock::Practice(PracticeTime::new(url)?.clock().await?)),
    }
}

/// Asks a practice Discord how its clock is set.
#[derive(Clone, Debug)]
pub(crate) struct PracticeTime {
    client: reqwest::Client,
    url: Url,
}

#[derive(Deserialize)]
struct Told {
    setting: String,
}

impl PracticeTime {
    /// `practice` is the address of its page.
    pub(crate) fn new(practice: &Url) -> Result<Self, Failure> {
        let wrong =
            |error: &dyn std::fmt::Display| Failure::setting("MUSTER_PRACTICE_URL", error.to_string());
        let url = practice.join("practice/v1/clock").map_err(|error| wrong(&error))?;
        let client = reqwest::Client::builder().timeout(ANSWER_WITHIN).no_proxy().build();
        Ok(Self { client: client.map_err(|error| wrong(&error))?, url })
    }

    /// A clock that is set like that one now.
    async fn clock(&self) -> Result<PracticeClock, Failure> {
        let clock = PracticeClock::running();
        let told = self.ask(None).await.map_err(|error| {
            let reason = format!("the practice Discord at {} does not tell its time: {error}", self.url);
            Failure::setting("MUSTER_PRACTICE_URL", reason)
        })?;
        clock.set(told);
        Ok(clock)
    }

    /// Sets `clock` whenever that one is set, until it is stopped. Without an answer it runs on as it is.
    pub(crate) async fn follow(self, clock: PracticeClock, stop: CancellationToken) {
        while let Some(told) = stop.run_until_cancelled(self.ask(Some(clock.setting()))).await {
            match told {
                Ok(setting) => clock.set(setting),
                Err(_) => drop(stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await),
            }
        }
    }

    async fn ask(
        &self,
        unlike: Option<PracticeSetting>,
    ) -> Result<PracticeSetting, Box<dyn std::error::Error + Send + Sync>> {
        let mut request = self.client.get(self.url.clone());
        if let Some(known) = unlike {
            request = request.query(&[("unlike", known.to_string())]);
        }
        let told: Told = request.send().await?.error_for_status()?.json().await?;
        Ok(told.setting.parse()?)
    }
}
