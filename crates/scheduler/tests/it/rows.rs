//! The rows of the database as they stand there, for what no verb shows.

use domain::Game;
use jiff::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use testkit::House;

/// A row of the schedule.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) last_error: Option<String>,
    pub(crate) attempts: i64,
    pub(crate) lease_until: Option<i64>,
    available_at: i64,
}

impl Row {
    /// When it is tried next.
    pub(crate) fn available_at(&self) -> Timestamp {
        Timestamp::from_microsecond(self.available_at).unwrap()
    }

    /// Kind, state and reason.
    fn line(&self) -> String {
        let reason = self.last_error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
        format!("{} {}{reason}", self.kind, self.state)
    }
}

async fn connection(house: &House) -> SqliteConnection {
    SqliteConnectOptions::new().filename(house.database()).connect().await.unwrap()
}

/// What is or was planned for a game, in the order of its moments.
pub(crate) async fn schedule(house: &House, game: &Game) -> Vec<Row> {
    let rows = sqlx::query_as(
        "SELECT kind, state, last_error, attempts, lease_until, available_at FROM schedule \
         WHERE game = $1 ORDER BY due_at, kind, detail",
    );
    let mut connection = connection(house).await;
    rows.bind(game.id.get().as_bytes().to_vec()).fetch_all(&mut connection).await.unwrap()
}

/// What is or was planned of a kind for all games.
pub(crate) async fn everything(house: &House, kind: &str) -> Vec<Row> {
    let rows = sqlx::query_as(
        "SELECT kind, state, last_error, attempts, lease_until, available_at FROM schedule WHERE kind = $1",
    );
    rows.bind(kind).fetch_all(&mut connection(house).await).await.unwrap()
}

/// Takes the database's only pen: nobody else writes until this is dropped.
pub(crate) async fn hold_the_pen(house: &House) -> SqliteConnection {
    let mut connection = connection(house).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
    connection
}

/// The same, a row a line.
pub(crate) async fn planned(house: &House, game: &Game) -> String {
    schedule(house, game).await.iter().map(Row::line).collect::<Vec<_>>().join("\n")
}

/// Waits until a game had something of that kind and nothing of it is pending any more.
pub(crate) async fn settled(house: &House, game: &Game, kind: &str) {
    house
        .until(&format!("{kind} is settled"), async |house| {
            let rows = schedule(house, game).await;
            let mut states =
                rows.iter().filter(|row| row.kind == kind).map(|row| row.state.as_str()).peekable();
            states.peek().is_some() && states.all(|state| state != "pending")
        })
        .await;
}

/// The events of a game in their order, each with what its data says about the moment or the status.
pub(crate) async fn events(house: &House, game: &Game) -> Vec<String> {
    let rows = sqlx::query_scalar("SELECT payload FROM outbox WHERE game = $1 ORDER BY sequence");
    let mut connection = connection(house).await;
    let payloads: Vec<String> =
        rows.bind(game.id.get().as_bytes().to_vec()).fetch_all(&mut connection).await.unwrap();
    payloads.iter().map(|payload| line(&serde_json::from_str(payload).unwrap())).collect()
}

pub(crate) fn line(event: &domain::Event) -> String {
    use domain::EventBody::{GameStatusChanged, NotificationDue};
    let name = event.body.event_type();
    match &event.body {
        GameStatusChanged { from, to } => format!("{name} {from} → {to}"),
        NotificationDue { kind, scheduled_for, .. } => format!("{name} {kind} {scheduled_for}"),
        _ => name.to_owned(),
    }
}

/// Makes a game's row say what no program of ours would write.
pub(crate) async fn corrupt(house: &House, game: &Game) {
    let statement = sqlx::query("UPDATE games SET terms = '{}' WHERE id = $1");
    let mut connection = connection(house).await;
    let done = statement.bind(game.id.get().as_bytes().to_vec()).execute(&mut connection).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
}
