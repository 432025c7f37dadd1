//! Settings that change while the program runs, and those that decide how it runs.

use crate::program::{Home, Program, eventually};
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// For the end of the program with everything flushed.
const FLUSH: Duration = Duration::from_secs(5);

/// Tells the program to read its settings again, and gives the line that it says then.
async fn hang_up(program: &Program, says: &str) -> Value {
    let lines = |program: &Program| -> Vec<Value> {
        let said = program.said();
        let lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["name"] == says).collect()
    };
    let before = lines(program).len();
    let pid = program.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    eventually(says, async || lines(program).into_iter().nth(before)).await
}

/// Asks for the API's document, and gives the trace of the request.
async fn ask(program: &Program) -> String {
    let url = format!("{}/api/v1/games", program.address("dashboard"));
    let answer = program.http.get(url).send().await.unwrap();
    answer.headers()["x-request-id"].to_str().unwrap().to_owned()
}

/// Whether the Observatory has a trace.
async fn has(program: &Program, trace: &str) -> bool {
    let url = format!("{}/api/traces/{trace}", program.address("observatory"));
    program.http.get(url).send().await.unwrap().status() == 200
}

fn field<'a>(line: &'a Value, name: &str) -> &'a str {
    line["fields"][name].as_str().unwrap_or_else(|| panic!("no {name} in {line}"))
}

#[tokio::test]
async fn a_hangup_takes_over_the_sampler_and_the_level() {
    let home = Home::watched();
    home.write(".env", "OTEL_TRACES_SAMPLER_ARG=1\nMUSTER_ENVIRONMENT=one\n");
    let program = home.up().await;
    let first = ask(&program).await;

    home.write(
        ".env",
        "OTEL_TRACES_SAMPLER=parentbased_traceidratio\nOTEL_TRACES_SAMPLER_ARG=0\nMUSTER_LOG=info,store=warn\n\
         MUSTER_ENVIRONMENT=two\nOTEL_BSP_MAX_QUEUE_SIZE=4096\n",
    );
    let line = hang_up(&program, "settings.reloaded").await;
    insta::assert_snapshot!(
        format!("{} | {}", field(&line, "changed"), field(&line, "waiting")),
        @"OTEL_TRACES_SAMPLER_ARG 1 → 0, OTEL_LOG_LEVEL info → info,store=warn | environment, OTEL_BSP_MAX_QUEUE_SIZE"
    );
    let second = ask(&program).await;

    home.write(".env", "MUSTER_ENVIRONMENT=one\n");
    let line = hang_up(&program, "settings.reloaded").await;
    insta::assert_snapshot!(
        format!("{} | {}", field(&line, "changed"), field(&line, "waiting")),
        @"OTEL_TRACES_SAMPLER_ARG 0 → 1, OTEL_LOG_LEVEL info,store=warn → info | nothing"
    );
    let third = ask(&program).await;

    eventually("the third trace", async || has(&program, &third).await.then_some(())).await;
    assert!(has(&program, &first).await, "it was recorded");
    assert!(!has(&program, &second).await, "nothing was recorded meanwhile");
    program.stop().await;
}

#[tokio::test]
async fn a_hangup_sends_telemetry_elsewhere() {
    let home = Home::watched();
    let program = home.up().await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", elsewhere.local_addr().unwrap());

    home.write(".env", &format!("OTEL_EXPORTER_OTLP_ENDPOINT={address}\n"));
    let line = hang_up(&program, "settings.reloaded").await;
    assert!(field(&line, "changed").contains(&address), "{line}");
    ask(&program).await;
    tokio::time::timeout(Duration::from_mins(1), elsewhere.accept()).await.expect("it comes").unwrap();

    let page = format!("{}/telemetry-config", program.address("observatory"));
    let page = program.http.get(page).send().await.unwrap().text().await.unwrap();
    assert!(page.contains(&format!("{address}/v1/traces")), "the page shows what is in effect: {page}");
}

