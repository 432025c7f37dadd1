//! What `muster doctor` asks a database, and how to mend what it finds.

use crate::open::server;
use crate::{OpenError, Patience, Store, StoreConfig, StoreError};
use jiff::{SignedDuration, Timestamp};
use sqlx::{PgConnection, PgPool, SqlitePool};
use std::fmt;
use telemetry::{ServiceName, Telemetry};

/// The role that services work as.
const APP_ROLE: &str = "muster_app";
/// How far the clocks of a server and of this machine may be apart. A lease is fifteen times as long.
const SKEW_ALLOWED: SignedDuration = SignedDuration::from_secs(1);

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in one or two words.
    pub name: &'static str,
    /// How it is.
    pub verdict: Verdict,
}

/// How something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be, which is said in a sentence.
    Well(String),
    /// Not as it should be.
    Ill {
        /// What is wrong.
        what: String,
        /// How to mend it.
        mend: String,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Well(sentence) => f.write_str(sentence),
            Self::Ill { what, mend } => write!(f, "{what}; {mend}"),
        }
    }
}

fn well(name: &'static str, sentence: impl Into<String>) -> Finding {
    Finding { name, verdict: Verdict::Well(sentence.into()) }
}

fn ill(name: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { name, verdict: Verdict::Ill { what: what.into(), mend: mend.into() } }
}

/// Examines a database: whether it can be reached, its version, what the role may do, whether its schema is complete,
/// and how far its clock is from `now`. Nothing is changed, but a file that isn't there is made.
pub async fn examine(
    config: &StoreConfig,
    now: impl Fn() -> Timestamp + Send,
    patience: Patience,
) -> Vec<Finding> {
    let silent = Telemetry::off(ServiceName::Api);
    let store = match Store::open_patiently(config, &silent, patience).await {
        Ok(store) => store,
        Err(error) => return vec![ill("database", error.to_string(), mend(&error))],
    };
    let mut findings = Vec::new();
    let asked = match store.db.pools.server() {
        Some(server) => ask_server(server, now, &mut findings).await,
        None => ask_file(&store, &mut findings).await,
    };
    findings.push(migrations(&store).await);
    if let Err(error) = asked {
        let what = format!("it stopped answering: {}", StoreError::from(error).error_type());
        findings.push(ill("database", what, "look at the server's log"));
    }
    store.close().await;
    findings
}

/// What to do about a database that can't be opened.
fn mend(error: &OpenError) -> &'static str {
    match error {
        OpenError::Damaged(..) => "put a backup in its place, or move it away to start anew",
        OpenError::Foreign(_) => "choose another place for the database",
        OpenError::ReadOnly(_) => "let this user write to it",
        OpenError::Refused(..) => {
            "check the user, the password and the database's name in DATABASE_URL, and that this user may connect to it"
        }
        OpenError::Unreachable(..) => {
            "start it, or correct the address in DATABASE_URL; a firewall may be in between"
        }
        OpenError::Url(_) => "write it as postgres://user:password@host:5432/database",
        OpenError::TooOld(..) => "upgrade the server",
    }
}

async fn ask_file(store: &Store, findings: &mut Vec<Finding>) -> Result<(), sqlx::Error> {
    if let crate::db::Pools::Lite { readers, .. } = &store.db.pools {
        let readers: &SqlitePool = &readers.pool;
        let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(readers).await?;
        findings.push(well("version", format!("SQLite {version}")));
    }
    Ok(())
}

async fn ask_server(
    server: &PgPool,
    now: impl Fn() -> Timestamp,
    findings: &mut Vec<Finding>,
) -> Result<(), sqlx::Error> {
    let mut connection = server.acquire().await?;
    let version = server::version_of(&mut connection).await?;
    findings.push(well("version", format!("PostgreSQL {version}")));

    let before = now();
    let (theirs,): (crate::at::At,) =
        sqlx::query_as("SELECT clock_timestamp()").fetch_one(&mut *connection).await?;
    findings.push(skew(theirs.into(), (before, now())));

    findings.push(role(&mut connection).await?.judge());
    Ok(())
}

async fn role(connection: &mut PgConnection) -> Result<Role, sqlx::Error> {
    sqlx::query_as(Role::ASK).bind(APP_ROLE).fetch_one(connection).await
}

/// Why row-level security doesn't hold a service that works with this store, and how to mend it; none when it does, or
/// there is no server.
///
/// # Errors
/// When the database can't be asked.
pub async fn unwalled(store: &Store) -> Result<Option<String>, StoreError> {
    let Some(server) = store.db.pools.server() else { return Ok(None) };
    let mut connection = server.acquire().await?;
    let verdict = role(&mut connection).await?.judge().verdict;
    Ok(matches!(verdict, Verdict::Ill { .. }).then(|| verdict.to_string()))
}

/// Compares two clocks; the answer came at some moment between two of ours.
fn skew(theirs: Timestamp, (before, after): (Timestamp, Timestamp)) -> Finding {
    let apart = if theirs < before {
        before.duration_since(theirs)
    } else if theirs > after {
        theirs.duration_since(after)
    } else {
        SignedDuration::ZERO
    };
    let milliseconds = apart.as_millis();
    if apart > SKEW_ALLOWED {
        let side = if theirs < before { "behind" } else { "ahead of" };
        let what = format!("the server's clock is {milliseconds} ms {side} this machine's");
        return ill("clock", what, "let both keep time by NTP");
    }
    well("clock", format!("the server's differs by {milliseconds} ms at most"))
}

