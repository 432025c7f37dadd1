//! Two processes with one limiter.

use std::time::Duration;

use cache::{Call, Grant, Limiter, Outcome, Pause, Permission, Quota};
use telemetry::{ServiceName, Telemetry};
use tokio::time::Instant;

use crate::{a_key, process, redis_url};

const QUOTA: Quota = Quota { per_second: 50, invalid: 500, invalid_window: Duration::from_mins(10) };
const SEND: Call<'static> = Call { method: "POST", template: "/channels/{channel.id}/messages", major: 1 };
const EDIT: Call<'static> =
    Call { method: "PATCH", template: "/channels/{channel.id}/messages/{message.id}", major: 1 };

/// Two processes' limiters, past their beginning.
async fn two(url: &str, name: &str, quota: Quota) -> (Process, Process) {
    let [one, other] = [(); 2].map(|()| {
        let limiter = process(url).limiter(name, quota).unwrap();
        Process { limiter, telemetry: Telemetry::off(ServiceName::Bot) }
    });
    let other_call = Call { method: "GET", template: "/gateway/bot", major: 0 };
    let grant = one.call(other_call).await;
    one.report(other_call, grant, Outcome::default()).await;
    (one, other)
}

struct Process {
    limiter: Limiter,
    telemetry: Telemetry,
}

impl Process {
    async fn take(&self, call: Call<'_>) -> Permission {
        self.limiter.take(&self.telemetry, call).await
    }

    async fn report(&self, call: Call<'_>, grant: Grant, outcome: Outcome<'_>) {
        self.limiter.report(&self.telemetry, call, Some(grant), outcome).await;
    }

    /// Waits as it is told to.
    async fn call(&self, call: Call<'_>) -> Grant {
        loop {
            match self.take(call).await {
                Permission::Granted(grant) => return grant,
                Permission::Wait(Pause::Everybody(pause) | Pause::Bucket(pause)) => {
                    tokio::time::sleep(pause).await;
                }
                refused => panic!("{refused:?}"),
            }
        }
    }
}

fn told(remaining: u32) -> Outcome<'static> {
    Outcome {
        answered: true,
        bucket: Some("b1"),
        limit: Some(5),
        remaining: Some(remaining),
        reset_after: Some(Duration::from_mins(1)),
        ..Outcome::default()
    }
}

