//! One limiter for all processes that use the same bot token, kept in Redis.
//!
//! Time is the server's. A call is counted towards the second from its permission until a second after its
//! answer, since nobody but Discord knows when it arrived; a call that never comes back is let go of after a
//! while. When the server has forgotten everything, nobody calls for a second.

mod wire;

use std::sync::Arc;
use std::time::Duration;

use clock::Chance;
use redis::{Script, ScriptInvocation};
use telemetry::Telemetry;

use crate::redis::link::{Link, NoAnswer, Operation};
use crate::redis::millis;

/// What a limiter lets pass.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Calls in any second.
    pub per_second: u32,
    /// Calls that may fail in a way that is held against us, in any `invalid_window`.
    pub invalid: u32,
    /// The time that those are counted over.
    pub invalid_window: Duration,
}

/// A call that wants to be made.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path with placeholders.
    pub template: &'a str,
    /// What it is about: calls of one route about different things don't share a bucket.
    pub major: u64,
}

impl Call<'_> {
    fn route(&self) -> String {
        format!("{} {}", self.method, self.template)
    }
}

/// A call that may be made, until it is reported.
#[derive(Debug)]
pub struct Grant {
    call: String,
    bucket: String,
}

/// Who has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Every call, for so long.
    Everybody(Duration),
    /// The calls of this bucket, for so long.
    Bucket(Duration),
}

/// Whether a call may be made.
#[derive(Debug)]
pub enum Permission {
    /// Now.
    Granted(Grant),
    /// Not before this pause is over.
    Wait(Pause),
    /// When another process has its answer.
    AfterOthers,
    /// Nobody knows: Redis is away.
    Unknown,
}

/// What came of a call, as far as limits go.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome<'a> {
    /// Whether an answer came.
    pub answered: bool,
    /// The bucket's name.
    pub bucket: Option<&'a str>,
    /// Calls that the bucket holds.
    pub limit: Option<u32>,
    /// Calls that are left in it.
    pub remaining: Option<u32>,
    /// When it is full again.
    pub reset_after: Option<Duration>,
    /// Who has to wait, after a call that was one too many.
    pub pause: Option<Pause>,
    /// Whether it is held against us.
    pub is_invalid: bool,
}

/// A limiter that all processes share; clones are the same.
#[derive(Clone, Debug)]
pub struct Limiter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    link: Arc<Link>,
    chance: Chance,
    key: String,
    quota: Quota,
    take: Script,
    report: Script,
}

impl Limiter {
    pub(crate) fn new(link: Arc<Link>, chance: Chance, (name, quota): (&str, Quota)) -> Self {
        let (take, report) = (include_str!("take.lua"), include_str!("report.lua"));
        let (take, report) = (Script::new(take), Script::new(report));
        Self(Arc::new(Shared { link, chance, key: format!("muster:limiter:{name}"), quota, take, report }))
    }

    /// Asks for one call. What is granted is to be reported; what isn't counts as under way for some seconds.
    pub async fn take(&self, telemetry: &Telemetry, call: Call<'_>) -> Permission {
        let Quota { per_second, invalid, invalid_window } = self.0.quota;
        let id = u64::from_be_bytes(self.0.chance.bytes()).to_string();
        let mut script = self.0.take.key(&self.0.key);
        script.arg(&id).arg(call.route()).arg(call.major);
        script.arg(per_second).arg(invalid).arg(millis(invalid_window));
        let Ok(verdict) = self.run::<wire::Verdict>(telemetry, script).await else {
            telemetry.metrics().cache_request("limiter", "error");
            return Permission::Unknown;
        };
        wire::permission(verdict, id)
    }

    /// Tells what came of a call; of one that needed no permission, without a grant.
    pub async fn report(
        &self,
        telemetry: &Telemetry,
        call: Call<'_>,
        grant: Option<Grant>,
        outcome: Outcome<'_>,
    ) {
        let mut script = self.0.report.key(&self.0.key);
        let (id, bucket) = grant.map_or_else(Default::default, |grant| (grant.call, grant.bucket));
        script.arg(id).arg(bucket).arg(call.route()).arg(call.major);
        wire::add(&mut script, outcome);
        script.arg(millis(self.0.quota.invalid_window));
        // What Redis doesn't hear of is counted as under way until its time is over.
        let _ = self.run::<()>(telemetry, script).await;
    }

    async fn run<T: redis::FromRedisValue>(
        &self,
        telemetry: &Telemetry,
        script: ScriptInvocation<'_>,
    ) -> Result<T, NoAnswer> {
        let operation = Operation { name: "EVALSHA", prefix: "limiter" };
        let ask = |mut redis| async move { script.invoke_async(&mut redis).await };
        self.0.link.ask(telemetry, operation, ask).await.map(|(answer, _)| answer)
    }
}