#[tokio::test]
async fn what_is_wrong_is_one_line_and_changes_nothing() {
    let home = Home::watched();
    let program = home.up().await;
    let mut refused = Vec::new();
    for wrong in [
        "OTEL_TRACES_SAMPLER=sometimes\nOTEL_LOG_LEVEL=error\n",
        "OTEL_TRACES_SAMPLER_ARG=0\nMUSTER_LOG=store=loud=yes\nOTEL_TRACES_SAMPLER=traceidratio\n",
        "OTEL_LOG_LEVEL=error\nwhat is this\n",
    ] {
        home.write(".env", wrong);
        refused.push(field(&hang_up(&program, "settings.refused").await, "reason").to_owned());
    }
    insta::assert_snapshot!(refused.join("\n"), @r#"
    OTEL_TRACES_SAMPLER: "sometimes" must be always_on, always_off, traceidratio, or parentbased_ before one
    MUSTER_LOG: "store=loud=yes" is no log filter: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5
    .env, line 2: it must be NAME=value
    "#);
    let trace = ask(&program).await;
    eventually("its trace", async || has(&program, &trace).await.then_some(())).await;
    program.stop().await;
}

#[tokio::test]
async fn the_environment_file_stands_below_the_environment_and_above_the_file() {
    let home = Home::new().set("MUSTER_LOG", "warn");
    home.write(
        "muster.toml",
        "log = \"debug\"\nenvironment = \"of the file\"\npublic-url = \"https://of-the-file\"\n",
    );
    home.write(".env", "MUSTER_LOG=error\nMUSTER_ENVIRONMENT=variable\nDISCORD_BOT_TOKEN='canary'\n");
    let shown = home.run(&["config", "--public-url", "https://flag"]).await.done();
    let effective: toml::Table = shown.parse().unwrap();
    assert_eq!(effective["log"].as_str(), Some("warn"));
    assert_eq!(effective["environment"].as_str(), Some("variable"));
    assert_eq!(effective["public-url"].as_str(), Some("https://flag/"));
    assert!(shown.contains("# DISCORD_BOT_TOKEN is set") && !shown.contains("canary"), "{shown}");

    let missing = home.run(&["config", "--env-file", "nowhere.env"]).await;
    insta::assert_snapshot!(missing.refusal(), @"2 muster: MUSTER_ENV_FILE: nowhere.env can't be read: No such file or directory (os error 2)");
}

/// The names of the program's threads.
fn threads(program: &Program) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", program.id())).unwrap().flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).collect()
}

#[tokio::test]
async fn one_thread_for_each_service_is_enough_with_grpc_too() {
    let grpc = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let home = Home::watched()
        .set("TOKIO_WORKER_THREADS", "1")
        .set("MUSTER_OTLP_GRPC", &grpc)
        .set("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{grpc}"));
    let program = home
        .start(&["up", "--listen", "127.0.0.1:0", "--practice", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0"])
        .await;
    let workers = threads(&program).iter().filter(|name| *name == "api-service").count();
    let trace = ask(&program).await;
    eventually("its trace", async || has(&program, &trace).await.then_some(())).await;
    assert_eq!(workers, 1);
    let asked = Instant::now();
    program.stop().await;
    assert!(asked.elapsed() < FLUSH, "it ends at once: {:?}", asked.elapsed());

    let refused = Home::new().set("TOKIO_WORKER_THREADS", "0").run(&["up"]).await;
    insta::assert_snapshot!(refused.refusal(), @r#"2 muster: TOKIO_WORKER_THREADS: "0" must be a number, at least 1"#);
}

/// The services that tell of a metric.
async fn tellers(program: &Program, metric: &str) -> String {
    let url = format!("{}/api/metrics?name={metric}", program.address("observatory"));
    let series: Vec<Value> = program.http.get(url).send().await.unwrap().json().await.unwrap_or_default();
    let mut names: Vec<_> = series.iter().filter_map(|it| Some(it["service"].as_str()?.to_owned())).collect();
    names.sort();
    names.dedup();
    names.join(" ")
}

#[tokio::test]
async fn the_process_is_measured_once_and_each_runtime_for_itself() {
    let home = Home::watched();
    let program = home.up().await;
    let services = "api-service bot-service notification-daemon status-transition-daemon";
    for (metric, told) in [("process.memory.usage", "collector"), ("muster.tokio.busy_ratio", services)] {
        let is_so = async || (tellers(&program, metric).await == told).then_some(());
        eventually(metric, is_so).await;
    }
    program.stop().await;
}

#[tokio::test]
async fn the_collector_has_the_caps_of_the_settings() {
    let home = Home::new()
        .set("MUSTER_TELEMETRY_MAX_BYTES", "64MiB")
        .set("MUSTER_FORWARD_MAX_BYTES", "33554432")
        .set("MUSTER_FORWARD_OTLP_ENDPOINT", "http://127.0.0.1:9");
    home.write("muster.toml", "telemetry-max-age = \"36h\"\ntelemetry-max-bytes = \"1GiB\"\n");
    let program = home.up().await;
    let url = format!("{}/api/health", program.address("observatory"));
    let health: Value = program.http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(health["max_store_bytes"], 64 << 20, "the environment goes over the file");
    assert_eq!(health["max_age_seconds"], 36 * 3_600);
    assert_eq!(health["forward"]["max_queued_bytes"], 32 << 20);
    program.stop().await;
}
