use crate::daemon::{Daemon, house, told};
use crate::rows::{events, planned, settled};
use actions::games::CreateGame;
use domain::due::Duty;
use domain::{Game, GameDraft, Template, TemplateId};
use jiff::SignedDuration;
use practice::cast;
use testkit::{GUILD, House};

/// A game for an hour in three hours, announced in one, put away an hour after its end.
async fn campaign(house: &House) -> Game {
    let now = house.clock.now();
    let id = TemplateId::new(house.ctx.chance.uuid(now));
    let mut template = Template::first(id, GUILD, domain::ChannelId::new(cast::GAMES_CHANNEL_ID));
    template.is_default = false;
    template.terms.archive_after_minutes = Some(60);
    template.terms.reminders = Vec::new();
    let mut tx = house.ctx.store.begin().await.unwrap();
    store::templates::insert(&mut tx, &template).await.unwrap();
    tx.commit().await.unwrap();
    let draft = GameDraft {
        title: "Dragons".to_owned(),
        start: now + SignedDuration::from_hours(3),
        post_at: Some(now + SignedDuration::from_hours(1)),
        ..GameDraft::default()
    };
    house.game_from(CreateGame { guild: GUILD, template: Some(id), draft, idempotency: None }).await
}

const COURSE: [&str; 4] = [
    "game.status_changed draft → scheduled",
    "game.status_changed scheduled → in_progress",
    "game.status_changed in_progress → completed",
    "game.status_changed completed → archived",
];

#[tokio::test]
async fn a_game_runs_its_course_at_its_moments() {
    let house = house().await;
    let game = campaign(&house).await;
    let daemon = Daemon::start(&house, Duty::Transition).await;
    for (kind, hours) in [("post", 1), ("start", 2), ("end", 1), ("archive", 1)] {
        house.clock.advance(SignedDuration::from_hours(hours));
        settled(&house, &game, kind).await;
    }
    assert_eq!(events(&house, &game).await[1..], COURSE);
    let spans = daemon.spans(&house, "status_transition.apply", 4).await;
    let keys = [
        "muster.transition.old_status",
        "muster.transition.new_status",
        "muster.transition.time",
        "muster.transition.lateness_ms",
    ];
    let lines: Vec<_> = spans.iter().map(|span| told(span, &keys)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    draft scheduled 2026-06-01T13:00:00Z 0
    scheduled in_progress 2026-06-01T15:00:00Z 0
    in_progress completed 2026-06-01T16:00:00Z 0
    completed archived 2026-06-01T17:00:00Z 0
    ");
    daemon.stop().await;
    house.close().await;
}

#[tokio::test]
async fn a_daemon_that_was_down_over_all_of_it_catches_up_in_order() {
    let house = house().await;
    let game = campaign(&house).await;
    house.clock.advance(SignedDuration::from_hours(24 * 10));
    let daemon = Daemon::start(&house, Duty::Transition).await;
    settled(&house, &game, "end").await;
    insta::assert_snapshot!(planned(&house, &game).await, @r"
    post done
    start done
    end done
    archive pending
    ");
    assert_eq!(events(&house, &game).await[1..], COURSE[..3]);
    // It is put away an hour after it was seen to be over.
    house.clock.advance(SignedDuration::from_hours(1));
    settled(&house, &game, "archive").await;
    assert_eq!(events(&house, &game).await[1..], COURSE);
    daemon.stop().await;
    house.close().await;
}
