//! A deployment: a practice Discord, a collector, and any number of each service, every one a process.

use super::servers::Servers;
use crate::guild::Guild;
use crate::observatory::Observatory;
use crate::program::{Home, Program, browser, eventually};
use crate::stage::Stage;

/// What other processes have to know before the practice Discord has started.
const BOT_TOKEN: &str = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.apart.a-token-that-several-processes-know";
const INTERNAL_KEY: &str = "a key that all processes of this deployment share";
/// What a service in a process of its own is asked to listen on.
const DOORS: [&str; 2] = ["--health-listen", "127.0.0.1:0"];
/// The services that have no address of their own for people.
pub(super) const OTHERS: [&str; 3] = ["bot", "notification-daemon", "status-transition-daemon"];

/// All processes of a deployment; dropped, they are killed.
pub(super) struct Apart {
    pub(super) home: Home,
    /// Folders of processes have to outlive them.
    _folders: [Home; 2],
    pub(super) practice: Program,
    pub(super) collector: Program,
    pub(super) services: Vec<Service>,
}

/// A running service.
pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) program: Program,
}

impl Apart {
    /// The practice Discord and the collector run; the schema is there; no service has been started.
    pub(super) async fn prepare(servers: &Servers) -> Self {
        let own = Home::new().set("DISCORD_BOT_TOKEN", BOT_TOKEN);
        let practice = own.start(&["practice", "--practice", "127.0.0.1:0"]).await;
        let listen = ["--listen", "127.0.0.1:0", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0"];
        let gathering = Home::watched();
        let collector = gathering.start(&[&["collector"], &listen[..], &DOORS].concat()).await;
        let home = servers
            .home()
            .set("DISCORD_BOT_TOKEN", BOT_TOKEN)
            .set("MUSTER_INTERNAL_KEY", INTERNAL_KEY)
            .set("MUSTER_PRACTICE_URL", practice.address("practice"))
            .set("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address("otlp-http"));
        home.run(&["migrate"]).await.done();
        Self { home, _folders: [own, gathering], practice, collector, services: Vec::new() }
    }

    /// Starts so many APIs, and then so many of each of the others.
    pub(super) async fn start(mut self, apis: usize, each: usize) -> Self {
        for _ in 0..apis {
            let api = self.serve("api").await;
            self.services.push(api);
        }
        for name in OTHERS {
            for _ in 0..each {
                let service = self.serve(name).await;
                self.services.push(service);
            }
        }
        self
    }

    /// Starts one more of a service. Daemons tell the first API what they have done.
    pub(super) async fn serve(&self, name: &'static str) -> Service {
        let own = match (name, self.services.first()) {
            ("api", _) => vec!["--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0"],
            (_, Some(Service { name: "api", program })) => {
                vec!["--internal-url", program.address("internal")]
            }
            _ => Vec::new(),
        };
        let program = self.home.start(&[&[name], &own[..], &DOORS].concat()).await;
        Service { name, program }
    }

    pub(super) fn guild(&self) -> Guild {
        Guild::at(browser(), self.practice.address("practice"))
    }

    /// With the first API as the program of the stage.
    pub(super) async fn stage(&mut self) -> Stage {
        let api = self.services.remove(0).program;
        let observatory = Observatory::of(&self.collector);
        Stage::with(api, (self.guild(), observatory), &self.home).await
    }

    pub(super) async fn stop(self) {
        for service in self.services {
            service.program.stop().await;
        }
        self.collector.stop().await;
        self.practice.stop().await;
    }
}

impl Service {
    /// Whether it says that it can do its work.
    pub(super) async fn is_ready(http: &reqwest::Client, health: &str) -> bool {
        let answer = http.get(format!("{health}/readyz")).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    /// Waits until it says so.
    pub(super) async fn ready(self) -> Self {
        let (http, health) = (browser(), self.program.address("health"));
        let ready = async || Self::is_ready(&http, health).await.then_some(());
        eventually(&format!("a {} that is ready", self.name), ready).await;
        self
    }
}
