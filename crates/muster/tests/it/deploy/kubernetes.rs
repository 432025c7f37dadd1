use super::{CALL_DISCORD, SERVICES, fields, program, read, text, texts, yaml};
use serde::Deserialize;
use serde_yaml_ng::{Deserializer, Value};
use std::collections::BTreeSet;

fn documents(path: &str) -> Vec<Value> {
    let text = read(&format!("deploy/kubernetes/{path}"));
    Deserializer::from_str(&text).map(|document| Value::deserialize(document).unwrap()).collect()
}

/// Every object of the base.
fn objects() -> Vec<Value> {
    let base = documents("kustomization.yaml").remove(0);
    let files =
        texts(&base["resources"]).into_iter().filter(|path| !path.starts_with("..")).map(str::to_owned);
    files.flat_map(|file| documents(&file)).collect()
}

fn find(objects: &[Value], kind: &str, name: &str) -> Value {
    let found = objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("there is no {kind} {name}")).clone()
}

fn container(object: &Value) -> Value {
    object["spec"]["template"]["spec"]["containers"][0].clone()
}

/// What the base's own generators make, and those of the folders that it includes.
fn maps() -> BTreeSet<String> {
    let mut maps = BTreeSet::new();
    for folder in ["kubernetes", "alloy", "postgres", "rabbitmq"] {
        let file = yaml(&read(&format!("deploy/{folder}/kustomization.yaml")));
        for map in file["configMapGenerator"].as_sequence().unwrap() {
            maps.insert(text(&map["name"]).to_owned());
            for file in texts(&map["files"]) {
                read(&format!("deploy/{folder}/{file}"));
            }
        }
    }
    maps
}

/// The variables of a container with their values: the map's, its own, and what a filled in secret would give.
fn environment(container: &Value) -> Vec<(String, String)> {
    let map = documents("kustomization.yaml").remove(0)["configMapGenerator"][0].clone();
    let literals = texts(&map["literals"]).into_iter().map(|literal| literal.split_once('=').unwrap());
    let mut variables: Vec<_> = literals.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let secrets = documents("secret.example.yaml");
    for variable in container["env"].as_sequence().unwrap() {
        let key = &variable["valueFrom"]["secretKeyRef"];
        let value = match text(&variable["value"]) {
            "" if key.is_mapping() => {
                text(&find(&secrets, "Secret", text(&key["name"]))["stringData"][text(&key["key"])])
                    .to_owned()
            }
            value => value.to_owned(),
        };
        if program::reads(text(&variable["name"])) {
            variables.push((text(&variable["name"]).to_owned(), value));
        }
    }
    variables
}

/// What the pod of an engine is probed by, where that is a command.
pub(super) fn probe_commands(name: &str) -> Vec<Vec<String>> {
    let container = container(&find(&objects(), "StatefulSet", name));
    let probes = ["startupProbe", "readinessProbe", "livenessProbe"];
    let commands = probes.map(|probe| texts(&container[probe]["exec"]["command"]));
    commands.map(|words| words.into_iter().map(str::to_owned).collect()).to_vec()
}

#[test]
fn every_service_runs_its_command_and_is_probed_at_the_programs_health_listener() {
    let objects = objects();
    for name in SERVICES {
        let container = container(&find(&objects, "Deployment", name));
        assert_eq!(texts(&container["args"]), [name]);
        assert!(program::has(name), "muster has no command {name}");
        for (probe, path) in
            [("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")]
        {
            assert_eq!(container[probe]["httpGet"]["path"], path, "{name}");
            assert_eq!(container[probe]["httpGet"]["port"], "health", "{name}");
        }
        let ports = container["ports"].as_sequence().unwrap();
        let health = ports.iter().find(|port| port["name"] == "health").unwrap();
        let listens = environment(&container).into_iter().find(|(name, _)| name == "MUSTER_HEALTH_LISTEN");
        let (_, address) = listens.expect("it is told where to listen");
        assert_eq!(address, format!("0.0.0.0:{}", health["containerPort"].as_u64().unwrap()), "{name}");
        find(&objects, "PodDisruptionBudget", name);
    }
    assert_eq!(texts(&container(&find(&objects, "Job", "migrate"))["args"]), ["migrate"]);
    let scaler = find(&objects, "HorizontalPodAutoscaler", "api");
    assert_eq!(scaler["spec"]["scaleTargetRef"]["name"], "api");
    for name in ["postgres", "redis", "rabbitmq", "alloy"] {
        find(&objects, "StatefulSet", name);
        find(&objects, "Service", name);
    }
}

