//! What the distribution has to give.

use crate::failure::Failure;
use crate::run::{self, is_root, which};
use crate::servers::{postgres, rabbitmq};
use crate::{browser, discord_py, prometheus};

/// A package of Debian's, and whether what we want of it is there already.
pub(crate) struct Package {
    name: &'static str,
    wanted_for: &'static str,
    is_here: fn() -> bool,
}

/// The servers that Muster's engines run on.
pub(crate) const SERVERS: [Package; 3] = [
    Package { name: "postgresql", wanted_for: "the store on PostgreSQL", is_here: postgres::is_here },
    Package {
        name: "redis-server",
        wanted_for: "the cache on Redis",
        is_here: || which("redis-server").is_some(),
    },
    Package { name: "rabbitmq-server", wanted_for: "the bus on RabbitMQ", is_here: rabbitmq::is_here },
];

/// What else the tests look at Muster with.
pub(crate) const PROGRAMS: [Package; 5] = [
    Package {
        name: "prometheus",
        wanted_for: "alert rules as promtool plays them, metrics as Prometheus reads them",
        is_here: || prometheus::tool().is_some() && prometheus::server().is_some(),
    },
    Package {
        name: "chromium",
        wanted_for: "the pages in a browser",
        is_here: || which("chromium").is_some(),
    },
    Package {
        name: "chromium-driver",
        wanted_for: "the pages in a browser",
        is_here: || browser::driver().is_some(),
    },
    Package {
        name: "python3-venv",
        wanted_for: "another Discord library against the practice Discord",
        is_here: discord_py::python_can_make_environments,
    },
    Package {
        name: "busybox",
        wanted_for: "the health check of the image",
        is_here: || which("busybox").is_some(),
    },
];

/// Installs what is missing, and says so before.
///
/// # Errors
/// When it can't be installed, with what to type instead.
pub(crate) fn install_missing<'a>(wanted: impl IntoIterator<Item = &'a Package>) -> Result<(), Failure> {
    let missing: Vec<_> = wanted.into_iter().filter(|package| !(package.is_here)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for package in &missing {
        println!("xtask: {} is missing, for {}", package.name, package.wanted_for);
    }
    let names: Vec<_> = missing.iter().map(|package| package.name).collect();
    let by_hand = format!("apt-get install {}", names.join(" "));
    if which("apt-get").is_none() {
        return Err(go_without("This is no Debian or Ubuntu", &by_hand));
    }
    if !is_root() && which("sudo").is_none() {
        return Err(go_without("We are not root and there is no sudo", &by_hand));
    }
    println!("xtask: installing by: {by_hand}");
    let install = [&["install", "--yes", "--no-install-recommends"], names.as_slice()].concat();
    apt_get(&["update", "--quiet"])
        .and_then(|()| apt_get(&install))
        .map_err(|failure| go_without(&failure.to_string(), &by_hand))
}

fn apt_get(arguments: &[&str]) -> Result<(), Failure> {
    let program = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    let words: Vec<_> = if is_root() { program.to_vec() } else { [&["sudo"], program.as_slice()].concat() };
    run::done(run::command(words[0], words[1..].iter().chain(arguments)))
}

fn go_without(reason: &str, by_hand: &str) -> Failure {
    Failure::new(format!(
        "{reason}.\nInstall it by hand ({by_hand}), or go without: cargo xtask test --embedded"
    ))
}
