//! deploy/alloy/ against the reference of the Alloy that deploy/compose.yaml pins. No parser of Alloy's can be had from
//! a package registry, so that there is one here; the table beside it says what each component takes and gives, with
//! types. Alloy itself has not read these files: none is at hand where the tests run.

mod components;
mod syntax;
mod types;

use crate::repository::read;
use components::{Components, Stability};
use std::collections::BTreeSet;
use syntax::{Block, Value, parse};

const GATEWAY: &str = "deploy/alloy/config.alloy";
const SEPARATE: &str = "deploy/alloy/config.separate.alloy";
const DEVELOPMENT: &str = "deploy/alloy/config.dev.alloy";
const ALL: [&str; 3] = [GATEWAY, SEPARATE, DEVELOPMENT];

fn blocks(path: &str) -> Vec<Block> {
    parse(&read(path)).unwrap()
}

fn find<'a>(blocks: &'a [Block], name: &str) -> &'a Block {
    let mut found = blocks.iter().filter(|block| block.name == name);
    let block = found.next().unwrap_or_else(|| panic!("there is no {name}"));
    assert!(found.next().is_none(), "there is more than one {name}");
    block
}

fn inner<'a>(block: &'a Block, name: &str) -> &'a Block {
    find(&block.blocks, name)
}

