//! Everything that is held about one game, trace by trace.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::{
    Reader, StoredLog,
    logs::{match_phrase, push_text_search, stored_logs},
    traces::{ids_json, stored_span},
};
use crate::{ids::TraceId, story::Scene};

/// A story is told of so many traces at once, the newest; there is a way to the older ones.
const CHAPTERS: usize = 400;
/// And of so many log records.
const LOGS: i64 = 2_000;

/// Looking at a game changes nothing: not part of its story unless it failed.
const IS_LOOK: &str = "(name LIKE 'GET %' OR name IN ('games.show', 'games.list', 'games.deliveries', \
                       'permissions.check') OR name LIKE 'discord.interaction game%')";

/// A game that something is held about.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub(crate) struct GameSummary {
    #[serde(rename = "game")]
    pub(crate) id: String,
    pub(crate) first_ns: i64,
    pub(crate) last_ns: i64,
    /// Spans that name it.
    pub(crate) spans: i64,
    pub(crate) errors: i64,
}

/// The scenes of a story.
pub(crate) struct Scenes {
    pub(crate) staged: Vec<Scene>,
    pub(crate) looks: u64,
    /// There are older ones than this moment.
    pub(crate) older_than_ns: Option<i64>,
}

impl Reader {
    /// What the traces before `until_ns` say of a game.
    pub(crate) async fn scenes(&self, game: &str, until_ns: i64) -> sqlx::Result<Scenes> {
        let mut found: Vec<(Vec<u8>, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT trace_id, min(start_ns) AS began FROM spans WHERE game_id = $1 AND (error OR NOT {IS_LOOK}) \
             GROUP BY trace_id HAVING began < $2 ORDER BY began DESC LIMIT $3"
        )))
        .bind(game)
        .bind(until_ns)
        .bind(i64::try_from(CHAPTERS + 1).unwrap_or(i64::MAX))
        .fetch_all(self.pool())
        .await?;
        let has_more = found.len() > CHAPTERS;
        found.truncate(CHAPTERS);
        let older_than_ns = found.last().map(|(_, began)| *began).filter(|_| has_more);
        let ids: Vec<TraceId> = found.iter().filter_map(|(id, _)| TraceId::from_bytes(id).ok()).collect();
        Ok(Scenes { staged: self.staged(game, &ids).await?, looks: self.looks(game).await?, older_than_ns })
    }

    /// How often somebody looked at a game without changing it.
    async fn looks(&self, game: &str) -> sqlx::Result<u64> {
        let looks: i64 = sqlx::query_scalar(
            "SELECT count(DISTINCT trace_id) FROM spans WHERE game_id = $1 AND name LIKE 'GET %'",
        )
        .bind(game)
        .fetch_one(self.pool())
        .await?;
        Ok(looks.cast_unsigned())
    }

    async fn staged(&self, game: &str, ids: &[TraceId]) -> sqlx::Result<Vec<Scene>> {
        let mut scenes =
            self.summarize(ids).await?.into_iter().fold(HashMap::new(), |mut scenes, summary| {
                scenes.insert(summary.trace_id, Scene { summary, spans: Vec::new(), logs: Vec::new() });
                scenes
            });
        // A request over HTTP is named by its method and the template of its address.
        let rows: Vec<(Vec<u8>, Vec<u8>, String, i64)> = sqlx::query_as(
            "SELECT trace_id, body, service, origin_id FROM spans \
             WHERE trace_id IN (SELECT unhex(value) FROM json_each($1)) \
             AND (game_id = $2 OR parent_id IS NULL OR (kind = 3 AND name LIKE '% /%')) ORDER BY start_ns, span_id",
        )
        .bind(ids_json(ids))
        .bind(game)
        .fetch_all(self.pool())
        .await?;
        let mut seen = HashSet::new();
        for (id, body, service, origin_id) in rows {
            let span = stored_span(&body, service, origin_id)?;
            let scene = TraceId::from_bytes(&id).ok().and_then(|id| scenes.get_mut(&id));
            if let Some(scene) = scene.filter(|scene| seen.insert((scene.summary.trace_id, span.id))) {
                scene.spans.push(span);
            }
        }
        for log in self.logs_of_traces(ids).await? {
            if let Some(scene) = log.trace_id.and_then(|id| scenes.get_mut(&id)) {
                scene.logs.push(log);
            }
        }
        Ok(ids.iter().filter_map(|id| scenes.remove(id)).collect())
    }

    async fn logs_of_traces(&self, ids: &[TraceId]) -> sqlx::Result<Vec<StoredLog>> {
        let rows = sqlx::query_as(
            "SELECT time_ns, service, body FROM logs WHERE trace_id IN (SELECT unhex(value) FROM json_each($1)) \
             ORDER BY time_ns, id LIMIT $2",
        )
        .bind(ids_json(ids))
        .bind(LOGS)
        .fetch_all(self.pool())
        .await?;
        stored_logs(rows)
    }

    /// Log records that name a game and belong to no trace, earliest first.
    pub(crate) async fn stray_logs_of_game(&self, game: &str) -> sqlx::Result<Vec<StoredLog>> {
        let mut query = sqlx::QueryBuilder::new(
            "SELECT time_ns, service, body FROM logs WHERE trace_id IS NULL AND TRUE",
        );
        let mut snapshot = self.snapshot().await?;
        push_text_search(&mut query, &match_phrase(game), &mut snapshot).await?;
        query.push(" ORDER BY time_ns, id LIMIT ").push_bind(LOGS);
        stored_logs(query.build_query_as().fetch_all(&mut *snapshot).await?)
    }
}

/// The list of games holds so many, the newest.
const LISTED: i64 = 100;

impl Reader {
    /// Games that something happened to, the last one first.
    pub(crate) async fn games(&self) -> sqlx::Result<Vec<GameSummary>> {
        sqlx::query_as(
            "SELECT id, min(first_ns) AS first_ns, max(last_ns) AS last_ns, sum(spans) AS spans, \
             sum(errors) AS errors FROM games GROUP BY id ORDER BY last_ns DESC LIMIT $1",
        )
        .bind(LISTED)
        .fetch_all(self.pool())
        .await
    }
}
