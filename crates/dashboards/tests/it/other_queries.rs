//! `LogQL` and `TraceQL`: each parses, and asks for what is sent.

use crate::grammar::{logql, traceql};
use dashboards::OtherQuery;
use std::collections::BTreeSet;
use telemetry::registry;

/// What Loki keeps as labels of records that come by OTLP, and what it finds out by itself.
const LABELS: [&str; 3] = ["service_name", "service_namespace", "detected_level"];
/// What a span has beside its attributes, and the resource's that are asked for.
const OF_SPANS: [&str; 5] = ["kind", "status", "duration", "name", "resource.service.namespace"];
/// Attributes of the conventions.
const CONVENTIONS: [&str; 1] = ["error.type"];

/// Fields of our events, as Loki shows them.
fn fields() -> BTreeSet<String> {
    let own = registry::events().iter().flat_map(|event| event.attributes).copied();
    own.chain(registry::attributes().iter().copied()).map(|name| name.replace('.', "_")).collect()
}

fn attributes() -> BTreeSet<&'static str> {
    let of_spans = registry::spans().iter().flat_map(|span| span.required.iter().chain(span.optional));
    registry::attributes().iter().chain(of_spans).copied().chain(CONVENTIONS).collect()
}

fn strange(query: &OtherQuery) -> Result<Vec<String>, String> {
    let names = match query {
        OtherQuery::LogQl(query) => logql(query)?,
        OtherQuery::TraceQl(query) => traceql(query)?,
    };
    let is_known = |name: &String| match query {
        OtherQuery::LogQl(_) => LABELS.contains(&name.as_str()) || fields().contains(name),
        OtherQuery::TraceQl(_) => {
            let of_attribute = name.strip_prefix("span.").is_some_and(|name| attributes().contains(name));
            OF_SPANS.contains(&name.as_str()) || of_attribute
        }
    };
    Ok(names.into_iter().filter(|name| !is_known(name)).collect())
}

#[test]
fn every_query_parses_and_asks_for_what_is_sent() {
    let queries = dashboards::other_queries().unwrap();
    assert!(queries.len() > 8, "there are only {}", queries.len());
    for query in queries {
        assert_eq!(strange(&query), Ok(vec![]), "{query:?}");
    }
}

#[test]
fn a_query_that_means_nothing_is_found() {
    let logql = |query: &str| strange(&OtherQuery::LogQl(query.to_owned()));
    let traceql = |query: &str| strange(&OtherQuery::TraceQl(query.to_owned()));
    assert_eq!(logql("{service=\"x\"} | game=`1`"), Ok(vec!["service".to_owned(), "game".to_owned()]));
    assert!(logql("{service_name=\"x\" | game_id=`1`").is_err());
    assert!(logql("{service_name=\"x\"} |= game").is_err());
    assert_eq!(traceql("{ span.muster.gameid = \"1\" }"), Ok(vec!["span.muster.gameid".to_owned()]));
    assert!(traceql("{ status = failed }").is_err());
    assert!(traceql("{ name = \"x\" ").is_err());
}
