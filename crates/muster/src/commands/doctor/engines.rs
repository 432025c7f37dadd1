//! The servers that the settings name, as their own rooms examine them.

use super::Finding;
use crate::engines;
use crate::settings::Settings;
use bus::{BrokerError, RabbitConfig};
use clock::{Chance, Clock};
use store::doctor::Verdict;
use store::{Patience, StoreConfig};

/// What is to be said of PostgreSQL, Redis and RabbitMQ; nothing of those that are not used.
pub(super) async fn examine(settings: &Settings) -> Vec<(&'static str, Finding)> {
    let mut findings = Vec::new();
    if let Ok(config @ StoreConfig::Postgres(_)) = engines::database(settings, None) {
        findings.extend(database(&config).await);
    }
    findings.extend(cache(settings).await);
    findings.extend(bus(settings).await);
    findings
}

async fn database(config: &StoreConfig) -> Vec<(&'static str, Finding)> {
    let examined = store::doctor::examine(config, || Clock::System.now(), Patience::default()).await;
    let told = examined.into_iter().map(|finding| {
        let verdict = match finding.verdict {
            Verdict::Well(sentence) => Ok(sentence),
            ill @ Verdict::Ill { .. } => Err(ill.to_string()),
        };
        (finding.name, verdict)
    });
    told.collect()
}

async fn cache(settings: &Settings) -> Vec<(&'static str, Finding)> {
    let Some(url) = &settings.engines.redis else { return Vec::new() };
    let chance = match Chance::from_os() {
        Ok(chance) => chance,
        Err(error) => return vec![("redis", Err(error.to_string()))],
    };
    let examined = cache::check(url, &chance).await;
    let told = examined.into_iter().map(|finding| {
        let found = format!("{}: {}", finding.subject, finding.found);
        ("redis", finding.mend.map_or(Ok(found.clone()), |mend| Err(format!("{found}; {mend}"))))
    });
    told.collect()
}

async fn bus(settings: &Settings) -> Vec<(&'static str, Finding)> {
    let Some(url) = &settings.engines.amqp else { return Vec::new() };
    let report = match bus::check(RabbitConfig::new(url.clone()), &[actions::relay::BOT_QUEUE]).await {
        Ok(report) => report,
        Err(error) => return vec![("rabbitmq", Err(format!("{error}; {}", error.mend())))],
    };
    let missing = match report.missing.as_slice() {
        [] => String::new(),
        names => format!("; {} will be made by the first service that starts", names.join(", ")),
    };
    let found = Ok(format!("{} is RabbitMQ {}{missing}", report.server, report.version));
    let problems = report.problems.iter().map(|problem| Err(format!("{problem}; {}", problem.mend())));
    // One that is too old is no good news.
    let is_too_old = report.problems.iter().any(|problem| matches!(problem, BrokerError::TooOld { .. }));
    let findings = (!is_too_old).then_some(found).into_iter().chain(problems);
    findings.map(|finding| ("rabbitmq", finding)).collect()
}
