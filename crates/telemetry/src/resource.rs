//! Who is speaking: the resource of a service.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{ResourceDetector as _, TelemetryResourceDetector};

use crate::{ServiceName, TelemetryConfig};

/// The version of the semantic conventions that resources and scopes follow.
pub(crate) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.44.0";

/// The resource of one service, as configured; attributes that the operator gave win over ours.
pub(crate) fn resource(service: ServiceName, config: &TelemetryConfig) -> Resource {
    let name = config.service_name.clone().unwrap_or_else(|| service.as_str().to_owned());
    let mut own = vec![
        KeyValue::new("service.namespace", "muster"),
        KeyValue::new("service.version", config.service_version.clone()),
        KeyValue::new("service.instance.id", config.instance_id.to_string()),
        KeyValue::new("deployment.environment.name", config.environment.clone()),
        KeyValue::new("telemetry.distro.name", "muster"),
        KeyValue::new("telemetry.distro.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("process.pid", i64::from(std::process::id())),
        KeyValue::new("os.type", os_type()),
    ];
    own.extend(host_name().map(|host| KeyValue::new("host.name", host)));
    let sdk = TelemetryResourceDetector.detect();
    let given =
        config.resource_attributes.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    let attributes = sdk.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    Resource::builder_empty()
        .with_schema_url(attributes.chain(own).chain(given), SCHEMA_URL)
        .with_attribute(KeyValue::new("service.name", name))
        .build()
}

fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn os_type() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}
