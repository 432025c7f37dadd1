//! How traces are found and read.

use serde_json::json;

use crate::{
    harness::World,
    story::{self, CREATED, GAME, REMINDED},
};

const AT: u64 = 1_777_660_200_000_000_000;
const HOURS_LATER: u64 = AT + 3 * 3_600_000_000_000;
const STARTED: [u8; 16] = [0x99; 16];

async fn evening() -> World {
    let world = World::start().await;
    world.send("traces", &story::export(story::created(AT))).await;
    world.send("traces", &story::export(story::reminded(HOURS_LATER))).await;
    world.send("traces", &story::export(story::started(STARTED, HOURS_LATER + 1))).await;
    world
}

/// The names of the traces that a search lists.
async fn found(world: &World, filters: &str) -> Vec<String> {
    let list = world.read(&format!("traces?{filters}")).await;
    list.as_array().unwrap().iter().map(|trace| trace["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn traces_are_found_by_what_people_remember() {
    let world = evening().await;
    let (create, remind, start) = ("POST /api/v1/games", "notification.dispatch", "status_transition.apply");
    assert_eq!(found(&world, "").await, [remind, start, create]);
    assert_eq!(found(&world, "service=api-service").await, [create]);
    assert_eq!(found(&world, "name=update").await, [start, create]);
    assert_eq!(found(&world, "error=true").await, [remind]);
    assert_eq!(found(&world, "min_ms=175").await, [remind]);
    assert_eq!(found(&world, &format!("game={GAME}&limit=2")).await, [remind, start]);
    assert_eq!(found(&world, "game=another").await, [""; 0]);
    assert_eq!(found(&world, "attribute=discord.error.code%3D50007").await, [remind]);
    assert_eq!(found(&world, "attribute=muster.transition.old_status").await, [start]);
    assert_eq!(found(&world, "attribute=discord.error.code%3D50001").await, [""; 0]);
    assert_eq!(found(&world, "from=2026-05-01T20:00:00Z").await, [remind, start]);
    assert_eq!(found(&world, "to=2026-05-01T20:00&service=bot-service").await, [create]);
    assert_eq!(world.get("/observatory/api/traces?min_ms=soon").await.status, 422);
}

#[tokio::test]
async fn the_list_says_what_a_trace_was() {
    let world = evening().await;
    let list = world.read("traces?error=1").await;
    assert_eq!(
        list,
        json!([{
            "trace_id": "7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e",
            "name": "notification.dispatch",
            "service": "notification-daemon",
            "pending": false,
            "services": [["notification-daemon", 2], ["bot-service", 5]],
            "spans": 7,
            "errors": 1,
            "start_unix_nano": HOURS_LATER.to_string(),
            "duration_ns": 190_000_000,
        }])
    );
    assert_eq!(world.read("traces?service=status-transition-daemon").await[0]["pending"], true);
}

#[tokio::test]
async fn a_span_reads_back_as_it_was_sent() {
    let world = evening().await;
    let trace = world.read(&format!("traces/{}", hex::encode(REMINDED))).await;
    let spans = trace["spans"].as_array().unwrap();
    let root = spans.iter().find(|span| span["parent_span_id"].is_null()).unwrap();
    // A whole build may have serde_json keep the order of insertion.
    insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!(root, @r#"
        {
          "attributes": {
            "muster.game.id": "019a9c3e-7d10-7000-8000-00000000001a",
            "muster.notification.kind": "reminder",
            "muster.notification.lateness_ms": 84
          },
          "duration_ns": 9000000,
          "events": [],
          "kind": "consumer",
          "links": [
            {
              "attributes": {},
              "span_id": "0202020202020202",
              "trace_id": "4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b"
            }
          ],
          "name": "notification.dispatch",
          "parent_span_id": null,
          "resource": {
            "service.instance.id": "0b9d6a42-94c4-4b0e-9f52-6cf0f5a9d001",
            "service.name": "notification-daemon",
            "service.namespace": "muster"
          },
          "service": "notification-daemon",
          "span_id": "2121212121212121",
          "start_unix_nano": "1777671000000000000",
          "status": "unset",
          "status_message": "",
          "trace_id": "7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e"
        }
        "#); });
    let failed = spans.iter().find(|span| span["status"] == "error").unwrap();
    assert_eq!(failed["attributes"]["discord.error.code"], 50_007);
    assert_eq!(failed["status_message"], "Cannot send messages to this user");
}

#[tokio::test]
async fn a_trace_leaves_as_otlp_and_comes_back_the_same() {
    let world = evening().await;
    let path = format!("/observatory/api/traces/{}/otlp", hex::encode(CREATED));
    world.collector.flush().await;
    let exported = world.get(&path).await;
    assert_eq!(exported.status, 200);
    let again = World::start().await;
    assert_eq!(
        again.post("traces", &[("content-type", "application/json")], exported.body.clone()).await.status,
        200
    );
    again.collector.flush().await;
    assert_eq!(again.get(&path).await.json(), exported.json());
}

#[tokio::test]
async fn a_trace_that_is_not_held_is_not_found() {
    let world = World::start().await;
    for id in ["4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b", "nonsense"] {
        assert_eq!(world.get(&format!("/observatory/api/traces/{id}")).await.status, 404);
    }
}

#[tokio::test]
async fn the_overview_counts_what_enters_a_service() {
    let world = World::start().await;
    #[expect(clippy::disallowed_methods, reason = "the overview is about the last fifteen minutes")]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = u64::try_from(since.as_nanos()).unwrap() - 60_000_000_000;
    for nth in 1..=4 {
        world.send("traces", &story::export(story::joined([nth; 16], now, 1_000 * u64::from(nth)))).await;
    }
    world.collector.flush().await;
    let page = world.get("/observatory").await.text();
    for said in ["<title>4 calls</title>", "discord.interaction join"] {
        assert!(page.contains(said), "{said}");
    }
    assert!(page.contains("Requests answered") && page.contains("100.0 %"));
    // They come from buckets, eight to each doubling.
    let told =
        page.split("4×, p99 ").skip(1).map(|rest| rest.split(' ').next().unwrap().parse::<f64>().unwrap());
    for (told, exact) in told.zip([6.60, 21.0]) {
        assert!((told / exact - 1.0).abs() < 0.09, "{told} ms instead of {exact}");
    }
    assert_eq!(page.matches("4×, p99 ").count(), 2);
}
