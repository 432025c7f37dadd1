//! The first page: which services there are and how they do.

use axum::{extract::State, response::Response};
use look::Column;
use maud::{Markup, html};

use super::{
    Observatory, Setup,
    failure::ReadError,
    format::{self, percent, ratio, three_digits},
    map,
    query::href,
    shell::{Sheet, Shell},
    tiles, traces,
};
use crate::store::{ServiceSummary, TraceFilter, TraceSummary};

/// Rates and percentiles are of this time.
const WINDOW_MINUTES: i64 = 15;
const WINDOW_NS: i64 = WINDOW_MINUTES * 60_000_000_000;
/// So many recent traces are shown.
const RECENT: usize = 6;

/// `GET /observatory`.
pub(crate) async fn page(State(observatory): State<Observatory>, shell: Shell) -> Response {
    shell.answer(sheet(&observatory, &shell).await)
}

async fn sheet(observatory: &Observatory, shell: &Shell) -> Result<Sheet, ReadError> {
    let reader = &observatory.reader;
    let since_ns = shell.now_ns() - WINDOW_NS;
    let (all, errors) = (
        TraceFilter { limit: RECENT, ..TraceFilter::default() },
        TraceFilter { limit: RECENT, errors: true, ..TraceFilter::default() },
    );
    let (services, calls, recent, failed) = tokio::try_join!(
        reader.service_summaries(since_ns),
        reader.calls_between_services(since_ns),
        reader.find_traces(&all),
        reader.find_traces(&errors),
    )?;
    let (recent, failed) = (recent.traces, failed.traces);
    let tiles = tiles::draw(observatory, &services, since_ns).await?;
    let body = html! {
        (look::heading(None, "Observatory", None, None))
        @if recent.is_empty() { (empty(&observatory.setup)) } @else {
            div .stack-l {
                (tiles)
                (now(&services, &calls))
                (section("Latest traces", "/observatory/traces", &recent, shell))
                @if !failed.is_empty() { (section("Latest traces with errors", "/observatory/traces?error=true", &failed, shell)) }
            }
        }
    };
    Ok(Sheet { title: "Observatory".into(), tab: "/observatory", body, ..Sheet::default() })
}

fn empty(setup: &Setup) -> Markup {
    let what = "This collector keeps what services tell of themselves: traces, metrics and logs. \
                Send it OTLP, and the services, how they call each other and how they do will be here.";
    let next = html! {
        p { "HTTP " code { "http://" (setup.http) } " · gRPC " code { "http://" (setup.grpc) } }
    };
    look::empty_state("Nothing has arrived yet", what, Some(next))
}

fn now(services: &[ServiceSummary], calls: &[(String, String, i64)]) -> Markup {
    html! {
        section .card.stack aria-labelledby="services" {
            h2 #services { "Services, last " (WINDOW_MINUTES) " minutes" }
            @if services.is_empty() { p .muted { "No service was asked for anything in this time." } } @else {
                (map::draw(services, calls))
                (table(services))
            }
        }
    }
}

fn table(services: &[ServiceSummary]) -> Markup {
    let columns = [
        Column::text("Service"),
        Column::number("Per minute"),
        Column::number("Errors"),
        Column::number("p50"),
        Column::number("p99"),
    ];
    let row = |of: &ServiceSummary| {
        let found = href("/observatory/traces", &[("service", &of.service)]);
        let failed = href("/observatory/traces", &[("service", &of.service), ("error", "true")]);
        vec![
            html! { a href=(found) { (look::service(&of.service)) } },
            html! { (three_digits(ratio(of.entries, WINDOW_MINUTES))) },
            html! { @if of.errors > 0 { a .noticed href=(failed) { (percent(of.errors, of.entries)) } } @else { span .muted { "0 %" } } },
            html! { (format::duration(of.p50_ns)) },
            html! { (format::duration(of.p99_ns)) },
        ]
    };
    look::table(
        "Requests served, messages consumed and cycles run",
        &columns,
        &services.iter().map(row).collect::<Vec<_>>(),
    )
}

fn section(title: &str, href: &str, list: &[TraceSummary], shell: &Shell) -> Markup {
    html! {
        section .card.card-flush {
            div .row.row-apart.section-head { h2 { (title) } a href=(href) { "All" } }
            (traces::list(list, shell))
        }
    }
}
