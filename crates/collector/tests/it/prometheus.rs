//! `/metrics`, as a Prometheus reads it.
//!
//! `MUSTER_TEST_PROMTOOL` and `MUSTER_TEST_PROMETHEUS` are paths of the programs in Debian's package `prometheus`.

use std::{process::Stdio, time::Duration};

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value},
    metrics::v1::{Exemplar, ResourceMetrics, exemplar, metric::Data},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    process::Command,
};

use crate::{
    harness::World,
    story::{self, API, BOT, CREATED},
};

const AT: u64 = 1_777_660_200_000_000_000;

/// A histogram with an exemplar, a counter of two services, and a gauge of infrastructure.
async fn filled() -> World {
    let world = World::start().await;
    let mut duration = story::histogram(
        "http.server.request.duration",
        AT,
        [7, 2, 1, 0],
        &[("http.route", "/games/\"{id}\"")],
    );
    if let Some(Data::Histogram(histogram)) = &mut duration.data {
        histogram.data_points[0].exemplars = vec![Exemplar {
            time_unix_nano: AT,
            trace_id: CREATED.to_vec(),
            span_id: vec![2; 8],
            value: Some(exemplar::Value::AsDouble(0.0214)),
            ..Exemplar::default()
        }];
    }
    let counter = |value| story::counter("muster.games.changes", AT, value, &[("action", "created")]);
    world.send("metrics", &story::metric_export(API, vec![duration, counter(3)])).await;
    world.send("metrics", &story::metric_export(BOT, vec![counter(4)])).await;
    world.collector.flush().await;
    world
}

/// Gets a path of the listener that takes OTLP over HTTP.
async fn get(world: &World, path: &str, accept: &str) -> (String, String) {
    let mut stream = TcpStream::connect(world.collector.http_address()).await.unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: collector\r\naccept: {accept}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

/// The lines about the application; the collector's own numbers stand beside them.
fn of_application(body: &str) -> String {
    let lines =
        body.lines().filter(|line| !line.contains("otelcol") && !line.contains("job=\"muster/collector\""));
    lines
        .map(|line| line.replace(",instance=\"0b9d6a42-94c4-4b0e-9f52-6cf0f5a9d001\"", ""))
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test]
async fn openmetrics_has_exemplars_and_an_end() {
    let world = filled().await;
    let (head, body) = get(&world, "/metrics", "application/openmetrics-text;version=1.0.0").await;
    assert!(
        head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{head}"
    );
    insta::assert_snapshot!(of_application(&body), @r###"
    # HELP http_server_request_duration_seconds http server request duration seconds
    # TYPE http_server_request_duration_seconds histogram
    http_server_request_duration_seconds_bucket{http_route="/games/\"{id}\"",job="muster/api-service",le="0.005"} 7
    http_server_request_duration_seconds_bucket{http_route="/games/\"{id}\"",job="muster/api-service",le="0.05"} 9 # {trace_id="4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b",span_id="0202020202020202"} 0.0214 1777660200.000
    http_server_request_duration_seconds_bucket{http_route="/games/\"{id}\"",job="muster/api-service",le="0.5"} 10
    http_server_request_duration_seconds_bucket{http_route="/games/\"{id}\"",job="muster/api-service",le="+Inf"} 10
    http_server_request_duration_seconds_sum{http_route="/games/\"{id}\"",job="muster/api-service"} 1.0
    http_server_request_duration_seconds_count{http_route="/games/\"{id}\"",job="muster/api-service"} 10
    # HELP muster_games_changes muster games changes
    # TYPE muster_games_changes counter
    muster_games_changes_total{action="created",job="muster/api-service"} 3.0
    muster_games_changes_total{action="created",job="muster/bot-service"} 4.0
    # HELP target What is known of a sender.
    # TYPE target info
    target_info{job="muster/api-service"} 1
    target_info{job="muster/bot-service"} 1
    # EOF
    "###);
}

#[tokio::test]
async fn the_older_format_has_neither() {
    let world = filled().await;
    let (head, body) = get(&world, "/metrics", "*/*").await;
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    assert!(!body.contains("# EOF") && !body.contains("trace_id"), "{body}");
    assert!(body.contains("# TYPE muster_games_changes_total counter\n"), "{body}");
    assert!(body.contains("\notelcol_receiver_accepted_metric_points_total{"), "{body}");
}

/// Names that Prometheus cannot have, and labels that mean something to it.
fn odd() -> [ResourceMetrics; 2] {
    let oddities = [
        ("é", "1"),
        ("日本", "2"),
        ("_", "3"),
        ("le", "4"),
        ("quantile", "5"),
        ("job", "6"),
        ("a.b", "7"),
        ("a_b", "8"),
    ];
    let metrics = vec![
        story::counter("odd.count", AT, 1, &oddities),
        story::histogram("odd.duration", AT, [7, 2, 1, 0], &oddities),
        story::counter("日本", AT, 1, &[]),
    ];
    let [mut first] = <[_; 1]>::try_from(story::metric_export(API, metrics).resource_metrics).unwrap();
    let described = [("job", "x"), ("instance", "y"), ("host.name", "a"), ("host_name", "b"), ("é", "c")];
    let resource = first.resource.as_mut().unwrap();
    resource.attributes.extend(described.map(|(key, value)| {
        let value = Some(AnyValue { value: Some(any_value::Value::StringValue(value.into())) });
        KeyValue { key: key.into(), value, ..KeyValue::default() }
    }));
    let mut second = first.clone();
    second.resource.as_mut().unwrap().attributes.retain(|attribute| attribute.key != "service.name");
    [first, second]
}

/// The names of the labels of a line.
fn label_names(line: &str) -> Vec<&str> {
    let Some((_, labels)) = line.split_once('{') else { return Vec::new() };
    let labels = &labels[..labels.find("\"}").unwrap()];
    labels.split("\",").map(|label| label.split_once("=\"").unwrap().0).collect()
}

#[tokio::test]
async fn odd_names_spoil_nothing() {
    let world = World::start().await;
    let export = ExportMetricsServiceRequest { resource_metrics: odd().into() };
    assert_eq!(world.send("metrics", &export).await.status, 200);
    world.collector.flush().await;
    for accept in ["application/openmetrics-text", "text/plain"] {
        let (_, body) = get(&world, "/metrics", accept).await;
        for line in body.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.starts_with(|letter: char| letter.is_ascii_alphabetic()), "{line}");
            let mut names = label_names(line);
            assert!(names.iter().all(|name| !name.is_empty()), "{line}");
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{line}");
        }
        assert!(body.contains("exported_le=\"4\"") && body.contains("host_name="), "{body}");
        assert_eq!(body.matches("\nodd_duration_seconds_count{").count(), 2, "{body}");
    }
    if let Some(promtool) = program("MUSTER_TEST_PROMTOOL") {
        check(promtool, &get(&world, "/metrics", "text/plain").await.1).await;
    }
}

