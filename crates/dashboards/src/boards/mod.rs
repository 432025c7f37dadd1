//! The dashboards, one a file.

use crate::grafana::Dashboard;
use crate::query::UnknownMetric;

mod deliveries;
mod discord;
mod game;
mod infrastructure;
mod services;
mod telemetry;

pub(crate) fn all() -> Result<Vec<Dashboard>, UnknownMetric> {
    Ok(vec![
        services::board()?,
        game::board()?,
        deliveries::board()?,
        discord::board()?,
        infrastructure::board()?,
        telemetry::board()?,
    ])
}
