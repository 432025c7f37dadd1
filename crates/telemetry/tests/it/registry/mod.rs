//! The registry against the tables, the documents, the sources and what is emitted.

mod emitted;
mod read;
mod render;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use read::Registry;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates lie two folders deep")
}

/// Brings a generated file up to date, and fails if it was not.
fn ensure(path: &PathBuf, wanted: &str) {
    let found = std::fs::read_to_string(path).unwrap_or_default();
    if found != wanted {
        std::fs::write(path, wanted).expect("it can be written");
        panic!("{} was stale; it is current now: look at it and commit it", path.display());
    }
}

#[test]
fn the_tables_are_made_from_the_registry() {
    let registry = Registry::read(&root().join("telemetry/registry"));
    ensure(&root().join("crates/telemetry/src/registry/table.rs"), &render::tables(&registry));
}

#[test]
fn the_catalogue_is_made_from_the_registry() {
    let registry = Registry::read(&root().join("telemetry/registry"));
    let path = root().join("docs/TELEMETRY.md");
    let text = std::fs::read_to_string(&path).expect("the document is there");
    let (begin, end) = ("<!-- registry:begin -->\n", "<!-- registry:end -->");
    let (before, rest) = text.split_once(begin).expect("it says where the catalogue begins");
    let (_, after) = rest.split_once(end).expect("it says where the catalogue ends");
    ensure(&path, &format!("{before}{begin}{}{end}{after}", render::catalogue(&registry)));
}

#[test]
fn the_registry_refers_to_what_there_is() {
    let registry = Registry::read(&root().join("telemetry/registry"));
    let ours: BTreeSet<&str> = registry.attributes().map(|attribute| attribute.id.as_str()).collect();
    let conventional = [
        "client.",
        "code.",
        "db.",
        "deployment.",
        "error.",
        "exception.",
        "host.",
        "http.",
        "messaging.",
        "network.",
        "os.",
        "process.",
        "server.",
        "service.",
        "telemetry.",
        "url.",
        "user.",
        "user_agent.",
    ];
    let mut ids = BTreeSet::new();
    for group in registry.groups() {
        assert!(ids.insert(&group.id), "{} is there twice", group.id);
        for reference in group.references() {
            let known = ours.contains(reference) || conventional.iter().any(|it| reference.starts_with(it));
            assert!(known, "{} refers to {reference}, which nobody defines", group.id);
        }
    }
    let used: BTreeSet<&str> = registry.groups().flat_map(read::Group::references).collect();
    let unused: Vec<_> = ours.difference(&used).collect();
    assert!(unused.is_empty(), "nothing says {unused:?}");
}

/// Names of events that the sources of all crates give.
fn names_in_sources() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("it is a folder").flatten() {
            let path = entry.path();
            let tests = ["tests", "benches", "testkit", "xtask", "target"];
            if path.is_dir() && !tests.iter().any(|name| path.ends_with(name)) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                names.extend(event_names(code));
            }
        }
    }
    names
}

/// What stands as `name: "…"` in the macros of `tracing`.
fn event_names(code: &str) -> impl Iterator<Item = String> + '_ {
    let levels = ["error!(", "warn!(", "info!(", "debug!(", "trace!("];
    let calls = levels.into_iter().flat_map(move |level| code.split(level).skip(1));
    calls.filter_map(|call| {
        let name = call.trim_start().strip_prefix("name:")?.trim_start().strip_prefix('"')?;
        Some(name.split('"').next()?.to_owned())
    })
}

#[test]
fn every_event_of_the_sources_is_listed_and_the_reverse() {
    let registry = Registry::read(&root().join("telemetry/registry"));
    let listed: BTreeSet<String> = registry.events().map(|event| event.event_name().to_owned()).collect();
    let in_sources = names_in_sources();

    let unlisted: Vec<_> = in_sources.difference(&listed).collect();
    assert!(unlisted.is_empty(), "telemetry/registry/events.yaml lacks {unlisted:?}");
    // What failed is put together from the operation's name.
    let gone: Vec<_> = listed.difference(&in_sources).filter(|name| !name.contains('{')).collect();
    assert!(gone.is_empty(), "telemetry/registry/events.yaml lists {gone:?}, which nothing says");
}
