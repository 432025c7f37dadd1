//! What every page shares: one stylesheet, one sprite, one script, the frame, and the pieces of pages.
//!
//! Mount [`assets_router`] at [`ASSETS`], put [`security_headers`] around the whole router, return [`page`]:
//!
//! ```
//! use axum::{Router, middleware::map_response, routing::get};
//! use look::{Page, Section, Theme, page};
//! use maud::{Markup, html};
//!
//! async fn home(theme: Theme) -> Markup {
//!     let body = html! { h1 { "Next games" } };
//!     page(Page { title: "Next games", section: Section::Home, theme, body, ..Page::default() })
//! }
//!
//! let app: Router = Router::new()
//!     .route("/", get(home))
//!     .nest(look::ASSETS, look::assets_router())
//!     .layer(map_response(look::security_headers));
//! ```
//!
//! Pieces are functions that return markup. None needs an inline style or script, which the content security
//! policy forbids: what must be drawn is SVG with presentation attributes and classes.

mod assets;
mod blocks;
mod embed;
mod forms;
mod headers;
mod marks;
mod page;
mod table;
mod theme;
mod time;

pub use assets::{ASSETS, assets_router};
pub use blocks::{Failure, breakable, card, disclosure, empty_state, facts, failure, heading, notice, tabs};
pub use embed::{Embed, EmbedField, embed};
pub use forms::{Choice, Field, FieldError, Kind, Style, button, error_summary, field, hidden, link_button};
pub use headers::{CONTENT_SECURITY_POLICY, SECURITY_HEADERS, security_headers};
pub use marks::{Icon, Service, Tone, badge, icon, initial, quiet_badge, seats, service};
pub use page::{Live, Page, Section, Viewer, page};
pub use table::{Cell, Column, table};
pub use theme::{THEME_COOKIE, Theme};
pub use time::{duration, relative, relative_text, short_time, time};