#[test]
fn the_program_knows_every_variable() {
    let base = documents("kustomization.yaml").remove(0);
    let map = base["configMapGenerator"][0].clone();
    assert_eq!(map["name"], "muster");
    for literal in texts(&map["literals"]) {
        let variable = literal.split_once('=').unwrap().0;
        assert!(program::reads(variable), "muster reads no {variable}");
    }
    // Kubernetes puts it into another variable.
    let own = ["POD"];
    let objects = objects();
    for object in objects.iter().filter(|object| container(object)["image"] == "muster") {
        for variable in container(object)["env"].as_sequence().unwrap() {
            let name = text(&variable["name"]);
            assert!(program::reads(name) || own.contains(&name), "muster reads no {name}");
        }
    }
}

#[test]
fn the_program_is_content_with_every_value() {
    let objects = objects();
    for name in SERVICES {
        let variables = environment(&container(&find(&objects, "Deployment", name)));
        assert_eq!(program::complaint(&variables), "", "{name}");
        let shards = [("MUSTER_SHARDS".to_owned(), "many".to_owned())];
        let spoilt = [&variables[..], &shards].concat();
        assert!(program::complaint(&spoilt).contains("MUSTER_SHARDS"), "{name}: it looks at values");
    }
}

#[test]
fn the_bots_token_is_where_discord_is_called_and_nowhere_else() {
    let objects = objects();
    for name in SERVICES {
        let container = container(&find(&objects, "Deployment", name));
        let variables = container["env"].as_sequence().unwrap();
        let has_it = variables.iter().any(|variable| variable["name"] == "DISCORD_BOT_TOKEN");
        assert_eq!(has_it, CALL_DISCORD.contains(&name), "{name}");
    }
}

#[test]
fn what_is_referred_to_exists() {
    let secrets = documents("secret.example.yaml");
    let maps = maps();
    for object in objects() {
        let container = container(&object);
        for variable in container["env"].as_sequence().into_iter().flatten() {
            let key = &variable["valueFrom"]["secretKeyRef"];
            if key.is_mapping() {
                let secret = find(&secrets, "Secret", text(&key["name"]));
                assert!(secret["stringData"][text(&key["key"])].is_string(), "{key:?}");
            }
        }
        let volumes = object["spec"]["template"]["spec"]["volumes"].as_sequence().into_iter().flatten();
        let volumes: Vec<_> = volumes.map(|volume| text(&volume["configMap"]["name"]).to_owned()).collect();
        for map in volumes.iter().filter(|name| !name.is_empty()) {
            assert!(maps.contains(map), "there is no map {map}");
        }
    }
}

#[test]
fn every_pod_has_limits_and_few_rights() {
    let objects = objects();
    let pods: Vec<_> = objects.iter().filter(|object| container(object).is_mapping()).collect();
    assert_eq!(pods.len(), 9, "five of ours, four engines");
    for object in pods {
        let name = text(&object["metadata"]["name"]);
        let pod = &object["spec"]["template"]["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], Value::Bool(true), "{name}");
        assert_eq!(pod["automountServiceAccountToken"], Value::Bool(false), "{name}");
        let container = container(object);
        let rights = &container["securityContext"];
        assert_eq!(rights["readOnlyRootFilesystem"], Value::Bool(true), "{name}");
        assert_eq!(rights["allowPrivilegeEscalation"], Value::Bool(false), "{name}");
        assert_eq!(texts(&rights["capabilities"]["drop"]), ["ALL"], "{name}");
        for share in ["requests", "limits"] {
            let given: Vec<_> =
                fields(&container["resources"][share]).into_iter().map(|(name, _)| name).collect();
            assert_eq!(given, ["cpu", "memory"], "{name}: {share}");
        }
    }
}