#[tokio::test]
async fn health_is_asked_for_beside_the_doors() {
    let world = World::start().await;
    let (head, body) = get(&world, "/health", "*/*").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let health: Value =
        serde_json::from_str(&body[body.find('{').unwrap()..=body.rfind('}').unwrap()]).unwrap();
    assert_eq!(health["turning"], true);
}

fn program(variable: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "tests are told by the environment where programs are")]
    let program = std::env::var(variable).ok();
    if program.is_none() {
        println!("left out: {variable} is not set");
    }
    program
}

#[tokio::test]
async fn promtool_finds_nothing_wrong() {
    let Some(promtool) = program("MUSTER_TEST_PROMTOOL") else { return };
    let world = filled().await;
    let (_, body) = get(&world, "/metrics", "text/plain").await;
    check(promtool, &body).await;
}

async fn check(promtool: String, body: &str) {
    let mut check = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = check.stdin.take().unwrap();
    stdin.write_all(body.as_bytes()).await.unwrap();
    drop(stdin);
    let said = check.wait_with_output().await.unwrap();
    let words = [said.stdout, said.stderr].map(|words| String::from_utf8(words).unwrap()).concat();
    assert!(said.status.success(), "{words}\n{body}");
}

#[tokio::test]
async fn a_real_prometheus_scrapes_it() {
    let Some(prometheus) = program("MUSTER_TEST_PROMETHEUS") else { return };
    let world = filled().await;
    let folder = tempfile::tempdir().unwrap();
    let target = world.collector.http_address();
    let config = format!(
        "scrape_configs:\n  - job_name: muster\n    honor_labels: true\n    scrape_interval: 1s\n    \
         static_configs:\n      - targets: ['{target}']\n"
    );
    std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
    let place = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = place.local_addr().unwrap();
    drop(place);
    let mut server = Command::new(prometheus)
        .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .arg("--enable-feature=exemplar-storage")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();

    let found =
        ask(&address.to_string(), "query?query=muster_games_changes_total%7Baction%3D%22created%22%7D").await;
    let jobs: Vec<_> =
        found.iter().map(|series| (series["metric"]["job"].clone(), series["value"][1].clone())).collect();
    assert!(jobs.contains(&("muster/api-service".into(), "3".into())), "{jobs:?}");
    assert!(jobs.contains(&("muster/bot-service".into(), "4".into())), "{jobs:?}");
    let quantile = "query?query=http_server_request_duration_seconds_bucket%7Ble%3D%220.05%22%7D";
    assert_eq!(ask(&address.to_string(), quantile).await[0]["value"][1], "9");
    let exemplars = "query_exemplars?query=http_server_request_duration_seconds_bucket&start=2026-05-01T00:00:00Z&end=2026-05-02T00:00:00Z";
    let exemplars = ask(&address.to_string(), exemplars).await;
    assert_eq!(exemplars[0]["exemplars"][0]["labels"]["trace_id"], hex::encode(CREATED), "{exemplars:?}");
    server.kill().await.unwrap();
}

/// Asks until there is an answer with something in it.
async fn ask(address: &str, path: &str) -> Vec<Value> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let look = async {
        let mut pause = tokio::time::interval(Duration::from_millis(100));
        loop {
            pause.tick().await;
            let Ok(answer) = http.get(format!("http://{address}/api/v1/{path}")).send().await else {
                continue;
            };
            // While it starts it answers in words.
            let Ok(answer) = answer.json::<Value>().await else { continue };
            let found = answer["data"].get("result").unwrap_or(&answer["data"]);
            if let Some(found) = found.as_array().filter(|found| !found.is_empty()) {
                return found.clone();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(40), look).await.unwrap()
}