#[tokio::test]
async fn fifty_a_second_in_all() {
    let Some(url) = redis_url() else { return };
    let (one, other) = two(&url, &a_key(), QUOTA).await;
    let began = Instant::now();
    let mut grants = Vec::new();
    for major in 0..120 {
        let process = if major % 2 == 0 { &one } else { &other };
        grants.push(process.call(Call { major, ..SEND }).await);
    }
    // What is not reported counts for two seconds: fifty and twenty more wait for those before them.
    assert!(began.elapsed() >= Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_call_counts_for_a_second_after_its_answer() {
    let Some(url) = redis_url() else { return };
    let quota = Quota { per_second: 1, ..QUOTA };
    let (one, other) = two(&url, &a_key(), quota).await;
    let grant = one.call(SEND).await;
    one.report(SEND, grant, Outcome::default()).await;
    let Permission::Wait(Pause::Everybody(pause)) = other.take(SEND).await else { panic!() };
    assert!(pause <= Duration::from_secs(1), "{pause:?}");
}

#[tokio::test]
async fn a_bucket_that_one_has_learnt_binds_the_other() {
    let Some(url) = redis_url() else { return };
    let (one, other) = two(&url, &a_key(), QUOTA).await;
    let first = one.call(SEND).await;
    assert!(matches!(other.take(SEND).await, Permission::AfterOthers), "nothing is known yet");
    assert!(matches!(other.take(Call { major: 2, ..SEND }).await, Permission::Granted(_)));

    one.report(SEND, first, told(2)).await;
    let edit = one.call(EDIT).await;
    one.report(EDIT, edit, told(2)).await;
    other.call(SEND).await;
    other.call(EDIT).await;
    for call in [SEND, EDIT] {
        let Permission::Wait(Pause::Bucket(pause)) = one.take(call).await else { panic!("two were left") };
        assert!(pause > Duration::from_secs(50), "{pause:?}");
    }
}

#[tokio::test]
async fn an_overtaken_answer_gives_nothing_back() {
    let Some(url) = redis_url() else { return };
    let (one, other) = two(&url, &a_key(), QUOTA).await;
    let first = one.call(SEND).await;
    one.report(SEND, first, told(2)).await;
    let (early, late) = (one.call(SEND).await, other.call(SEND).await);
    other.report(SEND, late, told(0)).await;
    one.report(SEND, early, told(1)).await;
    assert!(matches!(one.take(SEND).await, Permission::Wait(Pause::Bucket(_))));
}

#[tokio::test]
async fn a_refusal_of_one_stops_the_other() {
    let Some(url) = redis_url() else { return };
    let (one, other) = two(&url, &a_key(), QUOTA).await;
    let grant = one.call(SEND).await;
    let bucket = Outcome { pause: Some(Pause::Bucket(Duration::from_mins(1))), ..told(0) };
    one.report(SEND, grant, bucket).await;
    assert!(matches!(other.take(SEND).await, Permission::Wait(Pause::Bucket(_))));

    let elsewhere = Call { major: 2, ..SEND };
    let grant = other.call(elsewhere).await;
    let everybody = Outcome { pause: Some(Pause::Everybody(Duration::from_mins(1))), ..Outcome::default() };
    other.report(elsewhere, grant, everybody).await;
    let Permission::Wait(Pause::Everybody(pause)) = one.take(elsewhere).await else { panic!() };
    assert!(pause > Duration::from_secs(50), "{pause:?}");
}

#[tokio::test]
async fn invalid_requests_are_rationed_over_all() {
    let Some(url) = redis_url() else { return };
    let quota = Quota { invalid: 3, ..QUOTA };
    let (one, other) = two(&url, &a_key(), quota).await;
    let invalid = Outcome { is_invalid: true, answered: true, ..Outcome::default() };
    for (process, major) in [(&one, 1), (&other, 2)] {
        let call = Call { major, ..SEND };
        let grant = process.call(call).await;
        process.report(call, grant, invalid).await;
    }
    // Calls that need no permission count, too.
    one.limiter.report(&one.telemetry, SEND, None, invalid).await;
    let Permission::Wait(Pause::Everybody(pause)) = other.take(SEND).await else { panic!() };
    assert!(pause > Duration::from_secs(500), "{pause:?}");
}

#[tokio::test]
async fn who_has_forgotten_everything_lets_nobody_call_for_a_second() {
    let Some(url) = redis_url() else { return };
    let name = a_key();
    let (one, other) = two(&url, &name, QUOTA).await;
    other.call(SEND).await;
    forget(&url, &name).await;
    let Permission::Wait(Pause::Everybody(pause)) = one.take(SEND).await else { panic!() };
    assert!(pause > Duration::from_millis(900), "{pause:?}");
    one.call(SEND).await;
}

/// What a flush does, to this limiter alone.
async fn forget(url: &str, name: &str) {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let pattern = format!("muster:limiter:{name}*");
    let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await.unwrap();
    assert!(keys.len() >= 3, "{keys:?}");
    redis::Cmd::del(keys).exec_async(&mut connection).await.unwrap();
}

#[tokio::test]
async fn every_key_of_a_limiter_ends_some_day() {
    let Some(url) = redis_url() else { return };
    let name = a_key();
    let (one, _) = two(&url, &name, QUOTA).await;
    let grant = one.call(SEND).await;
    let pause = Some(Pause::Everybody(Duration::from_secs(9)));
    one.report(SEND, grant, Outcome { is_invalid: true, pause, ..told(0) }).await;
    let second = Call { major: 3, ..EDIT };
    one.limiter.report(&one.telemetry, second, None, told(3)).await;

    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let pattern = format!("muster:limiter:{name}*");
    let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await.unwrap();
    for key in &keys {
        let left: i64 = redis::cmd("PTTL").arg(key).query_async(&mut connection).await.unwrap();
        assert!(left > 0, "{key} lives for ever");
    }
}

#[tokio::test]
async fn without_redis_nobody_knows() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let limiter = process(&format!("redis://127.0.0.1:{port}/0")).limiter("a", QUOTA).unwrap();
    let telemetry = Telemetry::off(ServiceName::Bot);
    assert!(matches!(limiter.take(&telemetry, SEND).await, Permission::Unknown));
    assert!(cache::Cache::memory().limiter("a", QUOTA).is_none(), "one process has nothing to share");
}
