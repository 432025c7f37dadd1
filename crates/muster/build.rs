//! Puts the revision of the source into the version, where there is one.

use std::process::Command;

fn main() {
    let revision = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    let version = match (std::env!("CARGO_PKG_VERSION"), revision) {
        (version, Some(revision)) => format!("{version}+{revision}"),
        (version, None) => version.to_owned(),
    };
    println!("cargo:rustc-env=MUSTER_VERSION={version}");
    println!("cargo:rerun-if-changed=../../.git/HEAD");
    println!("cargo:rerun-if-changed=../../.git/refs/heads");
}
