//! Lists of games, page by page.

use crate::database::Database;
use crate::sample::{ADA, BRUNO, CHIDI, LANTERN, ORCHARD, game, member, now, place, scope, seconds, settle};
use domain::{Game, Participant, Status, UserId, Who};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use store::games::{self, GameFilter, Part};
use store::{guilds, members, participants};

stories! {
    games_are_listed_by_their_start_page_by_page,
    a_list_keeps_to_its_filter,
    nobody_lists_games_of_a_guild_that_is_not_theirs,
    the_people_of_a_page_are_those_of_each_of_its_games,
    an_empty_page_asks_nothing,
}

fn everything(viewer: UserId) -> GameFilter {
    GameFilter {
        viewer,
        guild: None,
        manages: false,
        statuses: Vec::new(),
        part: None,
        from: None,
        to: None,
        text: String::new(),
        limit: 100,
        after: None,
    }
}

async fn titles(db: &Database, filter: &GameFilter) -> String {
    let page = db.read(async |tx| games::list(tx, filter).await.unwrap()).await;
    let titles: Vec<_> = page.games.iter().map(|game| game.title.as_str()).collect();
    format!("{} of {}: {}", titles.len(), page.total, titles.join(", "))
}

async fn games_are_listed_by_their_start_page_by_page(db: &Database) {
    db.with_games(LANTERN, [3, 1, 2]).await;
    db.with_games(ORCHARD, [1, 4]).await;
    // Two that start together are kept apart by their ids.
    let mut filter = GameFilter { limit: 2, ..everything(ADA) };
    let mut pages = Vec::new();
    loop {
        let page = db.read(async |tx| games::list(tx, &filter).await.unwrap()).await;
        assert_eq!(page.total, 5, "on every page");
        let Some(last) = page.games.last() else { break };
        filter.after = Some((last.start, last.id));
        pages
            .push(page.games.iter().map(|game| format!("{} {}", game.guild, game.title)).collect::<Vec<_>>());
    }
    let pages: Vec<_> = pages.iter().map(|page| page.join(", ")).collect();
    insta::assert_snapshot!(pages.join("\n"), @r"
    100 Game 1, 101 Game 1
    100 Game 2, 100 Game 3
    101 Game 4
    ");
}

/// A game of each status, with titles that a search can trip over.
async fn shelf(db: &Database) {
    let titles = ["Ärger im Wald", "100% Dice", "under_score", "wow! again", "plain", "Łódź by night"];
    db.write(async |tx| {
        settle(tx, LANTERN).await;
        for ((number, title), status) in (1..).zip(titles).zip(Status::ALL) {
            let host = if number == 5 { BRUNO } else { ADA };
            let game = Game { title: title.to_owned(), status, host, ..game(LANTERN, number) };
            games::insert(tx, &game).await.unwrap();
            if number % 2 == 0 {
                participants::insert(tx, scope(LANTERN), game.id, &place(&game, BRUNO, 1)).await.unwrap();
            }
        }
    })
    .await;
}

async fn a_list_keeps_to_its_filter(db: &Database) {
    shelf(db).await;
    let ada = || everything(ADA);
    let bram = || everything(BRUNO);
    let text = |text: &str| GameFilter { text: text.to_owned(), ..ada() };
    let hour = |hours| Some(now() + SignedDuration::from_hours(hours));
    let filters = [
        ("all", ada()),
        ("drafts are the host's", bram()),
        ("or a manager's", GameFilter { guild: Some(scope(LANTERN)), manages: true, ..bram() }),
        ("statuses", GameFilter { statuses: vec![Status::InProgress, Status::Scheduled], ..ada() }),
        ("as host", GameFilter { part: Some(Part::Host), ..bram() }),
        ("as player", GameFilter { part: Some(Part::Player), ..bram() }),
        ("from, itself included", GameFilter { from: hour(5), ..ada() }),
        ("to, itself excluded", GameFilter { to: hour(2), ..ada() }),
        ("from and to", GameFilter { from: hour(2), to: hour(4), ..ada() }),
        ("in any case", text("ärGER")),
        ("in another alphabet's case", text("łÓDŹ")),
        ("a per cent sign", text("%")),
        ("an underscore", text("_")),
        ("an exclamation mark", text("!")),
        ("nothing like it", text("dragon")),
    ];
    let mut lines = Vec::new();
    for (what, filter) in filters {
        lines.push(format!("{what}: {}", titles(db, &filter).await));
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    all: 6 of 6: Ärger im Wald, 100% Dice, under_score, wow! again, plain, Łódź by night
    drafts are the host's: 5 of 5: 100% Dice, under_score, wow! again, plain, Łódź by night
    or a manager's: 6 of 6: Ärger im Wald, 100% Dice, under_score, wow! again, plain, Łódź by night
    statuses: 2 of 2: 100% Dice, under_score
    as host: 1 of 1: plain
    as player: 3 of 3: 100% Dice, wow! again, Łódź by night
    from, itself included: 2 of 2: plain, Łódź by night
    to, itself excluded: 1 of 1: Ärger im Wald
    from and to: 2 of 2: 100% Dice, under_score
    in any case: 1 of 1: Ärger im Wald
    in another alphabet's case: 1 of 1: Łódź by night
    a per cent sign: 1 of 1: 100% Dice
    an underscore: 1 of 1: under_score
    an exclamation mark: 1 of 1: wow! again
    nothing like it: 0 of 0:
    ");
}

async fn nobody_lists_games_of_a_guild_that_is_not_theirs(db: &Database) {
    db.with_games(LANTERN, [1]).await;
    db.with_games(ORCHARD, [2]).await;
    db.write(async |tx| members::upsert(tx, &member(ORCHARD, CHIDI)).await.unwrap()).await;
    assert_eq!(titles(db, &everything(CHIDI)).await, "1 of 1: Game 2");
    let there = GameFilter { guild: Some(scope(LANTERN)), ..everything(CHIDI) };
    assert_eq!(titles(db, &there).await, "0 of 0: ");
    let one_of_two = GameFilter { guild: Some(scope(LANTERN)), ..everything(ADA) };
    assert_eq!(titles(db, &one_of_two).await, "1 of 1: Game 1");

    db.write(async |tx| guilds::remove(tx, scope(ORCHARD), now()).await.unwrap()).await;
    assert_eq!(titles(db, &everything(CHIDI)).await, "0 of 0: ", "a removed guild is frozen");
    assert_eq!(titles(db, &everything(ADA)).await, "1 of 1: Game 1");
}

/// Twelve games in two guilds; each has a roster of its own, and one of them nobody on it.
async fn full_house(db: &Database) {
    for guild in [LANTERN, ORCHARD] {
        let games = db.with_games(guild, 1..=6).await;
        db.write(async |tx| {
            for (number, game) in (0..).zip(&games) {
                for user in 0..number {
                    let mut place = place(game, UserId::new(u64::from(user) + 1), user);
                    if user == 4 {
                        place.who = Who::Placeholder("somebody's friend".to_owned());
                    }
                    participants::insert(tx, scope(guild), game.id, &place).await.unwrap();
                }
            }
        })
        .await;
    }
}

async fn the_people_of_a_page_are_those_of_each_of_its_games(db: &Database) {
    full_house(db).await;
    let filters = [
        everything(ADA),
        GameFilter { limit: 5, ..everything(ADA) },
        GameFilter { guild: Some(scope(ORCHARD)), ..everything(BRUNO) },
        GameFilter { part: Some(Part::Player), from: Some(now() + seconds(3 * 3600)), ..everything(BRUNO) },
        GameFilter { text: "game 4".to_owned(), ..everything(BRUNO) },
    ];
    for filter in filters {
        let (page, rosters, names) = db
            .read(async |tx| {
                let page = games::list(tx, &filter).await.unwrap().games;
                let rosters = games::rosters(tx, &filter, &page).await.unwrap();
                let names = games::names(tx, &filter, &page).await.unwrap();
                (page, rosters, names)
            })
            .await;
        assert!(!page.is_empty());
        let mut each_roster = BTreeMap::new();
        let mut each_name = BTreeMap::new();
        for game in &page {
            let roster = roster_of(db, game).await;
            each_name.extend(names_of(db, game).await);
            each_roster.insert(game.id, roster);
        }
        each_roster.retain(|_, roster| !roster.is_empty());
        assert_eq!(rosters, each_roster, "{filter:?}");
        assert_eq!(names, each_name, "{filter:?}");
    }
}

async fn roster_of(db: &Database, game: &Game) -> Vec<Participant> {
    db.read(async |tx| participants::of_game(tx, scope(game.guild), game.id).await.unwrap()).await
}

async fn names_of(db: &Database, game: &Game) -> Vec<((domain::GuildId, UserId), String)> {
    let scope = scope(game.guild);
    db.read(async |tx| {
        let mut known = members::on_roster(tx, scope, game.id).await.unwrap();
        known.extend(members::find(tx, game.guild, game.host).await.unwrap());
        known.into_iter().map(|member| ((member.guild, member.user), member.name)).collect()
    })
    .await
}

async fn an_empty_page_asks_nothing(db: &Database) {
    db.captured.clear();
    let filter = everything(ADA);
    let (rosters, names) = db
        .read(async |tx| {
            let rosters = games::rosters(tx, &filter, &[]).await.unwrap();
            (rosters, games::names(tx, &filter, &[]).await.unwrap())
        })
        .await;
    assert!(rosters.is_empty() && names.is_empty());
    assert_eq!(db.captured.spans(), []);
}
