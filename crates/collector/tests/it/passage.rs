//! What becomes of each item on its way on: it is sent, or counted as what else became of it.

use std::{path::PathBuf, time::Duration};

use collector::ForwardCounts;

use crate::{
    forward::{Got, Mood, Other, health, say, to},
    harness::World,
    story::{self, API, CREATED},
};

const AT: u64 = 1_777_660_200_000_000_000;
/// An eighth of it closes a segment.
const QUEUE_BYTES: u64 = 800_000;
/// More than that.
const FILLER_BYTES: usize = 120_000;

/// Says something that fills a file of the queue.
async fn say_much(world: &World, nth: u64) {
    let record = story::record(AT + nth, 9, &"x".repeat(FILLER_BYTES), (CREATED, 1));
    assert_eq!(world.send("logs", &story::log_export(API, vec![record])).await.status, 200);
    while health(world).signals[2].kept <= nth {
        tokio::task::yield_now().await;
    }
}

fn files(folder: &tempfile::TempDir) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(folder.path().join("forward")).unwrap();
    let mut files: Vec<_> = folder.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

fn whereabouts(counts: ForwardCounts) -> u64 {
    counts.sent + counts.sampled_out + counts.dropped + counts.refused + counts.lost
}

#[tokio::test]
async fn what_the_disk_does_not_give_back_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let other = Other::listen(Mood::Answers(503)).await;
    let mut config = to(&other.address, folder.path());
    config.max_bytes = QUEUE_BYTES;
    let world = World::with(|world| world.options.forward = Some(config)).await;
    say_much(&world, 0).await;
    other.is_asked(1).await;
    for nth in 1..4 {
        say_much(&world, nth).await;
    }
    // The first is being sent; of the others one is damaged, and one cannot be read at all.
    let files = files(&folder);
    assert_eq!(files.len(), 4, "{files:?}");
    let mut bytes = std::fs::read(&files[1]).unwrap();
    bytes[FILLER_BYTES / 2] ^= 1;
    std::fs::write(&files[1], bytes).unwrap();
    std::fs::remove_file(&files[2]).unwrap();
    std::fs::create_dir(&files[2]).unwrap();

    other.mood.send_replace(Mood::Takes);
    while health(&world).segments > 0 {
        tokio::task::yield_now().await;
    }
    let counts = health(&world).signals[2];
    assert_eq!((counts.kept, counts.sent, counts.lost, whereabouts(counts)), (4, 2, 2, 4), "{counts:?}");
    assert_eq!(other.gets(|got| got.logs >= 2).await.logs, 2);
    world.stop().await;
}

#[tokio::test]
async fn what_was_damaged_between_two_processes_is_counted_too() {
    let folder = tempfile::tempdir().unwrap();
    let other = Other::listen(Mood::Answers(503)).await;
    let mut config = to(&other.address, folder.path());
    config.max_bytes = QUEUE_BYTES;
    let before = config.clone();
    let world = World::with(|world| world.options.forward = Some(before)).await;
    for nth in 0..3 {
        say_much(&world, nth).await;
    }
    world.stop().await;
    let files = files(&folder);
    assert_eq!(files.len(), 3, "{files:?}");
    let mut bytes = std::fs::read(&files[0]).unwrap();
    bytes[FILLER_BYTES / 2] ^= 1;
    std::fs::write(&files[0], bytes).unwrap();
    // One that cannot be read does not keep the collector from its start.
    std::fs::remove_file(&files[1]).unwrap();
    std::fs::create_dir(&files[1]).unwrap();

    other.mood.send_replace(Mood::Takes);
    let world = World::with(|world| world.options.forward = Some(config)).await;
    while health(&world).segments > 0 {
        tokio::task::yield_now().await;
    }
    let counts = health(&world).signals[2];
    assert_eq!((counts.sent, counts.lost), (1, 1), "{counts:?}");
    assert_eq!(other.gets(|got| got.logs >= 1).await.logs, 1);
    world.stop().await;
}

#[tokio::test]
async fn what_is_too_large_for_the_other_side_goes_on_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let other = Other::listen(Mood::AtMost(2)).await;
    let world = World::with(|world| world.options.forward = Some(to(&other.address, folder.path()))).await;
    say(&world, 13).await;
    assert_eq!(other.gets(|got| got.logs >= 13).await.logs, 13);
    while health(&world).segments > 0 {
        tokio::task::yield_now().await;
    }
    let counts = health(&world).signals[2];
    assert_eq!((counts.kept, counts.sent, counts.refused), (13, 13, 0), "{counts:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_trace_whose_error_comes_a_moment_later_goes_on_whole() {
    let folder = tempfile::tempdir().unwrap();
    let other = Other::listen(Mood::Takes).await;
    let mut config = to(&other.address, folder.path());
    config.sampling.share = 0.0;
    config.max_bytes = QUEUE_BYTES;
    // Files are closed by their size alone, so that the halves are in two.
    config.pace.segment = Duration::from_mins(1);
    let world = World::with(|world| world.options.forward = Some(config)).await;
    let filler = "x".repeat(FILLER_BYTES);
    let half = |id, name| story::span(API, CREATED, id, 0, name).at(AT, 0, 1).with("filler", &filler);
    world.send("traces", &story::export([half(1, "first half")])).await;
    world.collector.flush().await;
    while health(&world).signals[0].kept < 1 {
        tokio::task::yield_now().await;
    }
    world.send("traces", &story::export([half(2, "second half").failed("lost", "late")])).await;
    let got = other.gets(|got| !got.spans.is_empty()).await;
    assert_eq!(got.spans, ["first half"]);
    assert_eq!(health(&world).signals[0].sampled_out, 0);
    world.stop().await;
}

#[tokio::test]
async fn what_is_repeated_goes_on_once_and_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let other = Other::listen(Mood::Takes).await;
    let mut config = to(&other.address, folder.path());
    config.pace.red = Duration::from_millis(50);
    let world = World::with(|world| world.options.forward = Some(config)).await;
    let counter = |name| story::metric_export(API, vec![story::counter(name, AT, 3, &[])]);
    world.send("traces", &story::export(story::created(AT))).await;
    world.send("metrics", &counter("repeated")).await;
    let games = world.read("games").await;
    assert!(games[0]["spans"].as_u64() > Some(0), "{games}");

    world.send("traces", &story::export(story::created(AT))).await;
    world.send("metrics", &counter("repeated")).await;
    // Now with something new beside it.
    let last = story::span(API, CREATED, 99, 1, "last").at(AT, 0, 1);
    let again = story::created(AT).into_iter().chain([last]);
    world.send("traces", &story::export(again)).await;
    world.send("metrics", &counter("last")).await;
    assert_eq!(world.read("games").await, games);
    let duplicate = world.collector.health().signals.map(|counts| counts.duplicate);
    assert_eq!(duplicate, [18, 1, 0]);

    let is_last = |name: &String| name == "last";
    let has_all =
        |got: &Got| got.spans.iter().any(is_last) && got.metrics.iter().any(is_last) && got.calls() > 9;
    let got = other.gets(has_all).await;
    let repeated = got.metrics.iter().filter(|name| *name == "repeated").count();
    assert_eq!((got.spans.len(), got.calls(), repeated), (10, 10, 1));
    world.stop().await;
}
