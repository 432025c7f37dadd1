//! How soon what is committed is with the consumer, at a hundred a second.

use crate::drain::event;
use crate::stage::{SCOPE, Service, Stage};
use crate::{figure, sample};
use actions::Ctx;
use bus::Consumer;
use domain::due::{DueKind, DueMoment, Duty};
use domain::{Event, EventBody, GameId};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use store::{outbox, schedule};
use telemetry::{ServiceName, Telemetry};

/// A hundred a second.
const EVERY: Duration = Duration::from_millis(10);
/// Which don't count: connections are opened and statements prepared.
const WARM_UP: u32 = 200;
const COUNTED: u32 = 3_000;

/// What is committed.
#[derive(Clone, Copy)]
enum What {
    /// An event of the API's own, which its relay publishes.
    Event,
    /// A moment that is due: the daemon in another process hears of it, and its relay publishes what comes of it.
    Moment,
}

/// Measures both, one after the other.
pub(crate) async fn measure(stage: &Stage, consumer: &mut Consumer) {
    let api = Service::start(stage.ctx(ServiceName::Api).await);
    let daemon = Service::start(stage.ctx(ServiceName::NotificationDaemon).await).with_daemon(Duty::Notify);
    tell("commit to consumer", steadily(stage, &api.ctx, consumer, What::Event).await);
    tell("commit to daemon to consumer", steadily(stage, &api.ctx, consumer, What::Moment).await);
    api.stop().await;
    daemon.stop().await;
}

fn tell(name: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    for one in &took {
        sample(name, *one);
    }
    for percent in [50, 99] {
        let at = (took.len() * percent).div_ceil(100) - 1;
        figure(&format!("{name} p{percent} in ms"), took[at].as_secs_f64() * 1e3);
    }
}

/// Commits one after the other when its time has come, whatever became of those before, and gives how long each was
/// on its way: from before the commit until the consumer has it.
async fn steadily(stage: &Stage, ctx: &Ctx, consumer: &mut Consumer, what: What) -> Vec<Duration> {
    let begin = Instant::now();
    let commits: Vec<_> = (1..=WARM_UP + COUNTED)
        .map(|number| {
            let (ctx, game) = (ctx.clone(), stage.game(number));
            telemetry::spawn(async move {
                tokio::time::sleep_until((begin + EVERY * number).into()).await;
                commit(&ctx, game, (number, what)).await
            })
        })
        .collect();
    let came = consume(consumer, (commits.len(), what)).await;
    let mut took = Vec::new();
    for (number, commit) in (1..).zip(commits) {
        let committed = commit.await.expect("a commit");
        if number > WARM_UP {
            took.push(came[&number.into()].duration_since(committed));
        }
    }
    took
}

/// Writes it, and gives when its commit began.
async fn commit(ctx: &Ctx, game: GameId, (number, what): (u32, What)) -> Instant {
    let mut tx = ctx.store.begin().await.expect("the database");
    match what {
        What::Event => outbox::push(&mut tx, &event(ctx, game, number)).await.expect("the outbox"),
        What::Moment => {
            let (at, kind) = (ctx.clock.now(), DueKind::Reminder { minutes: number });
            let moment = DueMoment { at, kind, deadline: None };
            let id = ctx.chance.uuid(at);
            schedule::add(&mut tx, SCOPE, (id, game), &moment).await.expect("the schedule");
        }
    }
    let began = Instant::now();
    tx.commit().await.expect("the database");
    began
}

/// Takes so many of a kind, and gives when each came, by its number.
async fn consume(consumer: &mut Consumer, (count, what): (usize, What)) -> HashMap<u64, Instant> {
    let bot = Telemetry::off(ServiceName::Bot);
    let mut came = HashMap::new();
    while came.len() < count {
        let delivery = consumer.next().await.expect("an open bus");
        let at = Instant::now();
        let event: Event = serde_json::from_slice(&delivery.message.body).expect("an envelope");
        let number = match (what, &event.body) {
            (What::Event, EventBody::ParticipantsChanged(_)) => Some(event.sequence),
            (What::Moment, EventBody::NotificationDue { detail, .. }) => Some(*detail),
            _ => None,
        };
        came.extend(number.map(|number| (number, at)));
        delivery.ack(&bot).await;
    }
    came
}
