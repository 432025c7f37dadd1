//! Sums of spans, kept up while they are written.

use std::collections::{BTreeMap, HashMap, VecDeque};

use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use sqlx::SqliteConnection;

use super::{Row, duration_ns, is_entry, nanos};
use crate::{
    ids::{SpanId, TraceId},
    signal::attribute,
    store::write::{ROWS_PER_INSERT, insert_rows},
};

const MINUTE_NS: i64 = 60_000_000_000;
/// Buckets to each doubling: a percentile is off by a twelfth at most.
const BUCKETS_PER_DOUBLING: f64 = 8.0;
/// So many spans are remembered, for their children and parents that come in other batches.
const REMEMBERED: usize = 50_000;
/// So many children of one parent that has not come are remembered,
const MAX_WAITING: usize = 1_000;
/// and so many services: more are no map.
const MAX_SERVICES: usize = 1_000;
/// Only looking at a game is not part of its story.
const LOOKS: [&str; 4] = ["games.show", "games.list", "games.deliveries", "permissions.check"];

/// The bucket of a duration.
fn bucket_of(duration_ns: i64) -> i64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a bucket is a rough thing"
    )]
    let bucket = ((duration_ns.max(1) as f64).log2() * BUCKETS_PER_DOUBLING).floor() as i64;
    bucket
}

/// Where a bucket begins and ends, in nanoseconds.
pub(super) fn bounds_of(bucket: i64) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "buckets are few")]
    let bound = |bucket: i64| (bucket as f64 / BUCKETS_PER_DOUBLING).exp2();
    (bound(bucket), bound(bucket + 1))
}

/// The minute of a moment, since 1970.
pub(super) fn minute_of(unix_ns: i64) -> i64 {
    unix_ns.div_euclid(MINUTE_NS)
}

#[derive(Default)]
struct Game {
    first_ns: i64,
    last_ns: i64,
    spans: i64,
    errors: i64,
}

/// What the spans of one export add to the sums.
#[derive(Default)]
pub(super) struct Rollup<'a> {
    red: BTreeMap<(i64, &'a str, i64), (i64, i64)>,
    games: BTreeMap<&'a str, Game>,
}

impl<'a> Rollup<'a> {
    pub(super) fn of(rows: &'a [Row<'_>]) -> Self {
        let mut rollup = Self::default();
        for Row { span, origin, .. } in rows {
            rollup.add(span, &origin.service);
        }
        rollup
    }

    fn add(&mut self, span: &'a Span, service: &'a str) {
        let start_ns = nanos(span.start_time_unix_nano);
        let error = i64::from(is_error(span));
        if is_entry(span) {
            let key = (minute_of(start_ns), service, bucket_of(duration_ns(span)));
            let (entries, errors) = self.red.entry(key).or_default();
            *entries += 1;
            *errors += error;
        }
        let Some(game) = attribute(&span.attributes, super::GAME_ID) else { return };
        if error == 0 && is_look(&span.name) {
            return;
        }
        let game = self.games.entry(game).or_insert_with(|| Game { first_ns: i64::MAX, ..Game::default() });
        game.first_ns = game.first_ns.min(start_ns);
        game.last_ns = game.last_ns.max(start_ns);
        game.spans += 1;
        game.errors += error;
    }

    pub(super) async fn write(self, db: &mut SqliteConnection, slice: i64) -> sqlx::Result<()> {
        let red: Vec<_> = self.red.into_iter().collect();
        let (head, tail) = (
            format!("INSERT INTO red_{slice} (minute, service, bucket, entries, errors) "),
            " ON CONFLICT DO UPDATE SET entries = entries + excluded.entries, errors = errors + excluded.errors",
        );
        for rows in red.chunks(ROWS_PER_INSERT) {
            insert_rows(
                db,
                (&head, tail),
                rows,
                |mut row, ((minute, service, bucket), (entries, errors))| {
                    row.push_bind(*minute)
                        .push_bind(*service)
                        .push_bind(*bucket)
                        .push_bind(*entries)
                        .push_bind(*errors);
                },
            )
            .await?;
        }
        let games: Vec<_> = self.games.into_iter().collect();
        let (head, tail) = (
            format!("INSERT INTO games_{slice} (id, first_ns, last_ns, spans, errors) "),
            " ON CONFLICT DO UPDATE SET first_ns = min(first_ns, excluded.first_ns), \
             last_ns = max(last_ns, excluded.last_ns), spans = spans + excluded.spans, errors = errors + excluded.errors",
        );
        for rows in games.chunks(ROWS_PER_INSERT) {
            insert_rows(db, (&head, tail), rows, |mut row, (id, game)| {
                row.push_bind(*id)
                    .push_bind(game.first_ns)
                    .push_bind(game.last_ns)
                    .push_bind(game.spans)
                    .push_bind(game.errors);
            })
            .await?;
        }
        Ok(())
    }
}

