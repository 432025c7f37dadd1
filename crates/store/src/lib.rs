//! Every SQL statement of Muster, once, for SQLite and PostgreSQL.
//!
//! A verb opens one [`Tx`], loads, decides, saves, tells the outbox, and commits; the functions here are
//! grouped by table. Nothing here decides anything, and no statement is written anywhere else.

mod at;
pub mod cards;
pub mod channels;
mod claimed;
pub mod claims;
mod db;
pub mod dead;
pub mod deliveries;
mod dialect;
pub mod doctor;
mod error;
pub mod games;
pub mod guilds;
mod hints;
pub mod idempotency;
pub mod inbox;
mod listen;
pub mod members;
mod migrations;
mod open;
pub mod outbox;
pub mod participants;
pub mod schedule;
mod scope;
pub mod sessions;
pub mod shards;
pub mod templates;
pub mod tokens;
mod trace;
mod transfer;
pub mod users;

pub use cards::CardRow;
pub use db::Tx;
pub use deliveries::DeliveryRow;
pub use error::StoreError;
pub use hints::{Hint, Hints};
pub use migrations::MigrationState;
pub use open::{OpenError, Patience, Store, StoreConfig};
pub use schedule::DueRow;
pub use scope::GuildScope;
pub use transfer::{Progress, TransferError, Transferred, transfer};

/// Every statement as it is said to one kind of database, so that a test can prepare each there.
pub fn statements(system: telemetry::DbSystem) -> Vec<&'static telemetry::Statement> {
    let rooms = [
        &cards::STATEMENTS,
        &channels::STATEMENTS,
        &claims::STATEMENTS,
        &dead::STATEMENTS,
        &guilds::STATEMENTS,
        &idempotency::STATEMENTS,
        &inbox::STATEMENTS,
        &members::STATEMENTS,
        &outbox::STATEMENTS,
        &participants::STATEMENTS,
        &sessions::STATEMENTS,
        &shards::STATEMENTS,
        &templates::STATEMENTS,
        &tokens::STATEMENTS,
        &users::STATEMENTS,
    ];
    let divided = deliveries::ROOMS.into_iter().chain(games::ROOMS).chain(schedule::ROOMS);
    rooms.into_iter().chain(divided).flat_map(|room| room.on(system)).collect()
}
