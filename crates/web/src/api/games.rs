//! `/games`: one endpoint a file.

mod cancel;
mod create;
mod deliveries;
mod edit;
mod join;
mod leave;
mod list;
mod participants;
mod show;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use list::{cursor, part};

use crate::app::Web;

/// The routes of games.
pub(crate) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(show::show, edit::edit, cancel::cancel))
        .routes(routes!(join::join))
        .routes(routes!(leave::leave))
        .routes(routes!(participants::participants))
        .routes(routes!(deliveries::deliveries))
}
