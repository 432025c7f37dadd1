use crate::grafana::{Dashboard, Panel, Unit, Variable};
use crate::query::UnknownMetric;

/// What happens to games, and everything that happened to one of them.
pub(super) fn board() -> Result<Dashboard, UnknownMetric> {
    let panels = vec![
        Panel::logs(
            "What happened to the game",
            "{service_namespace=\"muster\"} | game_id=`$game` or muster_game_id=`$game`",
        )
        .tells("Type a game's id above; it is in its address in the dashboard."),
        Panel::traces(
            "Traces of the game",
            "{ span.muster.game.id = \"$game\" } | select(span.muster.action)",
        ),
        Panel::traces(
            "What failed for it",
            "{ span.muster.game.id = \"$game\" && status = error } | select(span.error.type)",
        ),
        Panel::lines("Changes of games", Unit::PerSecond).query(
            "{{action}} by {{door}}",
            "sum by (action, door) (rate(<muster.games.changes>[$__rate_interval]))",
        )?,
        Panel::lines("Changes of rosters", Unit::PerSecond).query(
            "{{action}} by {{door}}",
            "sum by (action, door) (rate(<muster.participants.changes>[$__rate_interval]))",
        )?,
        Panel::lines("How full at start", Unit::Share).tells("Of games that started; one is full.").query(
            "on average",
            "sum(rate(<muster.games.fill.sum>[1d])) / sum(rate(<muster.games.fill.count>[1d]))",
        )?,
        Panel::lines("How far ahead games are posted", Unit::Seconds)
            .percentiles("muster.games.lead_time", "")?,
    ];
    let about = "Everything that happened to one game, and what happens to all of them.";
    Ok(Dashboard::new("game", "a game's life", about, panels).with(Variable::text("game", "Game's id")))
}
