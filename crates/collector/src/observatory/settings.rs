//! How the programs around the Observatory send their telemetry.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;
use look::Column;
use maud::{Markup, html};

use super::shell::{Sheet, Shell};

/// The tab that leads here.
const TAB: &str = "/observatory/health";

/// The telemetry settings of the process around the Observatory: put them into the request's extensions to have
/// them shown.
#[derive(Clone, Debug, Default)]
pub struct Settings(pub Vec<Setting>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The environment variable.
    pub variable: String,
    /// What is in effect, free of secrets.
    pub value: String,
    /// What it is for.
    pub meaning: String,
    /// Whether the running process takes a new value over.
    pub is_live: bool,
}

impl<S: Sync> FromRequestParts<S> for Settings {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// `GET /observatory/telemetry-config`.
pub(crate) async fn page(Settings(settings): Settings, shell: Shell) -> Response {
    let body = html! {
        (look::heading(Some(html! { a href=(TAB) { "Health" } }), "Telemetry settings", None, None))
        section .card.card-flush.settings aria-label="Settings" { (table(&settings)) }
        p .small.muted {
            "The process reads its files again when it gets SIGHUP. Secrets are not shown."
        }
    };
    shell.answer(Ok(Sheet {
        title: "Telemetry settings".into(),
        tab: TAB,
        wide: true,
        body,
        ..Sheet::default()
    }))
}

fn table(settings: &[Setting]) -> Markup {
    let columns =
        [Column::text("Variable"), Column::text("In effect"), Column::text("For"), Column::text("Changes")];
    let row = |setting: &Setting| {
        let changes = if setting.is_live { "with SIGHUP" } else { "with a restart" };
        vec![
            html! { code { (look::breakable(&setting.variable)) } },
            html! { code { (setting.value) } },
            html! { (setting.meaning) },
            html! { (changes) },
        ]
    };
    let rows: Vec<Vec<Markup>> = settings.iter().map(row).collect();
    look::table("What is in effect in the process around this page", &columns, &rows)
}
