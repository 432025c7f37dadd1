//! The store through its front door, on a real SQLite file and, where `MUSTER_TEST_POSTGRES_URL` names a server,
//! on a real PostgreSQL: the same stories on both.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[macro_use]
mod database;

mod cards;
mod claims;
mod clocks;
mod crew;
mod dead;
mod deliveries;
mod doctor;
mod dump;
mod faults;
mod full_disk;
mod games;
mod guilds;
mod hints;
mod listening;
mod lists;
mod migrating;
mod migrations;
mod million;
mod opening;
mod outbox;
mod people;
mod plans;
mod pools;
mod rosters;
mod sample;
mod schedule;
mod schema;
mod scope;
mod shards;
mod spans;
mod tour;
mod transfer;
mod unreadable;
mod walls;