fn attribute<'a>(block: &'a Block, name: &str) -> &'a Value {
    let found = block.attributes.iter().find(|(given, _)| given == name);
    &found.unwrap_or_else(|| panic!("{} has no {name}", block.name)).1
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// The names that an output hands a signal to.
fn receivers(block: &Block, signal: &str) -> Vec<String> {
    let output = inner(block, "output");
    let Some((_, value)) = output.attributes.iter().find(|(name, _)| name == signal) else {
        return Vec::new();
    };
    let names = value.all().into_iter().filter_map(|value| match value {
        Value::Name(name) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

#[test]
fn every_component_block_and_argument_exists_in_the_pinned_version() {
    for path in ALL {
        let wrong = Components::known().check(&read(path)).err().unwrap_or_default();
        assert_eq!(wrong, [""; 0], "{path}");
    }
    assert!(read("deploy/compose.yaml").contains("grafana/alloy:v1.19."), "the table is of v1.19");
}

/// What stands in the gateway's configuration, what is written in its place, and what is said to that.
type Slip = (&'static str, &'static str, &'static str);

fn are_found(slips: &[Slip]) {
    for (right, slip, complaint) in slips {
        let text = read(GATEWAY).replacen(right, slip, 1);
        assert_ne!(text, read(GATEWAY), "there is no {right}");
        let wrong = Components::known().check(&text).err().unwrap_or_default();
        assert!(wrong.iter().any(|wrong| wrong.contains(complaint)), "{slip}: {wrong:?}");
    }
}

#[test]
fn a_slip_is_found() {
    are_found(&[
        (
            "otelcol.processor.batch \"all\"",
            "otelcol.processor.batches \"all\"",
            "there is no otelcol.processor.batches",
        ),
        ("send_batch_size ", "send_batch_sizes ", "otelcol.processor.batch has no argument send_batch_sizes"),
        ("check_interval = \"1s\"", "", "otelcol.processor.memory_limiter lacks check_interval"),
        (
            "client_auth {",
            "client_authentication {",
            "there is no otelcol.auth.basic > client_authentication",
        ),
        (
            "[otelcol.exporter.otlphttp.grafana_cloud.input]",
            "[otelcol.exporter.otlphttp.grafana.input]",
            "otelcol.processor.batch > output: traces refers to otelcol.exporter.otlphttp.grafana.input, which nothing \
             exports",
        ),
        ("otelcol.storage.file.queue.handler", "otelcol.storage.file.queue.input", "which nothing exports"),
        ("sys.env(\"REDIS_PASSWORD\")", "env(\"REDIS_PASSWORD\")", "there is no function env"),
        ("max_elapsed_time = \"0s\"", "max_elapsed_time = 0s\"", "a text without an end"),
        ("grpc {\n", "grpc\n{\n", "LineEnd"),
        (
            "\toutput {\n\t\tmetrics = [otelcol.processor.batch.all.input]\n\t}\n",
            "",
            "lacks the block output",
        ),
    ]);
}

#[test]
fn a_value_of_another_kind_is_found() {
    are_found(&[
        ("check_interval = \"1s\"", "check_interval = \"1\"", "check_interval is no Duration"),
        ("limit          = \"350MiB\"", "limit          = 350", "limit is no Size"),
        ("send_batch_size     = 2048", "send_batch_size     = \"2048\"", "send_batch_size is no Number"),
        (
            "traces = [otelcol.processor.batch.all.input]",
            "traces = otelcol.processor.batch.all.input",
            "traces is no Consumers",
        ),
        (
            "auth     = otelcol.auth.basic.grafana_cloud.handler",
            "auth     = otelcol.storage.file.queue.handler",
            "auth takes no otelcol.storage.file.queue.handler, which is storage",
        ),
        (
            "logs    = [otelcol.processor.batch.all.input]",
            "logs    = [otelcol.connector.spanmetrics.red.input]",
            "logs takes no otelcol.connector.spanmetrics.red.input, which is traces",
        ),
        (
            "storage       = otelcol.storage.file.queue.handler",
            "",
            "nobody refers to otelcol.storage.file.queue.handler",
        ),
        (
            "prometheus.exporter.self \"alloy\"",
            "prometheus.exporter.self",
            "prometheus.exporter.self lacks a label",
        ),
        ("logging {", "logging \"all\" {", "logging takes no label"),
        (
            "exemplars {",
            "histogram {\n\t\tunit = \"ms\"\n\t}\n\n\texemplars {",
            "has more than one block histogram",
        ),
    ]);
}

/// A receiver of logs takes no metrics, though both are called `receiver`.
#[test]
fn a_receiver_of_another_signal_is_found() {
    let right = "forward_to = [loki.write.loki.receiver]";
    let slip = "forward_to = [prometheus.remote_write.mimir.receiver]";
    let wrong = Components::known().check(&read(SEPARATE).replacen(right, slip, 1)).unwrap_err();
    let complaint = "forward_to takes no prometheus.remote_write.mimir.receiver, which is metrics-receiver";
    assert!(wrong.iter().any(|wrong| wrong.ends_with(complaint)), "{wrong:?}");
}

/// A policy that is called after one kind and describes another decides nothing.
#[test]
fn each_policy_describes_its_kind() {
    for path in [GATEWAY, SEPARATE] {
        for policy in &find(&blocks(path), "otelcol.processor.tail_sampling").blocks {
            if policy.name == "policy" {
                let described: Vec<_> = policy.blocks.iter().map(|kind| text(&kind.name)).collect();
                assert_eq!(described, [attribute(policy, "type").clone()], "{path}");
            }
        }
    }
}

/// By hand it would have to be made before the first start.
#[test]
fn the_folder_of_the_queue_is_made() {
    for path in [GATEWAY, SEPARATE] {
        let blocks = blocks(path);
        let storage = find(&blocks, "otelcol.storage.file");
        assert_eq!(attribute(storage, "create_directory"), &Value::Name("true".to_owned()), "{path}");
        assert!(read("deploy/compose.yaml").contains("--storage.path=/var/lib/alloy/data"));
    }
}

#[test]
fn everything_passes_the_memory_limiter_first() {
    for path in ALL {
        let blocks = blocks(path);
        let limiter = find(&blocks, "otelcol.processor.memory_limiter");
        assert_eq!(attribute(limiter, "limit"), &text("350MiB"), "{path}: the container has 512 MiB");
        assert_eq!(attribute(limiter, "spike_limit"), &text("80MiB"), "{path}");
        for receiver in blocks.iter().filter(|block| block.name.starts_with("otelcol.receiver.")) {
            for signal in ["traces", "metrics", "logs"] {
                for target in receivers(receiver, signal) {
                    assert_eq!(
                        target, "otelcol.processor.memory_limiter.all.input",
                        "{path}: {}",
                        receiver.name
                    );
                }
            }
        }
    }
}

#[test]
fn spans_are_counted_before_they_are_sampled() {
    for path in [GATEWAY, SEPARATE] {
        let blocks = blocks(path);
        let limited = receivers(find(&blocks, "otelcol.processor.memory_limiter"), "traces");
        assert_eq!(
            limited,
            ["otelcol.connector.spanmetrics.red.input", "otelcol.processor.tail_sampling.keep.input"],
            "{path}"
        );
        let sampled = receivers(find(&blocks, "otelcol.processor.tail_sampling"), "traces");
        assert_eq!(sampled, ["otelcol.processor.batch.all.input"], "{path}");
        let policies: Vec<_> = find(&blocks, "otelcol.processor.tail_sampling").blocks.iter().collect();
        let kinds: BTreeSet<_> =
            policies.iter().flat_map(|policy| &policy.blocks).map(|kind| &*kind.name).collect();
        assert!(kinds.is_superset(&["latency", "probabilistic", "status_code"].into()), "{path}: {kinds:?}");
    }
}

#[test]
fn what_cannot_be_sent_waits_on_disk_without_an_end() {
    for (path, exporter) in [(GATEWAY, "otelcol.exporter.otlphttp"), (SEPARATE, "otelcol.exporter.otlp")] {
        let blocks = blocks(path);
        let exporter = find(&blocks, exporter);
        assert_eq!(attribute(inner(exporter, "retry_on_failure"), "max_elapsed_time"), &text("0s"), "{path}");
        let storage = attribute(inner(exporter, "sending_queue"), "storage");
        assert_eq!(storage, &Value::Name("otelcol.storage.file.queue.handler".to_owned()), "{path}");
    }
    let blocks = blocks(SEPARATE);
    let loki = find(&blocks, "loki.write");
    assert_eq!(attribute(inner(loki, "endpoint"), "max_backoff_retries"), &Value::Number("0".to_owned()));
    assert_eq!(attribute(inner(loki, "wal"), "enabled"), &Value::Name("true".to_owned()));
}

#[test]
fn the_engines_and_alloy_itself_are_scraped_every_minute() {
    for path in ALL {
        let blocks = blocks(path);
        let scrapes = blocks.iter().filter(|block| block.name == "prometheus.scrape");
        let scrapes: BTreeSet<_> = scrapes.filter_map(|scrape| scrape.label.clone()).collect();
        let wanted = ["alloy", "postgres", "rabbitmq", "rabbitmq_queues", "redis"].map(str::to_owned);
        assert_eq!(scrapes, BTreeSet::from(wanted), "{path}");
        for scrape in blocks.iter().filter(|block| block.name == "prometheus.scrape") {
            assert_eq!(attribute(scrape, "scrape_interval"), &text("60s"), "{path}: {:?}", scrape.label);
        }
    }
}

/// What an alert asks for by its job is scraped under that name: ours say it, Alloy's exporters are called after what
/// they ask.
#[test]
fn the_jobs_that_alerts_name_are_those_of_the_scrapes() {
    let rules = read("deploy/grafana/alerts/muster-causes.yaml");
    assert!(rules.contains("up{job=~\"rabbitmq.*|integrations/(postgres|redis)\"}"));
    for path in ALL {
        let blocks = blocks(path);
        let scrapes = blocks.iter().filter(|block| block.name == "prometheus.scrape");
        let named = scrapes.flat_map(|scrape| &scrape.attributes).filter(|(name, _)| name == "job_name");
        let jobs: Vec<_> = named.map(|(_, job)| job.clone()).collect();
        assert_eq!(jobs, [text("rabbitmq"), text("rabbitmq-queues")], "{path}");
        for exporter in ["prometheus.exporter.postgres", "prometheus.exporter.redis"] {
            find(&blocks, exporter);
        }
    }
}

/// Compose starts each configuration with a level that allows it, and gives it every variable that it reads.
#[test]
fn compose_gives_alloy_what_it_needs() {
    let level = |path| Components::known().check(&read(path)).unwrap();
    assert_eq!(level(GATEWAY), Stability::PublicPreview);
    assert_eq!(level(SEPARATE), Stability::Experimental);
    assert_eq!(level(DEVELOPMENT), Stability::Experimental);
    let compose = read("deploy/compose.yaml");
    assert!(compose.contains("--stability.level=${ALLOY_STABILITY:-public-preview}"));
    assert!(read("deploy/compose.local-observability.yaml").contains("--stability.level=experimental"));
    assert!(read("deploy/.env.example").contains("ALLOY_STABILITY=experimental"));
    let optional = ["DATABASE_HOST", "DATABASE_SSLMODE", "OTLP_ENDPOINT", "RABBITMQ_METRICS"];
    for variable in ALL.iter().flat_map(|path| variables(&blocks(path))) {
        let given =
            compose.contains(&format!("\n      {variable}: ")) || optional.contains(&variable.as_str());
        assert!(given, "{variable} is not given to Alloy in deploy/compose.yaml");
    }
}

/// So does Kubernetes, for the configuration that it starts.
#[test]
fn kubernetes_gives_alloy_what_it_needs() {
    let pod = read("deploy/kubernetes/alloy.yaml");
    assert!(pod.contains("- /etc/alloy/config.alloy\n") && pod.contains("--stability.level=public-preview"));
    let given = pod + &read("deploy/kubernetes/secret.example.yaml");
    let optional = ["DATABASE_HOST", "DATABASE_SSLMODE", "RABBITMQ_METRICS"];
    for variable in variables(&blocks(GATEWAY)) {
        let is_given = given.contains(&format!("name: {variable}\n"))
            || given.contains(&format!("name: {variable},"))
            || given.contains(&format!("\n  {variable}: "));
        assert!(is_given || optional.contains(&variable.as_str()), "Alloy is not given {variable}");
    }
}

fn variables(blocks: &[Block]) -> BTreeSet<String> {
    let values = blocks.iter().flat_map(|block| {
        let own = block.attributes.iter().flat_map(|(_, value)| value.all()).filter_map(variable);
        own.chain(variables(&block.blocks)).collect::<Vec<_>>()
    });
    values.collect()
}

fn variable(value: &Value) -> Option<String> {
    match value {
        Value::Call(function, arguments) if function == "sys.env" => match arguments.as_slice() {
            [Value::Text(name)] => Some(name.clone()),
            other => panic!("sys.env takes one name, not {other:?}"),
        },
        _ => None,
    }
}