fn is_error(span: &Span) -> bool {
    span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error)
}

fn is_look(name: &str) -> bool {
    name.starts_with("GET ") || name.starts_with("discord.interaction game") || LOOKS.contains(&name)
}

type Id = (TraceId, SpanId);

/// Finds out which service called which, although parents end, and so come, after their children.
#[derive(Default)]
pub(crate) struct Callers {
    services: Vec<String>,
    known: Remembered<u16>,
    /// Children whose parent has not come: the minute and the service that was entered.
    waiting: Remembered<Vec<(i64, u16)>>,
}

/// A map that forgets what it has held longest.
struct Remembered<T> {
    held: HashMap<Id, T>,
    order: VecDeque<Id>,
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self { held: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T: Default> Remembered<T> {
    fn at(&mut self, id: Id) -> &mut T {
        if !self.held.contains_key(&id) {
            self.order.push_back(id);
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.held.remove(&oldest);
            }
        }
        self.held.entry(id).or_default()
    }
}

/// `(minute, caller, callee)` and how often.
pub(super) type Calls = BTreeMap<(i64, String, String), i64>;

impl Callers {
    /// The calls that became known by these spans.
    pub(super) fn learn(&mut self, rows: &[Row<'_>]) -> Calls {
        let mut calls = Calls::new();
        for Row { span, origin, .. } in rows {
            let (Ok(trace), Ok(id)) =
                (TraceId::from_bytes(&span.trace_id), SpanId::from_bytes(&span.span_id))
            else {
                continue;
            };
            let service = self.number_of(&origin.service);
            *self.known.at((trace, id)) = service;
            for (minute, callee) in self.waiting.held.remove(&(trace, id)).unwrap_or_default() {
                self.count(&mut calls, minute, (service, callee));
            }
            let parent = SpanId::from_bytes(&span.parent_span_id).ok().filter(|_| is_entry(span));
            let Some(parent) = parent else { continue };
            let minute = minute_of(nanos(span.start_time_unix_nano));
            if let Some(caller) = self.known.held.get(&(trace, parent)).copied() {
                self.count(&mut calls, minute, (caller, service));
                continue;
            }
            let waiting = self.waiting.at((trace, parent));
            if waiting.len() < MAX_WAITING {
                waiting.push((minute, service));
            }
        }
        calls
    }

    fn count(&self, calls: &mut Calls, minute: i64, (from, to): (u16, u16)) {
        if from == to {
            return;
        }
        let name = |number: u16| self.services.get(usize::from(number)).cloned();
        if let (Some(from), Some(to)) = (name(from), name(to)) {
            *calls.entry((minute, from, to)).or_default() += 1;
        }
    }

    fn number_of(&mut self, service: &str) -> u16 {
        let at = self.services.iter().position(|known| known == service).unwrap_or_else(|| {
            if self.services.len() < MAX_SERVICES {
                self.services.push(service.to_owned());
                return self.services.len() - 1;
            }
            MAX_SERVICES
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }
}

pub(super) async fn write_calls(db: &mut SqliteConnection, slice: i64, calls: Calls) -> sqlx::Result<()> {
    let calls: Vec<_> = calls.into_iter().collect();
    let (head, tail) = (
        format!("INSERT INTO calls_{slice} (minute, caller, callee, times) "),
        " ON CONFLICT DO UPDATE SET times = times + excluded.times",
    );
    for rows in calls.chunks(ROWS_PER_INSERT) {
        insert_rows(db, (&head, tail), rows, |mut row, ((minute, caller, callee), times)| {
            row.push_bind(*minute).push_bind(&**caller).push_bind(&**callee).push_bind(*times);
        })
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_was_put_into_it() {
        for duration in [1_i64, 7, 1_000, 21_000_000, 59_000_000_000] {
            let (lower, upper) = bounds_of(bucket_of(duration));
            #[expect(clippy::cast_precision_loss, reason = "made-up durations")]
            let value = duration as f64;
            assert!(lower <= value && value < upper && upper / lower < 1.1, "{lower} {value} {upper}");
        }
    }
}
