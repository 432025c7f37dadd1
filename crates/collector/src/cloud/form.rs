//! Whether the three variables look as they have to.

use url::{Host, Url};

use super::{Finding, GRAFANA_ENDPOINT, GRAFANA_INSTANCE, GRAFANA_KEY};

/// Where the values are found.
const TILE: &str = "Cloud Portal, your stack, Configure on the tile OpenTelemetry";
/// What tokens of access policies begin with.
const TOKEN_PREFIX: &str = "glc_";

/// The address of the gateway.
pub(super) fn endpoint(value: &str) -> Finding {
    let wrong = |found: &str, mend: &str| Finding::ill(GRAFANA_ENDPOINT, found, mend);
    let value = value.trim();
    if value.is_empty() {
        return wrong("it is not set", &format!("copy the endpoint from {TILE}"));
    }
    let Ok(address) = Url::parse(value) else {
        return wrong(
            "it is no address",
            "it looks like https://otlp-gateway-prod-eu-west-2.grafana.net/otlp",
        );
    };
    if !address.username().is_empty() || address.password().is_some() {
        return wrong("it holds a user or a password", "instance id and token have variables of their own");
    }
    if address.scheme() != "https" && !is_this_machine(&address) {
        return wrong("the token would travel in the clear", "the address begins with https://");
    }
    match address.path().trim_end_matches('/') {
        path if path.ends_with("/otlp") => Finding::well(GRAFANA_ENDPOINT, address.as_str()),
        path if path.contains("/v1/") => {
            wrong(&format!("{address} is of one signal"), "end it in /otlp, without /v1/…")
        }
        _ => wrong(&format!("{address} does not end in /otlp"), "append /otlp"),
    }
}

/// For a gateway that is put up to try it.
fn is_this_machine(address: &Url) -> bool {
    match address.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The user towards the gateway.
pub(super) fn instance(value: &str) -> Finding {
    let wrong = |found: &str, mend: &str| Finding::ill(GRAFANA_INSTANCE, found, mend);
    match value.trim() {
        "" => wrong("it is not set", &format!("copy the instance ID from {TILE}")),
        value if value.starts_with(TOKEN_PREFIX) => {
            wrong("it is a token", &format!("the token belongs into {GRAFANA_KEY}, here the number"))
        }
        value if value.chars().all(|digit| digit.is_ascii_digit()) => Finding::well(GRAFANA_INSTANCE, value),
        _ => wrong("it is no number", &format!("not the stack's name but the instance ID: {TILE}")),
    }
}

/// The password towards the gateway. It is not shown, not even in part.
pub(super) fn key(value: &str) -> Finding {
    let wrong = |found: &str, mend: &str| Finding::ill(GRAFANA_KEY, found, mend);
    match value.trim() {
        "" => wrong("it is not set", &format!("Generate now: {TILE}")),
        value if value.chars().any(|letter| letter.is_whitespace() || "\"'".contains(letter)) => {
            wrong("there are quotes or spaces in it", "copy the token alone")
        }
        value if value.starts_with("glsa_") => wrong(
            "it is the token of a service account of Grafana",
            "make a token of an access policy, which begins with glc_",
        ),
        value if value.starts_with(TOKEN_PREFIX) => {
            Finding::well(GRAFANA_KEY, "it looks like the token of an access policy")
        }
        _ => wrong("it does not begin with glc_", &format!("Generate now: {TILE}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(finding: &Finding) -> String {
        let mend = finding.mend.as_ref().map_or(String::new(), |mend| format!("; {mend}"));
        format!("{}{mend}", finding.found)
    }

    #[test]
    fn an_address_that_cannot_be_right_is_not_asked() {
        let lines = [
            "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp",
            "http://127.0.0.1:4318/otlp/",
            "",
            "otlp-gateway",
            "https://otlp-gateway-prod-eu-west-2.grafana.net",
            "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/traces",
            "http://otlp-gateway-prod-eu-west-2.grafana.net/otlp",
            "https://7:glc_x@otlp-gateway-prod-eu-west-2.grafana.net/otlp",
        ]
        .map(|value| said(&endpoint(value)));
        insta::assert_snapshot!(lines.join("\n"), @"
        https://otlp-gateway-prod-eu-west-2.grafana.net/otlp
        http://127.0.0.1:4318/otlp/
        it is not set; copy the endpoint from Cloud Portal, your stack, Configure on the tile OpenTelemetry
        it is no address; it looks like https://otlp-gateway-prod-eu-west-2.grafana.net/otlp
        https://otlp-gateway-prod-eu-west-2.grafana.net/ does not end in /otlp; append /otlp
        https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/traces is of one signal; end it in /otlp, without /v1/…
        the token would travel in the clear; the address begins with https://
        it holds a user or a password; instance id and token have variables of their own
        ");
    }

    #[test]
    fn a_user_is_a_number_and_a_password_a_token() {
        let lines = ["123456", "", "muster", "glc_x"].map(|value| said(&instance(value)));
        insta::assert_snapshot!(lines.join("\n"), @"
        123456
        it is not set; copy the instance ID from Cloud Portal, your stack, Configure on the tile OpenTelemetry
        it is no number; not the stack's name but the instance ID: Cloud Portal, your stack, Configure on the tile OpenTelemetry
        it is a token; the token belongs into GRAFANA_CLOUD_API_KEY, here the number
        ");
        let lines =
            ["glc_secret", "", "\"glc_secret\"", "glsa_secret", "123456"].map(|value| said(&key(value)));
        insta::assert_snapshot!(lines.join("\n"), @"
        it looks like the token of an access policy
        it is not set; Generate now: Cloud Portal, your stack, Configure on the tile OpenTelemetry
        there are quotes or spaces in it; copy the token alone
        it is the token of a service account of Grafana; make a token of an access policy, which begins with glc_
        it does not begin with glc_; Generate now: Cloud Portal, your stack, Configure on the tile OpenTelemetry
        ");
    }
}
