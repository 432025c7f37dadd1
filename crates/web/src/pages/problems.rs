//! `/problems/{slug}`: what a type of problem means.

use axum::extract::Path;
use look::{Page, Theme, heading, page};
use maud::{Markup, html};

use crate::problem::{ALL, Problem, named};

/// One type.
pub(crate) async fn one(Path(slug): Path<String>, theme: Theme) -> Result<Markup, Problem> {
    let kind = named(&slug).ok_or_else(|| Problem::not_found("There is no such type of problem."))?;
    let crumb = html! { a href="/problems" { "Problems" } };
    let body = html! {
        (heading(Some(crumb), kind.title, None, None))
        div .stack {
            p { (kind.meaning) }
            p .muted { "Status " (kind.status) ", type " code { (kind.reference()) } }
        }
    };
    Ok(page(Page { title: kind.title, theme, body, ..Page::default() }))
}

/// All of them.
pub(crate) async fn all(theme: Theme) -> Markup {
    let body = html! {
        (heading(None, "Problems", None, None))
        dl .stack {
            @for kind in ALL {
                div {
                    dt { (kind.status) " " a href=(kind.reference()) { (kind.title) } }
                    dd .muted { (kind.meaning) }
                }
            }
        }
    };
    page(Page { title: "Problems", theme, body, ..Page::default() })
}
