//! Senders that say too much: the Observatory shows it in its place, on every screen.

use super::page::{DESKTOP, PHONE};
use super::stage::Stage;
use crate::api::Answer;
use crate::program::eventually;
use serde_json::{Value, json};

const TRACE: &str = "5157282a0cbbdbf7e4d5ce4bacc0d12a";
/// Without a place where a line may break.
const SERVICE: &str = "a-service-whose-name-somebody-took-from-a-whole-sentence-and-never-thought-of-again";
const METRIC: &str = "a.metric.whose.name.goes.on_and_on_without_a_reason_that_anybody_could_give_for_it_now";
const SPANS: u64 = 120;

#[tokio::test]
async fn what_senders_say_stays_in_its_place() {
    let Some(stage) = Stage::open().await else { return };
    let browser = &stage.browser;
    send(&stage, stage.guild.now().await.as_nanosecond()).await;
    stage.sign_in("Ada").await;
    browser.open(&stage.dashboard(&format!("/observatory/traces/{TRACE}"))).await;
    browser.sees_after_reload("level 119").await;
    let trace = format!("/observatory/traces/{TRACE}#span-0000000000000001");
    let metric = format!("/observatory/metrics?name={METRIC}");
    let pages = [
        ("overview", "/observatory"),
        ("traces", "/observatory/traces"),
        ("trace", &trace),
        ("logs", "/observatory/logs"),
        ("metrics", "/observatory/metrics"),
        ("metric", &metric),
    ];
    for screen in [DESKTOP, PHONE] {
        browser.show_on(screen).await;
        for (page, path) in pages {
            browser.open(&stage.dashboard(path)).await;
            let complete = "return document.readyState === 'complete' ? true : null";
            eventually(page, async || browser.ask(complete).await.as_bool()).await;
            browser.inspect(&format!("{}/strangers-{page}", screen.name)).await;
        }
    }
    stage.close().await;
}

/// A span within a span within a span, a record of one word, a value too large to read.
async fn send(stage: &Stage, now_ns: i128) {
    let spans: Vec<_> = (0..SPANS).map(|level| span(level, now_ns)).collect();
    let record = json!({
        "timeUnixNano": now_ns.to_string(), "severityNumber": 17, "traceId": TRACE, "spanId": id(3),
        "body": text(&"x".repeat(2_500)), "attributes": [{ "key": "stack", "value": text(&"at a.b.c\n".repeat(40)) }],
    });
    let point = json!({
        "timeUnixNano": now_ns.to_string(), "asDouble": 7e15,
        "attributes": [{ "key": "l".repeat(80), "value": text(&"w".repeat(120)) }],
    });
    let metric = json!({ "name": METRIC, "unit": "By", "gauge": { "dataPoints": [point] } });
    let [spans, records, metrics] = [
        json!({ "scopeSpans": [{ "spans": spans }] }),
        json!({ "scopeLogs": [{ "logRecords": [record] }] }),
        json!({ "scopeMetrics": [{ "metrics": [metric] }] }),
    ];
    export(stage, ("traces", "resourceSpans"), spans).await;
    export(stage, ("logs", "resourceLogs"), records).await;
    export(stage, ("metrics", "resourceMetrics"), metrics).await;
}

async fn export(stage: &Stage, (signal, field): (&str, &str), mut of_resource: Value) {
    of_resource["resource"] = json!({ "attributes": [{ "key": "service.name", "value": text(SERVICE) }] });
    let door = format!("{}/v1/{signal}", stage.program.address("otlp-http"));
    let answer = Answer::of(stage.program.http.post(door).json(&json!({ field: [of_resource] }))).await;
    assert_eq!(answer.status, 200, "{signal}: {}", answer.text);
}

fn span(level: u64, now_ns: i128) -> Value {
    let start = now_ns + i128::from(level) * 1_000_000;
    let statement = format!("SELECT {} FROM t", "a_column, ".repeat(60));
    let mut span = json!({
        "traceId": TRACE, "spanId": id(level + 1), "name": format!("level {level} of {}", "much ".repeat(20)),
        "kind": if level == 0 { 2 } else { 1 },
        "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + 1_000_000_000).to_string(),
        "attributes": [
            { "key": "db.query.text", "value": text(&statement) },
            { "key": "k".repeat(200), "value": text(&"y".repeat(3_000)) },
        ],
    });
    if level > 0 {
        span["parentSpanId"] = json!(id(level));
    }
    span
}

fn id(number: u64) -> String {
    format!("{number:016x}")
}

fn text(value: &str) -> Value {
    json!({ "stringValue": value })
}
