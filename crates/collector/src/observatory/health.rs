//! How the collector itself does.

use axum::{extract::State, response::Response};
use look::{Column, Tone};
use maud::{Markup, html};

use super::{
    Observatory, export_state,
    failure::ReadError,
    format::{self, bytes, count},
    shell::{Sheet, Shell},
};
use crate::{
    counters::{Health, SignalCounts},
    forward::{ForwardCounts, ForwardHealth},
    store::Latest,
};

const HERE: &str = "/observatory/health";

/// What a service said longer ago says nothing of it any more.
const EXPORT_STATE_NS: i64 = 10 * 60_000_000_000;

/// `GET /observatory/health`.
pub(crate) async fn page(State(observatory): State<Observatory>, shell: Shell) -> Response {
    shell.answer(sheet(&observatory, &shell).await)
}

async fn sheet(observatory: &Observatory, shell: &Shell) -> Result<Sheet, ReadError> {
    let health = observatory.health(shell.now_ns());
    let latest = observatory.reader.latest("otel.sdk.", shell.now_ns() - EXPORT_STATE_NS).await?;
    let ups = observatory.reader.latest("up", shell.now_ns() - EXPORT_STATE_NS).await?;
    let body = html! {
        (look::heading(None, "Health", Some(state(&health)), Some(html! { a .button.button-s href="/observatory/telemetry-config" { "Telemetry settings" } })))
        div .stack-l {
            (signals(&health.signals))
            (export_state::draw(&latest))
            div .health-cards {
                (look::card("Queue", &queue(&health)))
                (look::card("Store", &store(&health)))
                @if let Some(forward) = &health.forward { (look::card("Forwarding", &forwarding(forward))) }
                (look::card("Configuration", &configuration(observatory, &ups)))
            }
        }
    };
    Ok(Sheet { title: "Health".into(), tab: HERE, body, ..Sheet::default() })
}

fn forwarding(forward: &ForwardHealth) -> Markup {
    let sum = |of: fn(&ForwardCounts) -> u64| forward.signals.iter().map(of).sum::<u64>();
    html! {
        div .stack-s {
            @match &forward.failing_because {
                Some(reason) => { p { (look::badge(Tone::Bad, "takes nothing")) " " (reason) } }
                None if forward.last_success_unix_seconds.is_some() => { p { (look::badge(Tone::Good, "goes on")) } }
                None => { p { (look::quiet_badge(Tone::Plain, "nothing sent yet")) } }
            }
            (meter("Queue on disk", forward.queued_bytes, forward.max_queued_bytes, bytes))
            (look::facts(&[
                ("To", html! { code { (forward.endpoint) } }),
                ("Sent", html! { (count(sum(|of| of.sent))) }),
                ("Sampled out", html! { (count(sum(|of| of.sampled_out))) }),
                ("Dropped, queue full", noticed(sum(|of| of.dropped), sum(|of| of.dropped) > 0)),
                ("Refused for good", noticed(sum(|of| of.refused), sum(|of| of.refused) > 0)),
                ("Lost on disk", noticed(sum(|of| of.lost), sum(|of| of.lost) > 0)),
            ]))
        }
    }
}

fn state(health: &Health) -> Markup {
    html! {
        @if health.turning { (look::badge(Tone::Good, "The pipeline is turning")) span .muted { "What is taken is being stored." } }
        @else { (look::badge(Tone::Bad, "The pipeline is stuck")) span .muted { "What is taken is not being stored: look at the collector's log." } }
    }
}

