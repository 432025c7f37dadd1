//! What the embedded collector holds, read through its JSON API.

use crate::api::Answer;
use crate::program::{Program, eventually};
use reqwest::Client;
use serde_json::Value;

/// The most that the collector lists at once.
const LISTED: usize = 500;

/// The Observatory.
#[derive(Clone, Debug)]
pub(crate) struct Observatory {
    http: Client,
    address: String,
    /// Whether traces are given as they are, or without what differs by engine.
    as_it_is: bool,
}

/// What a span of a server says and one of an embedded engine has no word for.
const OF_SERVERS: [&str; 4] = ["server.address", "server.port", "network.peer.address", "network.peer.port"];

impl Observatory {
    pub(crate) fn of(program: &Program) -> Self {
        Self {
            http: program.http.clone(),
            address: program.address("observatory").to_owned(),
            as_it_is: true,
        }
    }

    /// The same, whose traces are those of embedded engines as far as engines are to be told from each other.
    pub(crate) fn of_any_engines(self) -> Self {
        Self { as_it_is: false, ..self }
    }

    pub(crate) async fn get(&self, path: &str, filters: &[(&str, &str)]) -> Value {
        Answer::of(self.http.get(format!("{}/api/{path}", self.address)).query(filters)).await.is(200)
    }

    /// A page, as a browser gets it.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = Answer::of(self.http.get(format!("{}{path}", self.address))).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.text
    }

    /// The traces whose root has that name and that are about a game, oldest first.
    pub(crate) async fn traces(&self, root: &str, game: &str) -> Vec<Trace> {
        let listed = self.get("traces", &[("name", root), ("game", game), ("limit", "500")]).await;
        let mut traces = Vec::new();
        for summary in listed.as_array().unwrap().iter().rev().filter(|summary| summary["name"] == root) {
            traces.push(self.trace(summary["trace_id"].as_str().unwrap()).await);
        }
        traces
    }

    pub(crate) async fn trace(&self, id: &str) -> Trace {
        let trace = self.get(&format!("traces/{id}"), &[]).await;
        let mut spans = trace["spans"].as_array().unwrap().clone();
        if !self.as_it_is {
            let checks: Vec<_> = spans.iter().filter(|span| span["name"] == "permissions.check").collect();
            let checks: Vec<_> = checks.into_iter().map(|check| check["span_id"].clone()).collect();
            spans.retain(|span| {
                !(is_of_servers(span) || is_refresh(span) && checks.contains(&span["parent_span_id"]))
            });
            spans.iter_mut().for_each(as_embedded);
        }
        Trace { id: id.to_owned(), spans }
    }

    /// The first trace of that root and game that `fits`, once every one of `last` is in it: the spans that end last
    /// in each service. A service sends its spans in the order in which they end, so nothing is missing then.
    pub(crate) async fn whole(
        &self,
        (root, game): (&str, &str),
        fits: impl Fn(&Trace) -> bool,
        last: &[&str],
    ) -> Trace {
        eventually(&format!("the whole trace of {root}"), async || {
            let found = self.traces(root, game).await.into_iter().find(|trace| fits(trace))?;
            let has = |name: &&str| found.count(name) >= last.iter().filter(|other| *other == name).count();
            (last.iter().all(has) && found.is_closed()).then_some(found)
        })
        .await
    }

    /// Every trace that is held.
    pub(crate) async fn everything(&self) -> Vec<Trace> {
        let listed = self.get("traces", &[("limit", "500")]).await;
        let listed = listed.as_array().unwrap();
        assert!(listed.len() < LISTED, "there are more traces than one list holds");
        let mut traces = Vec::new();
        for summary in listed {
            traces.push(self.trace(summary["trace_id"].as_str().unwrap()).await);
        }
        traces
    }

    /// Every log record of a service.
    pub(crate) async fn logs(&self, service: &str) -> Vec<Value> {
        let logs = self.get("logs", &[("service", service), ("limit", "500")]).await;
        let logs = logs.as_array().unwrap();
        assert!(logs.len() < LISTED, "there are more records of {service} than one list holds");
        logs.clone()
    }

    /// The series of a metric.
    pub(crate) async fn series(&self, name: &str) -> Vec<Value> {
        self.get("metrics", &[("name", name)]).await.as_array().unwrap().clone()
    }

    /// The names of all metrics.
    pub(crate) async fn metric_names(&self) -> Vec<String> {
        let metrics = self.get("metrics", &[]).await;
        let metrics = metrics.as_array().unwrap();
        metrics.iter().map(|metric| metric["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn is_of_servers(span: &Value) -> bool {
    span["attributes"]["db.system.name"] == "redis"
}

/// Whether it may be a part of writing down a membership. Each process does that when it meets somebody: one process
/// has met them by their signing in.
fn is_refresh(span: &Value) -> bool {
    ["BEGIN", "INSERT users", "INSERT members", "COMMIT"].iter().any(|name| span["name"] == *name)
}

/// Draws a call of PostgreSQL or RabbitMQ as one of what is embedded.
fn as_embedded(span: &mut Value) {
    let engine = &span["attributes"];
    if engine["db.system.name"] != "postgresql" && engine["messaging.system"] != "rabbitmq" {
        return;
    }
    let attributes = span["attributes"].as_object_mut().unwrap();
    attributes.retain(|key, _| !OF_SERVERS.contains(&key.as_str()));
    if span["name"] == "BEGIN" {
        span["name"] = "BEGIN IMMEDIATE".into();
    }
}

/// A trace, as far as it has come.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) id: String,
    pub(crate) spans: Vec<Value>,
}

impl Trace {
    fn count(&self, name: &str) -> usize {
        self.spans.iter().filter(|span| span["name"] == name).count()
    }

    /// Whether a span of that name is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.count(name) > 0
    }

    /// Whether a span of that id is there.
    pub(crate) fn holds(&self, span: &Value) -> bool {
        self.spans.iter().any(|own| own["span_id"] == *span)
    }

    /// Its only root.
    pub(crate) fn root(&self) -> &Value {
        let mut roots = self.spans.iter().filter(|span| span["parent_span_id"].is_null());
        let root = roots.next().expect("a root");
        assert_eq!(roots.next(), None, "there is one root");
        root
    }

    /// The parent of one of its spans; none for the root.
    pub(crate) fn parent(&self, span: &Value) -> Option<&Value> {
        self.spans.iter().find(|other| other["span_id"] == span["parent_span_id"])
    }

    /// Its only span of that name.
    pub(crate) fn only(&self, name: &str) -> &Value {
        let mut spans = self.spans.iter().filter(|span| span["name"] == name);
        let span = spans.next().unwrap_or_else(|| panic!("no {name} in {self:#?}"));
        assert_eq!(spans.next(), None, "there is one {name}");
        span
    }

    /// Whether the parent of each span is there.
    pub(crate) fn is_closed(&self) -> bool {
        let parents = self.spans.iter().map(|span| &span["parent_span_id"]);
        let mut named = parents.filter(|parent| !parent.is_null());
        named.all(|parent| self.holds(parent))
    }

    /// Whether its root has an attribute of that value.
    pub(crate) fn is(&self, key: &str, value: &str) -> bool {
        self.spans.iter().any(|span| span["parent_span_id"].is_null() && span["attributes"][key] == value)
    }

    /// Whether the one link of its root leads into another trace.
    pub(crate) fn follows(&self, earlier: &Self) -> bool {
        let links = self.root()["links"].as_array().unwrap();
        matches!(&links[..], [link] if link["trace_id"] == earlier.id && earlier.holds(&link["span_id"]))
    }
}
