//! SIGHUP: the files are read again, and a running process takes over where telemetry goes, which traces are
//! recorded and what is logged. Everything else waits for a restart.

use crate::failure::Failure;
use crate::settings::Settings;
use crate::wiring;
use axum::Router;
use axum::extract::Request;
use axum::middleware::map_request;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use telemetry::{Setting, Telemetry, TelemetryConfig};
use tokio::signal::unix::{Signal, SignalKind, signal};
use url::Url;

/// What can be changed in a running process, and who has to hear of it.
#[derive(Debug)]
pub(crate) struct Reload {
    /// As they were at the start.
    settings: Settings,
    telemetries: Vec<Telemetry>,
    /// Where telemetry goes when nobody says where.
    collector: Url,
    /// As they were taken over last.
    config: TelemetryConfig,
    shown: Arc<Mutex<Vec<Setting>>>,
    hangups: Signal,
}

impl Reload {
    /// Listens to SIGHUP from now on, and says in one line what is in effect.
    pub(crate) fn listen(
        settings: &Settings,
        telemetries: &[&Telemetry],
        collector: SocketAddr,
    ) -> Result<Self, Failure> {
        let collector = wiring::http_url("MUSTER_OTLP_HTTP", &format!("http://{collector}"))?;
        let config = directed(settings, &collector);
        let set = departures(&config);
        tracing::info!(
            name: "telemetry.configured",
            { configuration = %config.effective(), set },
            "Telemetry is set up."
        );
        Ok(Self {
            settings: settings.clone(),
            telemetries: telemetries.iter().copied().cloned().collect(),
            shown: Arc::new(Mutex::new(config.settings())),
            collector,
            config,
            hangups: signal(SignalKind::hangup())?,
        })
    }

    /// Does the work, and reads the settings again whenever it is asked to meanwhile.
    pub(crate) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = self.hangups.recv() => self.read_again(),
            }
        }
    }

    /// Tells the Observatory what is in effect.
    pub(crate) fn shown_in(&self, observatory: Router) -> Router {
        let shown = Arc::clone(&self.shown);
        observatory.layer(map_request(move |mut request: Request| {
            let settings = shown.lock().unwrap_or_else(PoisonError::into_inner).iter().map(row).collect();
            request.extensions_mut().insert(collector::Settings(settings));
            std::future::ready(request)
        }))
    }

    fn read_again(&mut self) {
        if let Err(failure) = self.settings.again().and_then(|new| self.take_over(&new)) {
            tracing::error!(
                name: "settings.refused",
                { reason = %failure },
                "The settings can't be used; everything stays as it is."
            );
        }
    }

    fn take_over(&mut self, new: &Settings) -> Result<(), Failure> {
        let config = directed(new, &self.collector);
        let mut rows = self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (mut changed, mut waiting) = (Vec::new(), self.waiting(new));
        for (row, new) in rows.iter_mut().zip(config.settings()).filter(|(row, new)| row.value != new.value) {
            if row.is_live {
                changed.push(format!("{} {} → {}", row.variable, row.value, new.value));
                *row = new;
            } else {
                waiting.push(row.variable.clone());
            }
        }
        // The level comes last: from then on the line might not be logged any more.
        self.apply(&TelemetryConfig { log_filter: self.config.log_filter.clone(), ..config.clone() })?;
        tracing::info!(
            name: "settings.reloaded",
            { changed = listed(&changed), waiting = listed(&waiting) },
            "The settings were read again; what is waiting needs a restart."
        );
        self.apply(&config)?;
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = rows;
        self.config = config;
        Ok(())
    }

    /// All services or none.
    fn apply(&self, config: &TelemetryConfig) -> Result<(), Failure> {
        for (done, telemetry) in self.telemetries.iter().enumerate() {
            if let Err(error) = telemetry.reload(config) {
                for earlier in self.telemetries.iter().take(done) {
                    // It was in effect until now, so it can be used.
                    let _ = earlier.reload(&self.config);
                }
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// What else is different from the start, by its name in the file.
    fn waiting(&self, new: &Settings) -> Vec<String> {
        let (old, new) = (self.settings.table(), new.table());
        let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
        // The filter of log lines is telemetry's, and changes at once.
        names.filter(|name| *name != "log" && old.get(*name) != new.get(*name)).cloned().collect()
    }
}

/// The settings of telemetry, with where it goes.
fn directed(settings: &Settings, collector: &Url) -> TelemetryConfig {
    let mut config = settings.telemetry.clone();
    config.endpoint.get_or_insert_with(|| collector.clone());
    config
}

/// The variables that are not as they are without any.
fn departures(config: &TelemetryConfig) -> String {
    let rows = config.settings().into_iter().zip(TelemetryConfig::default().settings());
    let set = rows.filter(|(now, default)| now.value != default.value);
    listed(&set.map(|(now, _)| format!("{}={}", now.variable, now.value)).collect::<Vec<_>>())
}

fn listed(items: &[String]) -> String {
    if items.is_empty() { "nothing".to_owned() } else { items.join(", ") }
}

fn row(setting: &Setting) -> collector::Setting {
    collector::Setting {
        variable: setting.variable.clone(),
        value: setting.value.clone(),
        meaning: setting.meaning.replace('`', ""),
        is_live: setting.is_live,
    }
}
