//! What a host may ask for, and what is said to a host who asks for too much.

use crate::world::{dawn, draft, game_of, minutes, origin, template};
use domain::{FieldError, Game, GameChanges, GameDraft, GameField, SignupMethod, Status, clean_text};
use proptest::prelude::*;

fn told(errors: &[FieldError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_absent_comes_from_the_template() {
    let mut template = template();
    template.terms.seats = 4;
    template.terms.reminders = vec![5, 30, 5];
    template.terms.place = "The back room".to_owned();
    template.terms.signup = SignupMethod::RolePriority;
    let game = Game::plan(draft(), origin(&template)).unwrap();
    assert_eq!(game.terms.seats, 4);
    assert_eq!(game.terms.reminders, [30, 5], "furthest first, each once");
    assert_eq!(game.terms.place, "The back room");
    assert_eq!(game.terms.signup, SignupMethod::RolePriority);
    assert_eq!((game.status, game.zone.as_str()), (Status::Scheduled, "Europe/Berlin"));
}

#[test]
fn what_is_empty_is_cleared_on_purpose() {
    let mut template = template();
    template.terms.place = "The back room".to_owned();
    let cleared = GameDraft { place: Some(String::new()), reminders: Some(vec![]), ..draft() };
    let game = Game::plan(cleared, origin(&template)).unwrap();
    assert_eq!((game.terms.place.as_str(), game.terms.reminders.as_slice()), ("", [].as_slice()));
}

#[test]
fn a_game_that_is_announced_later_is_a_draft() {
    let later = game_of(GameDraft { post_at: Some(dawn() + minutes(10)), ..draft() });
    assert_eq!((later.status, later.post_at), (Status::Draft, Some(dawn() + minutes(10))));
    let at_once = game_of(GameDraft { post_at: Some(dawn()), ..draft() });
    assert_eq!((at_once.status, at_once.post_at), (Status::Scheduled, None));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let wrong = GameDraft {
        title: " \u{200B}\t ".to_owned(),
        description: Some("d".repeat(2001)),
        start: dawn(),
        zone: Some("Middle/Earth".to_owned()),
        minutes: Some(0),
        seats: Some(101),
        reminders: Some((0..11).collect()),
        place: Some("p".repeat(501)),
        instructions: Some("i".repeat(1001)),
        signup: None,
        post_at: Some(dawn() + minutes(1)),
    };
    let errors = Game::plan(wrong, origin(&template())).unwrap_err();
    insta::assert_snapshot!(told(&errors), @r"
    title: Between 1 and 200 characters.
    description: At most 2000 characters.
    place: At most 500 characters.
    instructions: At most 1000 characters.
    seats: Between 1 and 100.
    minutes: Between 1 and 43200.
    reminders: At most ten reminders.
    reminders: Each between 1 and 43200 minutes before the start.
    zone: Not a time zone that we know.
    start: The start has to be in the future.
    post_at: Announce it before it starts.
    ");
}

#[test]
fn an_edit_hears_all_at_once_as_well() {
    let game = game_of(draft());
    let wrong = GameChanges {
        title: Some("t".repeat(201)),
        description: Some("d".repeat(2001)),
        start: Some(dawn() - minutes(1)),
        zone: Some(String::new()),
        minutes: Some(43_201),
        seats: Some(0),
        reminders: Some(vec![43_201]),
        place: Some("p".repeat(501)),
        instructions: Some("i".repeat(1001)),
    };
    insta::assert_snapshot!(told(&game.with(wrong, dawn()).unwrap_err()), @r"
    title: Between 1 and 200 characters.
    description: At most 2000 characters.
    place: At most 500 characters.
    instructions: At most 1000 characters.
    seats: Between 1 and 100.
    minutes: Between 1 and 43200.
    reminders: Each between 1 and 43200 minutes before the start.
    zone: Not a time zone that we know.
    start: The start has to be in the future.
    ");
}

#[test]
fn the_longest_of_everything_is_taken() {
    let game = game_of(GameDraft {
        title: "ü".repeat(200),
        description: Some("d".repeat(2000)),
        minutes: Some(43_200),
        seats: Some(100),
        reminders: Some((1..=10).collect()),
        place: Some("p".repeat(500)),
        instructions: Some("i".repeat(1000)),
        ..draft()
    });
    assert_eq!(game.title.chars().count(), 200);
}

#[test]
fn an_edit_names_the_fields_that_it_touched() {
    let game = game_of(draft());
    let changes = GameChanges {
        title: Some(" Lost Mine ".to_owned()),
        zone: Some("America/New_York".to_owned()),
        seats: Some(3),
        reminders: Some(vec![15, 60]),
        place: Some("Table 2".to_owned()),
        ..GameChanges::default()
    };
    let (edited, touched) = game.with(changes, dawn()).unwrap();
    assert_eq!(touched, [GameField::Start, GameField::Seats, GameField::Place]);
    assert_eq!(edited.terms.seats, 3);
    let announced: Vec<_> = touched.into_iter().filter(|field| field.is_announced()).collect();
    assert_eq!(announced, [GameField::Start, GameField::Place]);
}

#[test]
fn a_start_can_be_moved_only_before_it_came() {
    let game = game_of(draft());
    let later = || GameChanges { start: Some(game.start + minutes(60)), ..GameChanges::default() };
    assert_eq!(game.with(later(), dawn()).unwrap().0.start, game.start + minutes(60));
    let under_way = Game { status: Status::InProgress, ..game.clone() };
    insta::assert_snapshot!(told(&under_way.with(later(), game.start).unwrap_err()), @"start: It has started already.");
    let longer = GameChanges { minutes: Some(90), ..GameChanges::default() };
    assert_eq!(under_way.with(longer, game.start).unwrap().1, [GameField::Minutes]);
}

#[test]
fn a_draft_starts_after_it_is_announced() {
    let game = game_of(GameDraft { post_at: Some(dawn() + minutes(30)), ..draft() });
    let sooner = GameChanges { start: Some(dawn() + minutes(20)), ..GameChanges::default() };
    insta::assert_snapshot!(told(&game.with(sooner, dawn()).unwrap_err()), @"start: It would start before it is announced.");
}

#[test]
fn a_title_is_one_line_and_a_description_many() {
    let game = game_of(GameDraft {
        title: "Lost\r\nMine\u{202E}".to_owned(),
        description: Some("One.\r\n\r\nTwo.".to_owned()),
        ..draft()
    });
    assert_eq!((game.title.as_str(), game.description.as_str()), ("Lost Mine", "One.\n\nTwo."));
}

proptest! {
    #[test]
    fn cleaning_twice_is_cleaning_once(text in "\\PC*|.*") {
        let clean = clean_text(&text);
        prop_assert_eq!(clean_text(&clean), clean.clone());
        prop_assert!(!clean.chars().any(|c| c.is_control() && c != '\n'));
    }

    #[test]
    fn no_input_breaks_the_rules_or_the_program(
        title in ".{0,220}", minutes in any::<u32>(), seats in any::<u32>(),
        reminders in prop::collection::vec(any::<u32>(), 0..12), start in any::<i64>(),
    ) {
        let start = jiff::Timestamp::from_second(start % 253_402_207_200).unwrap_or(dawn());
        let draft = GameDraft {
            title, start, minutes: Some(minutes), seats: Some(seats), reminders: Some(reminders), ..draft()
        };
        if let Ok(game) = Game::plan(draft, origin(&template())) {
            prop_assert!((1..=200).contains(&game.title.chars().count()));
            prop_assert!((1..=100).contains(&game.terms.seats));
            prop_assert!(game.end() > game.start && game.start > dawn());
            prop_assert!(game.terms.reminders.is_sorted_by(|a, b| a > b));
        }
    }
}
