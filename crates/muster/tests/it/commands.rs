//! The commands besides `up`, as scripts use them.

use crate::program::{Home, Ran};
use serde_json::Value;

#[tokio::test]
async fn the_schema_is_brought_up_to_date_once() {
    let home = Home::new();
    let first = home.run(&["migrate"]).await.done();
    insta::assert_snapshot!(first, @"./muster-data/muster.db: 5 of 5 migrations applied");
    assert_eq!(home.run(&["migrate"]).await.done(), first);
}

#[tokio::test]
async fn a_token_is_printed_alone_before_the_first_start_and_beside_it() {
    let home = Home::new();
    let early = home.token("ada").await;
    let program = home.up().await;
    let late = home.token("Bruno").await;
    let (ada, bruno) = (program.person(&early), program.person(&late));
    assert!(early.len() > 32 && !early.contains(char::is_whitespace), "nothing but the token");
    assert_eq!(ada.get("/api/v1/me").await.is(200)["name"], "Ada");
    assert_eq!(bruno.get("/api/v1/me").await.is(200)["name"], "Bruno");
    program.stop().await;

    let nobody = home.run(&["token", "create", "--practice", "Zoe"]).await;
    insta::assert_snapshot!(nobody.refusal(), @r#"2 muster: nobody in the practice guild is called "Zoe"; there are Ada, Bruno, Chidi, Dana, Emre, Freya, Goro, Hana"#);
}

/// An operator whose secrets are all marked.
fn marked() -> Home {
    Home::new()
        .set("DISCORD_BOT_TOKEN", "marked-bot-token")
        .set("OTEL_EXPORTER_OTLP_HEADERS", "authorization=marked-header")
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:marked-password@127.0.0.1:9/marked-path?marked=query")
        .set("MUSTER_ENVIRONMENT", "from the environment")
        .set("DATABASE_URL", "postgres://muster:marked-password@db:5432/muster?password=marked-too")
        .set("DATABASE_MIGRATION_URL", "postgres://owner:marked-password@db:5432/muster")
        .set("REDIS_URL", "redis://:marked-password@cache:6379/1")
        .set("AMQP_URL", "amqp://muster:marked-password@broker/%2f")
        .set("MUSTER_INTERNAL_URL", "http://api:marked-password@api:8082")
        .set("MUSTER_PRACTICE_URL", "http://127.0.0.1:8081")
        .set("MUSTER_SHARDS", "4")
}

#[tokio::test]
async fn the_configuration_is_shown_without_its_secrets() {
    let home = marked();
    home.write("muster.toml", "log = \"warn\"\nenvironment = \"from the file\"\nlisten = \"127.0.0.1:1\"\n");
    let shown = home.run(&["config", "--listen", "127.0.0.1:2"]).await.done();
    assert!(!shown.contains("marked"), "{shown}");
    let (variables, others): (Vec<_>, Vec<_>) = shown.lines().partition(|line| line.starts_with("# OTEL_"));
    for masked in [
        "# OTEL_EXPORTER_OTLP_HEADERS = authorization=***",
        "# OTEL_EXPORTER_OTLP_TRACES_ENDPOINT = http://127.0.0.1:9/***/v1/traces",
    ] {
        assert!(variables.contains(&masked), "{shown}");
    }
    insta::assert_snapshot!(others.join("\n"), @r#"
    data = "./muster-data"
    discord-api = "http://127.0.0.1:8081/api/v10"
    environment = "from the environment"
    forward-max-bytes = "256MiB"
    health-listen = "127.0.0.1:8090"
    internal-listen = "127.0.0.1:0"
    internal-url = "http://api:***@api:8082/"
    listen = "127.0.0.1:2"
    log = "warn"
    log-format = "json"
    otlp-grpc = "127.0.0.1:4317"
    otlp-http = "127.0.0.1:4318"
    practice = "127.0.0.1:8081"
    practice-url = "http://127.0.0.1:8081/"
    shards = "4"
    telemetry-max-age = "7d"
    telemetry-max-bytes = "512MiB"
    # DATABASE_URL = postgres://muster:***@db:5432/muster?***
    # DATABASE_MIGRATION_URL = postgres://owner:***@db:5432/muster
    # REDIS_URL = redis://:***@cache:6379/1
    # AMQP_URL = amqp://muster:***@broker/%2f
    # DISCORD_BOT_TOKEN is set
    # MUSTER_INTERNAL_KEY is not set: one is made at each start
    # telemetry goes to http://127.0.0.1:9
    # TOKIO_WORKER_THREADS = 2
    # MUSTER_TELEMETRY_USER_IDS = plain
    # MUSTER_TELEMETRY_USER_ID_KEY = -
    "#);
    home.write("shown.toml", &shown);
    home.run(&["config", "--config", "shown.toml"]).await.done();
    let effective: toml::Table = shown.parse().expect("it can be put into muster.toml");
    assert_eq!(effective["listen"].as_str(), Some("127.0.0.1:2"), "a flag goes over the file");
    assert_eq!(effective["log"].as_str(), Some("warn"), "the file goes over the default");
    assert_eq!(effective["environment"].as_str(), Some("from the environment"));
}

/// What it found, without the ports and what the operating system says of them.
fn findings(ran: &Ran) -> String {
    let lines = ran.stdout.lines().map(|line| {
        let kept = line.split(" (").next().unwrap_or_default();
        kept.split("127.0.0.1:").next().unwrap_or_default().trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_doctor_finds_what_is_wrong() {
    let free = ["MUSTER_LISTEN", "MUSTER_PRACTICE", "MUSTER_OTLP_GRPC", "MUSTER_OTLP_HTTP"];
    let home = free.into_iter().fold(Home::new(), |home, variable| home.set(variable, "127.0.0.1:0"));
    let fresh = home.run(&["doctor"]).await;
    assert_eq!(fresh.code(), Some(0), "{fresh:#?}");
    insta::assert_snapshot!(findings(&fresh), @r"
        ok     configuration: every setting can be read
        ok     data folder: ./muster-data is free and can be written to
        ok     database: there is none yet; the first start makes it
        ok     dashboard:
        ok     internal:
        ok     otlp-grpc:
        ok     otlp-http:
        ok     practice:
        ok     discord: no DISCORD_BOT_TOKEN: the practice Discord is used
        ");

    home.run(&["migrate"]).await.done();
    let program = home.up().await;
    let running = home.run(&["doctor"]).await;
    assert_eq!(running.code(), Some(0), "{running:#?}");
    insta::assert_snapshot!(findings(&running), @r"
    ok     configuration: every setting can be read
    ok     data folder: ./muster-data is in use by a Muster that is running
    ok     database: sound, 5 migrations applied
    ok     addresses: held by the Muster that is running on this folder
    ok     discord: no DISCORD_BOT_TOKEN: the practice Discord is used
    ");
    program.stop().await;

    home.keep("muster.db", b"no database, whatever its name says");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home =
        home.set("DISCORD_BOT_TOKEN", "nobody's").set("MUSTER_DISCORD_API", "http://127.0.0.1:9/api/v10");
    let ill = home.run(&["doctor", "--listen", &address]).await;
    assert_eq!(ill.code(), Some(1), "{ill:#?}");
    insta::assert_snapshot!(findings(&ill), @r"
    ok     configuration: every setting can be read
    ok     data folder: ./muster-data is free and can be written to
    wrong  database: ./muster-data/muster.db is damaged or no database: file is not a database; put a backup in its place, or move it away to start anew
    wrong  dashboard:
    ok     internal:
    ok     otlp-grpc:
    ok     otlp-http:
    wrong  discord: no answer from Discord: error sending request: client error
    ");
}

#[tokio::test]
async fn the_api_document_is_the_one_that_is_served() {
    let home = Home::new();
    let printed: Value = serde_json::from_str(&home.run(&["openapi"]).await.done()).unwrap();
    assert!(!home.data().exists(), "asking for the document needs no data");
    let program = home.up().await;
    let nobody = crate::api::Person::nobody(program.http.clone(), program.address("dashboard"));
    let served = nobody.get("/api/v1/openapi.json").await.is(200);
    assert_eq!(printed, served);
    assert!(printed["paths"]["/api/v1/games"]["post"].is_object());
    program.stop().await;
}

#[tokio::test]
async fn every_command_is_explained() {
    let home = Home::new();
    let help = home.run(&["--help"]).await.done();
    for command in ["up", "migrate", "doctor", "config", "token", "openapi"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is missing from\n{help}");
    }
    let version = home.run(&["--version"]).await.done();
    assert!(version.starts_with(&format!("muster {}", env!("CARGO_PKG_VERSION"))), "{version}");
}
