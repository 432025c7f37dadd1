//! The health checks, run as the files have them: against what is well, what is not, what hangs up, and nobody.

use super::kubernetes::probe_commands;
use super::program::Lonely;
use super::{read, texts, yaml};
use crate::program::{Home, eventually};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

const WELL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
const UNWELL: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno";

/// Whoever says nothing for so long has asked.
const SILENCE: Duration = Duration::from_secs(5);
/// What a whole question ends with: of HTTP, and of Redis' protocol.
const ENDS: [&[u8]; 2] = [b"\r\n\r\n", b"ping\r\n"];

/// A port on which one visitor is answered like that; on an empty answer is hung up.
fn answering(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut visitor, _) = listener.accept().unwrap();
        visitor.set_read_timeout(Some(SILENCE)).unwrap();
        // Whoever leaves something unread cuts the visitor off.
        let (mut request, mut byte) = (Vec::new(), [0]);
        while !ENDS.iter().any(|end| request.ends_with(end)) && visitor.read(&mut byte).is_ok_and(|n| n > 0) {
            request.extend(byte);
        }
        // A visitor that has gone has seen enough.
        let _ = visitor.write_all(answer.as_bytes());
    });
    port
}

/// A port on which nobody listens.
fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The check of a service of a Compose file, as its engine runs it.
fn compose_check(file: &str, service: &str) -> Vec<String> {
    let compose = yaml(&read(file));
    let test = texts(&compose["services"][service]["healthcheck"]["test"]).join("\u{0}").replace("$$", "$");
    let mut words = test.split('\u{0}').map(str::to_owned);
    match words.next().as_deref() {
        Some("CMD") => words.collect(),
        Some("CMD-SHELL") => ["sh", "-c"].into_iter().map(str::to_owned).chain(words).collect(),
        other => panic!("{service} is checked by {other:?}"),
    }
}

/// The same command that asks elsewhere; there has to be a place for it.
fn asking(command: &[String], (from, to): (&str, &str)) -> Vec<String> {
    assert!(command.iter().any(|word| word.contains(from)), "{command:?} asks nothing at {from}");
    command.iter().map(|word| word.replace(from, to)).collect()
}

fn passes(command: &[String]) -> bool {
    let mut check = Command::new(&command[0]);
    check.args(&command[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    check.status().unwrap().success()
}

fn is_here(program: &str) -> bool {
    let here =
        Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    let is_here = here.unwrap().success();
    if !is_here {
        println!("left out: {program} is not installed");
    }
    is_here
}

/// Tries a check that speaks HTTP to a port of this machine.
fn can_fail(command: &[String], port: u16) {
    let from = port.to_string();
    let at = |port: u16| passes(&asking(command, (&from, &port.to_string())));
    assert!(at(answering(WELL)), "{command:?} fails where all is well");
    assert!(!at(answering(UNWELL)), "{command:?} passes where the answer is 503");
    assert!(!at(answering("")), "{command:?} passes where it is hung up on");
    assert!(!at(nobody()), "{command:?} passes where nobody listens");
}

#[test]
fn alloys_check_tells_ready_from_not() {
    can_fail(&compose_check("deploy/compose.yaml", "alloy"), 12345);
}

#[test]
fn grafanas_check_tells_ready_from_not() {
    if is_here("curl") {
        can_fail(&compose_check("deploy/compose.local-observability.yaml", "grafana"), 3000);
    }
}

/// The one applet of the image, as Debian's `busybox` has it.
fn ours() -> Option<Vec<String>> {
    let mut check = compose_check("deploy/compose.yaml", "api");
    assert_eq!(check.remove(0), "/usr/local/bin/wget");
    check.splice(0..0, ["busybox".to_owned(), "wget".to_owned()]);
    is_here("busybox").then_some(check)
}

#[test]
fn the_check_of_a_service_tells_ready_from_not() {
    if let Some(check) = ours() {
        can_fail(&check, 8090);
    }
}

/// And so it is with the program itself.
#[tokio::test]
async fn the_check_of_a_service_believes_the_program() {
    let Some(check) = ours() else { return };
    let waiting = Lonely::start("api");
    assert!(!passes(&asking(&check, ("127.0.0.1:8090", waiting.health()))), "it has no engines");
    let program = Home::new().up().await;
    let dashboard = asking(&check, ("127.0.0.1:8090", program.authority("dashboard")));
    eventually("a check that passes", async || passes(&dashboard).then_some(())).await;
    program.stop().await;
}

/// What the engines of Redis' protocol may say instead.
const LOADING: &str = "-LOADING Redis is loading the dataset in memory\r\n";
const PONG: &str = "+PONG\r\n";

#[test]
fn redis_is_well_when_it_says_pong_and_only_then() {
    if !is_here("redis-cli") {
        return;
    }
    let probes = probe_commands("redis").into_iter().chain([compose_check("deploy/compose.yaml", "redis")]);
    for probe in probes {
        let at = |port: u16| passes(&asking(&probe, ("valkey-cli", &format!("redis-cli -p {port}"))));
        assert!(at(answering(PONG)), "{probe:?}");
        assert!(!at(answering(LOADING)), "{probe:?}");
        assert!(!at(answering("-NOAUTH Authentication required.\r\n")), "{probe:?}");
        assert!(!at(nobody()), "{probe:?}");
    }
}

#[test]
fn postgresql_is_well_when_it_takes_connections() {
    if !is_here("pg_isready") {
        return;
    }
    let mut checks = probe_commands("postgres");
    checks.push(compose_check("deploy/compose.yaml", "postgres"));
    assert_eq!(checks.len(), 4);
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where the servers are")]
    let server = std::env::var("MUSTER_TEST_POSTGRES_URL");
    let server = server.ok().and_then(|address| url::Url::parse(&address).ok()?.port());
    for check in checks {
        let at = |port: u16| passes(&[&check[..], &[format!("--port={port}")]].concat());
        assert!(!at(nobody()), "{check:?}");
        assert!(server.is_none_or(at), "{check:?} fails where all is well");
    }
}
