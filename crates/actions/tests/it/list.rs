//! Lists of games.

use actions::games::{self, CreateGame, GameQuery, Part};
use actions::{Actor, Door};
use domain::{Game, GameDraft, GameId};
use jiff::{SignedDuration, Timestamp};
use telemetry::ServiceName;
use testkit::{GUILD, House, person};

/// A page as the API gives it by default.
const PAGE: u32 = 50;
/// However many games are on a page, this is all that is asked for it.
const STATEMENTS: usize = 6;

fn actor(name: &str) -> Actor {
    Actor::on_the_web(person(name), Door::Api)
}

/// A game of Ada's for two players.
async fn game(house: &House, start: Timestamp) -> Game {
    let draft = GameDraft { title: "Dragons".to_owned(), start, seats: Some(2), ..GameDraft::default() };
    let wish = CreateGame { guild: GUILD, template: None, draft, idempotency: None };
    games::create(&house.ctx, &actor("ada"), wish).await.unwrap().game
}

/// More games than fit on a page, with different people on each roster.
async fn busy_guild() -> House {
    let house = House::open(ServiceName::Api).await;
    house.know_the_guild().await;
    let players = ["bruno", "chidi", "dana"];
    for number in 0..i64::from(PAGE) + 2 {
        let start = house.ctx.clock.now() + SignedDuration::from_hours(100 - number);
        let game = game(&house, start).await;
        for (turn, name) in (0..).zip(players) {
            if number % (turn + 2) == 0 {
                games::join(&house.ctx, &actor(name), game.id).await.unwrap();
            }
        }
    }
    house
}

async fn assert_listed_as_shown(house: &House, name: &str, query: GameQuery) -> Vec<GameId> {
    house.captured.clear();
    let listed = games::list(&house.ctx, &actor(name), query.clone()).await.unwrap();
    let spans = house.captured.spans();
    let asked: Vec<_> = spans.iter().filter_map(|span| span.attributes.get("db.query.summary")).collect();
    assert!(asked.len() <= STATEMENTS, "{asked:?}");
    assert!(!listed.games.is_empty());
    for view in &listed.games {
        let alone = games::show(&house.ctx, &actor(name), view.game.id).await.unwrap();
        assert_eq!(format!("{view:?}"), format!("{alone:?}"), "{query:?}");
    }
    listed.games.iter().map(|view| view.game.id).collect()
}

#[tokio::test]
async fn a_page_of_games_shows_each_as_it_is_shown_alone_for_six_statements() {
    let house = busy_guild().await;
    let everything = GameQuery { limit: PAGE, ..GameQuery::default() };
    let of_the_guild = GameQuery { guild: Some(GUILD), ..everything.clone() };
    let page = assert_listed_as_shown(&house, "bruno", everything.clone()).await;
    assert_eq!(page.len(), 50);
    assert_eq!(assert_listed_as_shown(&house, "dana", of_the_guild).await, page);
    let hers = GameQuery { part: Some(Part::Player), ..everything.clone() };
    let played = assert_listed_as_shown(&house, "chidi", hers).await;
    assert_eq!(played.len(), 18, "every third");

    let first = games::list(&house.ctx, &actor("ada"), everything.clone()).await.unwrap();
    let rest = GameQuery { after: first.next, ..everything };
    let rest = assert_listed_as_shown(&house, "ada", rest).await;
    assert_eq!((rest.len(), first.total), (2, 52));
    house.close().await;
}

#[tokio::test]
async fn a_page_without_games_asks_for_nobody() {
    let house = House::open(ServiceName::Api).await;
    house.know_the_guild().await;
    let listed = games::list(&house.ctx, &actor("ada"), GameQuery::default()).await.unwrap();
    assert_eq!((listed.games.len(), listed.total, listed.next), (0, 0, None));
    let spans = house.captured.spans();
    let asked: Vec<_> = spans.iter().filter_map(|span| span.attributes.get("db.query.summary")).collect();
    assert_eq!(asked, ["SELECT games", "SELECT games"]);
    house.close().await;
}
