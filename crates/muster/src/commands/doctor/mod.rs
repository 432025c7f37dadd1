//! Checks what has to be right before `muster up`, and says how to mend what isn't.

mod engines;

use super::{block_on, say, silent};
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::settings::Settings;
use crate::wiring::{self, describe};
use cache::Cache;
use clock::Chance;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use store::{Store, StoreConfig};

/// What one check found: a sentence, or what is wrong and how to mend it.
type Finding = Result<String, String>;

/// Checks everything; fails when anything is wrong.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    let running = DataFolder::is_taken(&settings.data);
    let mut findings = vec![("configuration", Ok("every setting can be read".to_owned()))];
    findings.push(("data folder", data_folder(settings, running)));
    if settings.engines.database.is_none() {
        findings.push(("database", block_on(async { Ok(database(settings).await) })?));
    }
    findings.extend(block_on(async { Ok(engines::examine(settings).await) })?);
    if running {
        findings.push(("addresses", Ok("held by the Muster that is running on this folder".to_owned())));
    } else {
        findings.extend(addresses(settings));
    }
    findings.push(("discord", block_on(async { Ok(discord(settings).await) })?));
    report(findings)
}

/// Checks the way to Grafana Cloud alone; fails when anything is wrong with it.
pub(crate) fn grafana_cloud(settings: &Settings) -> Result<ExitCode, Failure> {
    let examined = block_on(settings.grafana_cloud())?;
    let told = examined.into_iter().map(|finding| {
        let found = finding.found;
        (finding.subject, finding.mend.map_or(Ok(found.clone()), |mend| Err(format!("{found}; {mend}"))))
    });
    report(told.collect())
}

fn report(findings: Vec<(&str, Finding)>) -> Result<ExitCode, Failure> {
    let mut code = ExitCode::SUCCESS;
    for (name, finding) in findings {
        match finding {
            Ok(sentence) => say(format_args!("ok     {name}: {sentence}"))?,
            Err(sentence) => {
                say(format_args!("wrong  {name}: {sentence}"))?;
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

fn data_folder(settings: &Settings, running: bool) -> Finding {
    let path = settings.data.display();
    if running {
        return Ok(format!("{path} is in use by a Muster that is running"));
    }
    match DataFolder::take(&settings.data) {
        Ok(_) => Ok(format!("{path} is free and can be written to")),
        Err(failure) => Err(format!("{failure}; choose another one with MUSTER_DATA")),
    }
}

async fn database(settings: &Settings) -> Finding {
    let folder = DataFolder::visit(&settings.data).map_err(|failure| failure.to_string())?;
    let path = folder.database();
    if !path.exists() {
        return Ok("there is none yet; the first start makes it".to_owned());
    }
    let store = Store::open(&StoreConfig::Sqlite(path.clone()), &silent())
        .await
        .map_err(|error| format!("{error}; put a backup in its place, or move it away to start anew"))?;
    let state = store.migration_state().await.map_err(|error| describe(&error));
    store.close().await;
    match state? {
        state if state.pending() == 0 => Ok(format!("sound, {} migrations applied", state.applied)),
        state => Err(format!("{} migrations are pending; run muster migrate", state.pending())),
    }
}

fn addresses(settings: &Settings) -> Vec<(&'static str, Finding)> {
    let free = |address: SocketAddr, variable: &str| match TcpListener::bind(address) {
        Ok(_) => Ok(format!("{address} is free")),
        Err(error) => Err(format!("{address} can't be listened on ({error}); set {variable} to another one")),
    };
    let mut findings = vec![
        ("dashboard", free(settings.listen, "MUSTER_LISTEN")),
        ("internal", free(settings.internal.listen, "MUSTER_INTERNAL_LISTEN")),
        ("otlp-grpc", free(settings.otlp_grpc, "MUSTER_OTLP_GRPC")),
        ("otlp-http", free(settings.otlp_http, "MUSTER_OTLP_HTTP")),
    ];
    if settings.bot_token.is_none() {
        findings.push(("practice", free(settings.practice, "MUSTER_PRACTICE")));
    }
    findings
}

async fn discord(settings: &Settings) -> Finding {
    let Some(token) = settings.bot_token.clone() else {
        return Ok("no DISCORD_BOT_TOKEN: the practice Discord is used".to_owned());
    };
    let chance = Chance::from_os().map_err(|error| error.to_string())?;
    let rest = wiring::discord(&settings.discord_api, token, (&silent(), &chance, &Cache::memory()))
        .map_err(|failure| failure.to_string())?;
    match rest.current_application().await {
        Ok(_) => Ok("reached, and it knows the bot token".to_owned()),
        Err(error) => Err(format!(
            "{}; check DISCORD_BOT_TOKEN and that {} can be reached",
            describe(&error),
            settings.discord_api.origin().ascii_serialization()
        )),
    }
}
