//! One trace: the waterfall, and the traces before and after it.

use axum::{
    extract::{Path, State},
    response::Response,
};
use look::{Icon, Tone};
use maud::{Markup, html};

use super::{
    Observatory, api,
    failure::ReadError,
    format, games,
    shell::{Sheet, Shell},
    traces::errors,
    tree, waterfall,
};
use crate::store::{LinkedTrace, Trace, TraceSummary};

/// A trace about more games than this is about none in particular.
const MAX_STORIES: usize = 8;

/// `GET /observatory/traces/{trace_id}`.
pub(crate) async fn page(
    State(observatory): State<Observatory>,
    shell: Shell,
    Path(id): Path<String>,
) -> Response {
    shell.answer(sheet(&observatory, &shell, &id).await)
}

async fn sheet(observatory: &Observatory, shell: &Shell, id: &str) -> Result<Sheet, ReadError> {
    let trace = api::find(observatory, id).await?;
    let summary = observatory.reader.summarize(&[trace.id]).await?.pop().ok_or(ReadError::NoSuchTrace)?;
    let before = observatory.reader.linked_from(&trace).await?;
    let after = observatory.reader.leads_to(trace.id).await?;
    let (called, scheduled): (Vec<_>, Vec<_>) = before.into_iter().partition(|link| is_served(&trace, link));
    let nodes = tree::nodes(&trace);
    let body = html! {
        (heading(&summary, shell))
        (stories(&trace))
        (links("Called by", "The caller's trace, not trusted as a parent", &called, shell))
        (links("Scheduled by", "The trace that made this one come due", &scheduled, shell))
        (links("Leads to", "Traces that this one set in motion for later", &after, shell))
        (waterfall::waterfall(&trace, &nodes, (shell, observatory.about.known.as_ref())))
        (waterfall::stray_logs(&trace))
        (identity(&trace))
    };
    Ok(Sheet { title: summary.name, tab: "/observatory/traces", wide: true, body, ..Sheet::default() })
}

/// The link starts from a served request: its caller is on the other end.
fn is_served(trace: &Trace, link: &LinkedTrace) -> bool {
    trace.spans.iter().any(|span| span.id == link.here && span.kind() == "server")
}

fn heading(summary: &TraceSummary, shell: &Shell) -> Markup {
    let crumb = html! { a href="/observatory/traces" { "Traces" } };
    let under = html! {
        span .figure { (format::duration(summary.duration_ns)) }
        span { (format::count(summary.spans as u64)) @if summary.spans == 1 { " span" } @else { " spans" } }
        @if summary.errors > 0 { (look::badge(Tone::Bad, &errors(summary.errors))) }
        @if summary.pending { (look::quiet_badge(Tone::Warn, "root pending")) }
        @for (service, _) in &summary.services { (look::service(service)) }
        span .muted { (look::time(format::timestamp(summary.start_unix_nano), &shell.zone(), shell.now)) }
    };
    let actions = html! {
        a .button.button-s href={ "/observatory/logs?trace_id=" (summary.trace_id) } { "Logs of this trace" }
        a .button.button-s href={ "/observatory/api/traces/" (summary.trace_id) "/otlp" } { "Export OTLP JSON" }
    };
    look::heading(Some(crumb), &summary.name, Some(under), Some(actions))
}

/// The way to the stories of the games that the trace is about.
fn stories(trace: &Trace) -> Markup {
    let games = trace.games();
    html! {
        @if !games.is_empty() && games.len() <= MAX_STORIES {
            nav .linked aria-label="The games that this trace is about" {
                span .label { "Part of" }
                @for game in games { a .chip href=(games::href(game)) { (look::icon(Icon::Clock)) "the story of " code { (game) } } }
            }
        }
    }
}

/// Chips that lead to the traces on the other end of links.
fn links(title: &str, about: &str, links: &[LinkedTrace], shell: &Shell) -> Markup {
    html! {
        @if !links.is_empty() {
            nav .linked aria-label=(about) {
                span .label title=(about) { (title) }
                @for link in links {
                    a .chip href={ "/observatory/traces/" (link.trace_id) "#span-" (link.there) } title={ "from span " (link.here) } {
                        (look::icon(Icon::Link))
                        @match &link.summary {
                            Some(summary) => {
                                (summary.name) " "
                                span .muted { (look::relative(format::timestamp(summary.start_unix_nano), shell.now)) }
                            }
                            None => { code { (link.trace_id) } " " span .muted { "not held" } }
                        }
                    }
                }
            }
        }
    }
}

fn identity(trace: &Trace) -> Markup {
    html! { p .small.muted.trace-id { "Trace " code .copy { (trace.id) } } }
}
