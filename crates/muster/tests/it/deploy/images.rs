//! Every image that is not ours is one that can't change: a version, and the digest of what it is.

use super::{fields, read, text, yaml};
use std::collections::BTreeMap;

/// What a file takes from elsewhere: whole references.
fn named() -> Vec<(&'static str, String)> {
    let mut images = Vec::new();
    for file in ["deploy/compose.yaml", "deploy/compose.local-observability.yaml"] {
        let compose = yaml(&read(file));
        for (_, service) in fields(&compose["services"]) {
            images.push((file, text(&service["image"]).to_owned()));
        }
    }
    for file in ["postgres", "redis", "rabbitmq", "alloy", "api", "migrate"] {
        let pod = read(&format!("deploy/kubernetes/{file}.yaml"));
        let lines = pod.lines().filter_map(|line| line.trim().strip_prefix("image: "));
        images.extend(lines.map(|image| ("deploy/kubernetes", image.to_owned())));
    }
    let stages = read("deploy/Dockerfile");
    let stages = stages.lines().filter_map(|line| line.strip_prefix("FROM "));
    images.extend(stages.map(|stage| ("deploy/Dockerfile", stage.split(' ').next().unwrap().to_owned())));
    // Ours is built here; the local variant says nothing of the images that it leaves as they are.
    images
        .retain(|(_, image)| !image.is_empty() && image != "muster" && !image.starts_with("${MUSTER_IMAGE"));
    images
}

/// The name with its tag, and the digest.
fn parts(image: &str) -> (&str, &str) {
    let (tagged, digest) = image.split_once("@sha256:").unwrap_or_else(|| panic!("{image} has no digest"));
    assert!(digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit()), "{image}");
    (tagged, digest)
}

#[test]
fn every_image_is_pinned_by_tag_and_digest() {
    let images = named();
    let mut digests = BTreeMap::new();
    for (file, image) in &images {
        let (tagged, digest) = parts(image);
        let (_, tag) = tagged.rsplit_once(':').unwrap_or_else(|| panic!("{file}: {image} has no tag"));
        assert!(tag != "latest" && !tag.is_empty(), "{file}: {image}");
        let known = *digests.entry(tagged).or_insert(digest);
        assert_eq!(known, digest, "{file}: {tagged} is another elsewhere");
    }
    let names: Vec<_> = digests.into_keys().collect();
    insta::assert_snapshot!(names.join("\n"), @r"
    busybox:1.37.0-musl
    gcr.io/distroless/cc-debian12:nonroot
    grafana/alloy:v1.19.2
    grafana/otel-lgtm:0.34.0
    postgres:18.1-alpine
    rabbitmq:4.2.9-management
    rust:1.95.0-bookworm
    valkey/valkey:9.1-alpine
    ");
}

/// Compose and Kubernetes run the same engines.
#[test]
fn the_engines_are_the_same_everywhere() {
    let of = |wanted| {
        let images = named().into_iter().filter(|(file, _)| *file == wanted).map(|(_, image)| image);
        let mut images: Vec<_> = images.collect();
        images.sort();
        images
    };
    assert_eq!(of("deploy/compose.yaml"), of("deploy/kubernetes"));
}
