//! One empty export, and what the answer means.

use std::{error::Error, time::Duration};

use http::header;
use reqwest::{Client, Response, redirect::Policy};

use super::{Finding, GRAFANA_ENDPOINT};
use crate::signal::Signal;

/// Who does not answer by then is not there.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends an empty export of a signal and explains the answer.
pub(super) async fn export(signal: Signal, endpoint: &str, (user, password): (&str, &str)) -> Finding {
    let (subject, path, body) = match signal {
        Signal::Traces => ("traces", "traces", r#"{"resourceSpans":[]}"#),
        Signal::Metrics => ("metrics", "metrics", r#"{"resourceMetrics":[]}"#),
        Signal::Logs => ("logs", "logs", r#"{"resourceLogs":[]}"#),
    };
    let address = format!("{}/v1/{path}", endpoint.trim_end_matches('/'));
    let request = client(endpoint).map(|client| {
        let request = client.post(&address).basic_auth(user, Some(password));
        request.header(header::CONTENT_TYPE, "application/json").body(body)
    });
    let asked = match request {
        Ok(request) => request.send().await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(response) => answered(subject, &response),
        Err(error) => unreached(subject, &error),
    }
}

fn client(endpoint: &str) -> Result<Client, reqwest::Error> {
    let mut builder = Client::builder().timeout(TIMEOUT).redirect(Policy::none());
    if endpoint.starts_with("http:") {
        builder = builder.tls_certs_only([]).no_proxy();
    }
    builder.build()
}

fn answered(subject: &'static str, response: &Response) -> Finding {
    let status = response.status();
    let mend = match status.as_u16() {
        200..=299 if is_page(response) => {
            let mend = format!("{GRAFANA_ENDPOINT} is the address of something else: it begins with otlp-gateway-");
            return Finding::ill(subject, "a web page answers, not OTLP", mend);
        }
        200..=299 => return Finding::well(subject, "taken"),
        300..=399 => format!("{GRAFANA_ENDPOINT} is the address of something else: it begins with otlp-gateway-"),
        401 => "the instance ID and the token do not belong together: take both from the same stack, or make a new token".into(),
        403 => format!("the token may not do this: add the scope {subject}:write to its access policy"),
        404 => format!("nothing is there: {GRAFANA_ENDPOINT} ends in /otlp, and the region in it is that of your stack"),
        429 => "the stack is over a limit: Cloud Portal, Billing and usage".into(),
        500..=599 => "the gateway has a problem: look at status.grafana.com and ask again later".into(),
        _ => "this is not how an OTLP gateway answers: check the address".into(),
    };
    Finding::ill(subject, format!("it answers {status}"), mend)
}

fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

fn unreached(subject: &'static str, error: &reqwest::Error) -> Finding {
    let causes = std::iter::successors(Some(error as &dyn Error), |error| (*error).source());
    let told: Vec<String> = causes.skip(1).map(ToString::to_string).collect();
    let says = |words: &[&str]| told.iter().any(|cause| words.iter().any(|word| cause.contains(word)));
    let mend = if error.is_timeout() {
        "a firewall may swallow it: open port 443 to the outside, or set HTTPS_PROXY"
    } else if says(&["dns error", "lookup address"]) {
        "there is no such host: check the region in the address, and that names are resolved here"
    } else if says(&["certificate"]) {
        "who answers is not who it should be: check the address, or trust your proxy's authority on this machine"
    } else if says(&["corrupt message", "tls", "TLS", "handshake"]) {
        "the other side does not speak TLS: check host and port"
    } else {
        "nobody listens there: check the address and the way out"
    };
    let found = told.last().map_or_else(|| "no answer".into(), |cause| format!("no answer: {cause}"));
    Finding::ill(subject, found, mend)
}
