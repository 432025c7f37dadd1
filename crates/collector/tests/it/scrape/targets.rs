//! What all targets have in common: how they are named, and what is said when they do not answer.

use std::{
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex},
    time::Duration,
};

use collector::{ScrapeConfig, Target, TargetError};
use secrecy::SecretString;
use serde_json::Value;
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::DefaultGuard,
};

use super::{
    address,
    cluster::Cluster,
    http, instance,
    redis_server::RedisServer,
    watch::{INTERVAL, Watch},
};
use crate::harness::World;

/// What the log says of scrapes in this thread, for as long as somebody listens.
pub(crate) struct Lines {
    told: Arc<Mutex<Vec<String>>>,
    _listens: DefaultGuard,
}

impl Lines {
    pub(crate) fn listen() -> Self {
        let told = Arc::default();
        let listens = tracing::subscriber::set_default(Listener(Arc::clone(&told)));
        Self { told, _listens: listens }
    }

    pub(crate) fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

struct Listener(Arc<Mutex<Vec<String>>>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && *metadata.level() <= Level::INFO
            && metadata.name().starts_with("collector.scrape")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} {}", event.metadata().level(), event.metadata().name()));
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

type Read = fn(&SecretString) -> Result<Target, TargetError>;
const TARGETS: [(&str, Read, u16); 3] = [
    ("postgresql", Target::postgres, 5_432),
    ("redis", Target::redis, 6_379),
    ("rabbitmq", Target::rabbitmq, 15_672),
];

#[tokio::test]
async fn metric_labels_present() {
    let _ = http();
    let cluster = Cluster::new(&[]).await;
    let redis = RedisServer::start(&[]).await;
    let urls = [
        cluster.as_ref().map(Cluster::owner),
        redis.as_ref().map(RedisServer::url),
        address("MUSTER_TEST_RABBITMQ_MANAGEMENT_URL"),
    ];
    for ((service, read, port), url) in TARGETS.into_iter().zip(urls) {
        let Some(url) = url else { continue };
        let watch = Watch::over(read, &url).await;
        watch.is("up", &[], 1.0).await;
        let instance = instance(&url, port);
        let (host, port) = instance.split_once(':').unwrap();
        let resource = watch.now().await.resource;
        for (key, value) in [
            ("service.name", service),
            ("service.instance.id", &instance),
            ("server.address", host),
            ("server.port", port),
        ] {
            assert!(resource.contains(&(key.into(), value.into())), "{key} is not {value}: {resource:?}");
        }
        assert_eq!(resource.iter().any(|(key, _)| key == "redis.version"), service == "redis");
        series_are_labelled(&watch.world, service, &instance).await;
        watch.stop().await;
    }
}

/// In the store each series has both, too, and the collector counts what it fetched from whom.
async fn series_are_labelled(world: &World, service: &str, instance: &str) {
    let names = world.read("metrics").await;
    let names = names.as_array().unwrap().iter().filter(|name| name["services"] == service);
    let mut series = 0;
    for name in names {
        let told = world.read(&format!("metrics?name={}", name["name"].as_str().unwrap())).await;
        for of in told.as_array().unwrap() {
            assert_eq!((&of["service"], &of["instance"]), (&service.into(), &instance.into()), "{of}");
            series += 1;
        }
    }
    assert!(series > 20, "{series}");
    let accepted = |told: &Value, receiver: &str| {
        let of = told.as_array().unwrap().iter().find(|of| of["attributes"]["receiver"] == receiver)?;
        of["points"].as_array()?.last()?["value"].as_f64()
    };
    let told = world.read("metrics?name=otelcol.receiver.accepted_metric_points").await;
    assert!(accepted(&told, service) > Some(20.0), "{told}");
    assert_eq!(accepted(&told, "otlp"), Some(0.0), "nobody sent anything");
    assert!(accepted(&told, "collector").is_some());
}

#[tokio::test]
async fn a_target_that_is_down_is_one_line_until_it_is_back() {
    let Some(mut server) = RedisServer::start(&[]).await else { return };
    let lines = Lines::listen();
    let watch = Watch::over(Target::redis, &server.url()).await;
    for _ in 0..2 {
        watch.is("up", &[], 1.0).await;
        server.kill().await;
        watch.is("up", &[], 0.0).await;
        for _ in 0..5 {
            assert_eq!(watch.now().await.value("up", &[]), Some(0.0));
        }
        server.restart().await;
    }
    watch.is("up", &[], 1.0).await;
    watch.stop().await;
    // It is refused, or cut off in the middle.
    let told = lines.told().join("\n").replace(&server.port.to_string(), "PORT");
    let told = told.replace("refused (os error 111)", "lost").replace("reset by peer (os error 104)", "lost");
    insta::assert_snapshot!(told, @r#"
    WARN collector.scrape.down message=a target cannot be asked for its metrics target_kind="redis" address=127.0.0.1:PORT error=Connection lost
    INFO collector.scrape.up message=a target answers again target_kind="redis" address=127.0.0.1:PORT
    WARN collector.scrape.down message=a target cannot be asked for its metrics target_kind="redis" address=127.0.0.1:PORT error=Connection lost
    INFO collector.scrape.up message=a target answers again target_kind="redis" address=127.0.0.1:PORT
    "#);
}

#[tokio::test]
async fn a_target_that_hangs_is_cut_off_and_not_up() {
    let _ = http();
    let timeout = Duration::from_millis(300);
    let lines = Lines::listen();
    // Somebody listens, and says nothing.
    let mut strangers = Vec::new();
    let mut targets = Vec::new();
    for (scheme, read) in [("postgres", TARGETS[0].1), ("redis", TARGETS[1].1), ("http", TARGETS[2].1)] {
        let stranger = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{scheme}://me:secret@{}", stranger.local_addr().unwrap());
        targets.push(read(&url.into()).unwrap());
        strangers.push(stranger);
    }
    let scrape = ScrapeConfig { targets, interval: INTERVAL, timeout };
    let world = World::with(|config| config.options.scrape = scrape).await;
    for stranger in &strangers {
        // It is asked again as often as it is cut off.
        for _ in 0..3 {
            let (mut asked, _) = stranger.accept().await.unwrap();
            listen_until_it_gives_up(&mut asked).await;
        }
    }
    let ups = world.read("metrics?name=up").await;
    assert_eq!(ups.as_array().unwrap().len(), 3, "{ups}");
    for up in ups.as_array().unwrap() {
        for point in up["points"].as_array().unwrap() {
            assert_eq!(point["value"], 0.0, "{up}");
        }
    }
    world.stop().await;
    let told = lines.told();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|line| line.contains("error=it did not answer within 300ms")), "{told:?}");
}

