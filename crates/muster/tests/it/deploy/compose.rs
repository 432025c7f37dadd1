use super::{CALL_DISCORD, SERVICES, fields, program, read, text, texts, yaml};
use serde_yaml_ng::Value;
use std::collections::{BTreeMap, BTreeSet};

const HEALTH: [&str; 6] =
    ["CMD", "/usr/local/bin/wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8090/readyz"];

fn compose() -> Value {
    yaml(&read("deploy/compose.yaml"))
}

/// Ours are made from the image of this repository.
fn is_ours(service: &Value) -> bool {
    text(&service["image"]).contains("muster")
}

/// The names between `${` and `:` or `}`.
fn asked_for(text: &str) -> BTreeSet<String> {
    let after = text.split("${").skip(1);
    after.map(|rest| rest.split([':', '}']).next().unwrap().to_owned()).collect()
}

/// Puts values in the place of `${NAME:-default}` and `${NAME:?complaint}`.
fn filled(value: &str, values: &BTreeMap<String, String>) -> String {
    let Some((before, rest)) = value.split_once("${") else { return value.to_owned() };
    let (inside, after) = rest.split_once('}').unwrap();
    let (name, default) = inside.split_once(":-").unwrap_or((inside.split(':').next().unwrap(), ""));
    let known = values.get(name).filter(|value| !value.is_empty()).map_or(default, String::as_str);
    format!("{before}{known}{}", filled(after, values))
}

/// deploy/.env.example, as an operator fills it in.
fn example() -> BTreeMap<String, String> {
    let lines = read("deploy/.env.example");
    let lines =
        lines.lines().map(|line| line.trim_start_matches('#')).filter_map(|line| line.split_once('='));
    let made_up =
        |value: &str| if value.is_empty() { "0123456789abcdef0123456789abcdef" } else { value }.to_owned();
    lines
        .filter(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .map(|(name, value)| (name.to_owned(), made_up(value)))
        .collect()
}

#[test]
fn every_service_is_there_and_is_a_command() {
    let compose = compose();
    for name in SERVICES.into_iter().chain(["migrate"]) {
        let service = &compose["services"][name];
        assert_eq!(texts(&service["command"]), [name]);
        assert!(program::has(name), "muster has no command {name}");
    }
    for name in ["postgres", "redis", "rabbitmq", "alloy"] {
        assert!(compose["services"][name]["image"].is_string(), "{name}");
    }
}

#[test]
fn the_program_knows_every_variable_and_takes_every_value() {
    let values = example();
    for (name, service) in fields(&compose()["services"]) {
        if !is_ours(service) {
            continue;
        }
        let variables = fields(&service["environment"]);
        for (variable, _) in &variables {
            assert!(program::reads(variable), "{name}: muster reads no {variable}");
        }
        let given =
            variables.iter().map(|(name, value)| ((*name).to_owned(), filled(&scalar(value), &values)));
        assert_eq!(program::complaint(&given.collect::<Vec<_>>()), "", "{name}");
    }
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| serde_yaml_ng::to_string(value).unwrap().trim().to_owned(), str::to_owned)
}

#[test]
fn the_example_names_every_variable_that_compose_asks_for() {
    let example = example();
    for file in ["deploy/compose.yaml", "deploy/compose.local-observability.yaml"] {
        let optional = ["MUSTER_IMAGE"];
        let missing: Vec<_> = asked_for(&read(file))
            .into_iter()
            .filter(|name| !example.contains_key(name) && !optional.contains(&name.as_str()))
            .collect();
        assert_eq!(missing, [""; 0], "{file}");
    }
}

#[test]
fn everything_has_limits_and_a_health_check_and_few_rights() {
    for (name, service) in fields(&compose()["services"]) {
        assert_eq!(service["read_only"], Value::Bool(true), "{name} writes to its root");
        assert_eq!(texts(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(texts(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        assert!(
            !text(&service["user"]).starts_with(['0', 'r']) && service["user"].is_string(),
            "{name} is root"
        );
        let limits = &service["deploy"]["resources"]["limits"];
        assert!(limits["memory"].is_string() && limits["cpus"].is_string(), "{name} has no limits");
        if name != "migrate" {
            let check = &service["healthcheck"];
            assert!(
                texts(&check["test"]).len() > 1 && check["timeout"].is_string(),
                "{name} has no health check"
            );
            if is_ours(service) {
                assert_eq!(texts(&check["test"]), HEALTH, "{name}");
                assert_eq!(service["environment"]["MUSTER_HEALTH_LISTEN"], "0.0.0.0:8090", "{name}");
            }
        }
    }
}

#[test]
fn nothing_waits_for_alloy_and_only_the_dashboard_is_published() {
    let compose = compose();
    for (name, service) in fields(&compose["services"]) {
        let waits: Vec<_> = fields(&service["depends_on"]).into_iter().map(|(name, _)| name).collect();
        assert!(!waits.contains(&"alloy"), "{name} waits for Alloy");
        assert_eq!(service["ports"].is_sequence(), name == "api", "{name}");
    }
    assert_eq!(texts(&compose["services"]["api"]["ports"]), ["${MUSTER_PUBLISH:-127.0.0.1:8080}:8080"]);
    for network in ["engines", "telemetry"] {
        assert_eq!(compose["networks"][network]["internal"], Value::Bool(true), "{network} leads outside");
    }
    for (name, service) in fields(&compose["services"]) {
        let leads_outside = texts(&service["networks"]).contains(&"outside");
        assert_eq!(leads_outside, ["api", "bot", "alloy"].contains(&name), "{name}");
    }
}

#[test]
fn secrets_come_from_the_environment() {
    for (name, service) in fields(&compose()["services"]) {
        for (variable, value) in fields(&service["environment"]) {
            let is_secret =
                ["PASSWORD", "TOKEN", "KEY", "PASS", "_URL"].iter().any(|end| variable.ends_with(end));
            let holds_one = is_secret && !["MUSTER_PUBLIC_URL", "MUSTER_INTERNAL_URL"].contains(&variable);
            assert!(!holds_one || text(value).contains("${"), "{name}: {variable} is in the file");
        }
    }
}

#[test]
fn the_bots_token_is_where_discord_is_called_and_nowhere_else() {
    for (name, service) in fields(&compose()["services"]) {
        let has_it = service["environment"]["DISCORD_BOT_TOKEN"].is_string();
        assert_eq!(has_it, CALL_DISCORD.contains(&name), "{name}");
    }
}

#[test]
fn alloy_has_half_a_gigabyte_and_says_when_it_is_ready() {
    let compose = compose();
    assert_eq!(compose["services"]["alloy"]["deploy"]["resources"]["limits"]["memory"], "512M");
    assert!(texts(&compose["services"]["alloy"]["healthcheck"]["test"])[3].contains("/-/ready"));
}

#[test]
fn the_local_variant_changes_alloy_and_adds_grafana() {
    let local = yaml(&read("deploy/compose.local-observability.yaml"));
    let names: Vec<_> = fields(&local["services"]).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["alloy", "grafana"]);
    assert_eq!(texts(&local["services"]["alloy"]["command"]).last(), Some(&"/etc/alloy/config.dev.alloy"));
    assert_eq!(texts(&local["services"]["grafana"]["ports"]), ["127.0.0.1:3000:3000"]);
    assert!(local["services"]["grafana"]["healthcheck"]["test"].is_sequence());
}