/// Who works on the tables.
#[derive(Debug, sqlx::FromRow)]
struct Role {
    signed_in: String,
    works_as: String,
    /// `cramped` who may not do everything, `boundless` whom no wall holds, `owner`; none for who is as it should be.
    trouble: Option<String>,
    /// Whether there is a role to work as.
    is_made: bool,
    /// The tables of guilds whose wall is down; none when all stand.
    open_tables: Option<String>,
}

impl Role {
    /// Tables of ours only; before the first migration there are none.
    const ASK: &str = "WITH ours AS (SELECT oid, relname, relowner, relrowsecurity AND relforcerowsecurity AS walled \
         FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname NOT LIKE '\\_%') \
         SELECT session_user::text AS signed_in, current_user::text AS works_as, CASE \
         WHEN EXISTS (SELECT 1 FROM ours, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed \
         WHERE NOT has_table_privilege(current_user, ours.oid, needed)) THEN 'cramped' \
         WHEN (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) THEN 'boundless' \
         WHEN EXISTS (SELECT 1 FROM ours WHERE pg_get_userbyid(relowner) = current_user) THEN 'owner' END AS trouble, \
         EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1) AS is_made, \
         (SELECT string_agg(relname, ', ' ORDER BY relname) FROM ours \
         WHERE (relname = 'guilds' OR EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = ours.oid AND attname = 'guild')) \
         AND NOT (walled AND EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = ours.oid AND polname = 'of_guild'))) \
         AS open_tables";

    fn judge(&self) -> Finding {
        let Self { signed_in, works_as, .. } = self;
        let who = format!("signs in as {signed_in} and works as {works_as}");
        let mend = if self.is_made {
            format!("run muster migrate, and GRANT {APP_ROLE} TO {signed_in} as a superuser")
        } else {
            format!("run CREATE ROLE {APP_ROLE} NOLOGIN as a superuser, then muster migrate")
        };
        match (self.trouble.as_deref(), &self.open_tables) {
            (None, Some(tables)) => {
                let mend = "let their owner ENABLE and FORCE ROW LEVEL SECURITY on each, with the policy of_guild that \
                            the migrations give it";
                ill("permissions", format!("{who}, but the wall between guilds is down on {tables}"), mend)
            }
            (None, None) => well("permissions", format!("{who}, whom row-level security holds")),
            (Some("cramped"), _) => {
                let mend = "run muster migrate as the owner of the tables";
                ill("permissions", format!("{who}, who may not change every table"), mend)
            }
            (Some("boundless"), _) => {
                ill("permissions", format!("{who}, whom no wall between guilds holds"), mend)
            }
            (Some(_), _) => ill("permissions", format!("{who}, who owns the tables"), mend),
        }
    }
}

async fn migrations(store: &Store) -> Finding {
    match store.migration_state().await {
        Ok(state) if state.pending() == 0 => well("migrations", format!("all {} are applied", state.applied)),
        Ok(state) => ill("migrations", format!("{} are pending", state.pending()), "run muster migrate"),
        Err(error) => {
            let what = format!("can't be read: {}", error.error_type());
            ill("migrations", what, "run muster migrate as the owner of the tables")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_compared_to_the_time_that_asking_took() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let asked = (at("2026-11-22T20:00:00Z"), at("2026-11-22T20:00:01Z"));
        let told = [
            "2026-11-22T20:00:00.5Z",
            "2026-11-22T20:00:01.2Z",
            "2026-11-22T20:00:09Z",
            "2026-11-22T19:00:00Z",
        ]
        .map(|theirs| skew(at(theirs), asked).verdict.to_string());
        insta::assert_snapshot!(told.join("\n"), @r"
        the server's differs by 0 ms at most
        the server's differs by 200 ms at most
        the server's clock is 8000 ms ahead of this machine's; let both keep time by NTP
        the server's clock is 3600000 ms behind this machine's; let both keep time by NTP
        ");
    }

    #[test]
    fn a_role_is_judged_by_what_holds_it() {
        let told = |works_as: &str, trouble: Option<&str>, is_made| {
            let (signed_in, works_as) = ("muster".to_owned(), works_as.to_owned());
            let trouble = trouble.map(str::to_owned);
            Role { signed_in, works_as, trouble, is_made, open_tables: None }.judge().verdict.to_string()
        };
        let told = [
            told("muster_app", None, true),
            told("muster_app", Some("cramped"), true),
            told("muster", Some("boundless"), true),
            told("muster", Some("owner"), false),
        ];
        insta::assert_snapshot!(told.join("\n"), @r"
        signs in as muster and works as muster_app, whom row-level security holds
        signs in as muster and works as muster_app, who may not change every table; run muster migrate as the owner of the tables
        signs in as muster and works as muster, whom no wall between guilds holds; run muster migrate, and GRANT muster_app TO muster as a superuser
        signs in as muster and works as muster, who owns the tables; run CREATE ROLE muster_app NOLOGIN as a superuser, then muster migrate
        ");
    }
}