/// Takes what is said until the other side has had enough.
async fn listen_until_it_gives_up(asked: &mut TcpStream) {
    let mut heard = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(20), asked.read_to_end(&mut heard)).await;
    // Whether the end came in order or not.
    assert!(end.is_ok(), "it waits for ever");
    assert!(!heard.is_empty());
}

#[tokio::test]
async fn targets_that_nobody_serves_are_not_up() {
    let _ = http();
    let at = |scheme: &str| SecretString::from(format!("{scheme}://me:secret@127.0.0.1:1"));
    let targets = [("postgres", TARGETS[0].1), ("redis", TARGETS[1].1), ("http", TARGETS[2].1)];
    let targets = targets.map(|(scheme, read)| read(&at(scheme)).unwrap());
    let scrape = ScrapeConfig { targets: targets.into(), interval: INTERVAL, ..ScrapeConfig::default() };
    let world = World::with(|config| config.options.scrape = scrape).await;
    let look = async {
        loop {
            let ups = world.read("metrics?name=up").await;
            if ups.as_array().unwrap().len() == 3 {
                return ups;
            }
            tokio::task::yield_now().await;
        }
    };
    let ups = tokio::time::timeout(Duration::from_secs(30), look).await.unwrap();
    for up in ups.as_array().unwrap() {
        assert_eq!(up["points"][0]["value"], 0.0, "{up}");
    }
    world.stop().await;
}