fn signals(signals: &[SignalCounts; 3]) -> Markup {
    let columns = [
        Column::text("Signal"),
        Column::number("Received"),
        Column::number("Stored"),
        Column::number("Queued"),
        Column::number("Malformed"),
        Column::number("Refused"),
        Column::number("Repeated"),
        Column::number("Failed"),
        Column::number("Expired"),
        Column::number("Unreadable"),
    ];
    let row = |of: &SignalCounts| {
        let signal = format!("{:?} ({})", of.signal, of.signal.items());
        let kept = [of.received, of.stored, of.queued].map(|number| html! { (count(number)) });
        let lost =
            [of.rejected, of.refused, of.duplicate, of.failed].map(|number| noticed(number, number > 0));
        let rest = [noticed(of.expired, false), noticed(of.unreadable_requests, of.unreadable_requests > 0)];
        std::iter::once(html! { (signal) }).chain(kept).chain(lost).chain(rest).collect()
    };
    let rows: Vec<Vec<Markup>> = signals.iter().map(row).collect();
    html! {
        section .card.card-flush.health-signals aria-label="Signals" {
            (look::table("What became of everything since this collector started", &columns, &rows))
            p .small.muted.table-foot {
                "Malformed and refused items were told to their sender. Unreadable counts requests: too large, not OTLP, or of an unknown encoding."
            }
        }
    }
}

/// A number that stands out when it matters.
fn noticed(number: u64, matters: bool) -> Markup {
    html! { span .muted[number == 0] .noticed[matters] { (count(number)) } }
}

fn queue(health: &Health) -> Markup {
    html! {
        div .stack-s {
            (meter("Items", health.queued_items, health.queue_capacity_items, count))
            (meter("Bytes", health.queued_bytes, health.queue_capacity_bytes, bytes))
            p .small.muted { "When it is full, senders are told to come back in a second (429, UNAVAILABLE)." }
        }
    }
}

fn store(health: &Health) -> Markup {
    html! {
        div .stack-s {
            (meter("On disk", health.store_bytes, health.max_store_bytes, bytes))
            p .small.muted {
                (count(health.slices)) @if health.slices == 1 { " time slice. " } @else { " time slices. " }
                "The oldest goes when the store reaches " (bytes(health.max_store_bytes)) " or is "
                (look::duration(std::time::Duration::from_secs(health.max_age_seconds))) " old."
            }
        }
    }
}

fn configuration(observatory: &Observatory, ups: &[Latest]) -> Markup {
    let setup = &observatory.setup;
    let down = ups.iter().filter(|up| up.name == "up" && up.value < 0.5).map(|up| &*up.service);
    let down: Vec<_> = down.collect();
    let mut facts = vec![
        ("OTLP over HTTP", html! { code { "http://" (setup.http) } }),
        ("OTLP over gRPC", html! { code { "http://" (setup.grpc) } }),
        ("Metrics", html! { code { "http://" (setup.http) "/metrics" } }),
        (
            "Senders",
            html! {
                @match (setup.needs_token, setup.knows_senders) {
                    (true, true) => { "with the bearer token and a certificate" }
                    (true, false) => { "with the bearer token" }
                    (false, true) => { "with a certificate" }
                    (false, false) => { "anybody on this machine" }
                }
            },
        ),
    ];
    if !observatory.about.scraped.is_empty() {
        let asked = html! {
            @for target in &observatory.about.scraped { div { (target) } }
            @for service in down { div { (look::badge(Tone::Bad, &format!("{service} does not answer"))) } }
        };
        facts.push(("Asks", asked));
    }
    look::facts(&facts)
}

/// So much of so much, drawn and said.
fn meter(label: &str, value: u64, cap: u64, say: fn(u64) -> String) -> Markup {
    let [value_i, cap_i] = [value, cap].map(|number| i64::try_from(number).unwrap_or(i64::MAX));
    let width = format!("{:.2}%", format::ratio(value_i, cap_i).min(1.0) * 100.0);
    html! {
        div .metered {
            span { (label) }
            span .number { (say(value)) " of " (say(cap)) }
            svg .meter role="img" aria-label={ (label) ": " (say(value)) " of " (say(cap)) } height="8" width="100%" {
                rect .meter-track width="100%" height="8" rx="4" {}
                rect .meter-fill width=(width) height="8" rx="4" {}
            }
        }
    }
}
