//! Windows in Redis, for all processes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clock::Chance;
use redis::{FromRedisValue, Script, ScriptInvocation};
use telemetry::Telemetry;

use super::{Allowance, Known, Place, UNSETTLED};
use crate::redis::link::{Link, NoAnswer, Operation};
use crate::redis::millis;

#[derive(Debug)]
pub(super) struct Shared {
    link: Arc<Link>,
    key: String,
    /// This process among all.
    process: String,
    /// When Redis began to remember, as it said last; empty when it was never asked.
    begun: Mutex<String>,
    take: Script,
    settle: Script,
    close: Script,
}

impl Shared {
    pub(super) fn new(link: Arc<Link>, chance: &Chance, name: &str) -> Self {
        Self {
            link,
            key: format!("muster:window:{name}"),
            process: format!("{:x}", u64::from_be_bytes(chance.bytes())),
            begun: Mutex::default(),
            take: Script::new(include_str!("take.lua")),
            settle: Script::new(include_str!("settle.lua")),
            close: Script::new(include_str!("close.lua")),
        }
    }

    /// Takes a place, and tells what this process knows; a pause when there is none.
    pub(super) async fn take(
        &self,
        telemetry: &Telemetry,
        (place, Allowance { max, window }): (&Place, Allowance),
        Known { places, was_alone }: Known,
    ) -> Result<Option<Duration>, NoAnswer> {
        let mut script = self.take.key(&self.key);
        script
            .arg(self.id(place.number))
            .arg(place.about)
            .arg(max)
            .arg(millis(window))
            .arg(millis(UNSETTLED));
        script.arg(&*self.begun.lock().unwrap_or_else(PoisonError::into_inner));
        script.arg(u8::from(was_alone));
        for (number, left) in places {
            script.arg(self.id(number)).arg(millis(left) + 1);
        }
        let (pause, begun) = self.run::<(u64, String)>(telemetry, script).await?;
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = begun;
        Ok((pause > 0).then(|| Duration::from_millis(pause)))
    }

    /// A place that Redis doesn't hear of is taken for longer.
    pub(super) async fn settle(&self, telemetry: &Telemetry, place: &Place, window: Duration) {
        let mut script = self.settle.key(&self.key);
        script.arg(self.id(place.number)).arg(place.about).arg(millis(window));
        let _ = self.run::<()>(telemetry, script).await;
    }

    /// Processes that Redis doesn't tell find it out for themselves.
    pub(super) async fn close(&self, telemetry: &Telemetry, about: u64, pause: Duration) {
        let mut script = self.close.key(&self.key);
        script.arg(about).arg(millis(pause) + 1);
        let _ = self.run::<()>(telemetry, script).await;
    }

    fn id(&self, number: u64) -> String {
        format!("{}:{number}", self.process)
    }

    async fn run<T: FromRedisValue>(
        &self,
        telemetry: &Telemetry,
        script: ScriptInvocation<'_>,
    ) -> Result<T, NoAnswer> {
        let operation = Operation { name: "EVALSHA", prefix: "limiter" };
        let ask = |mut redis| async move { script.invoke_async(&mut redis).await };
        self.link.ask(telemetry, operation, ask).await.map(|(answer, _)| answer)
    }
}
