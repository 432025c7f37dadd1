//! Signing in and out.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{AppendHeaders, Redirect};
use look::{Page, Theme, empty_state, heading, hidden, initial, page};
use maud::{Markup, html};

use super::visit::SentForm;
use crate::app::{PracticePerson, Web, WebConfig};
use crate::auth;
use crate::input::{Query, Submitted};
use crate::problem::Problem;

/// A redirect that sets a cookie.
type Moved = (AppendHeaders<[(HeaderName, HeaderValue); 1]>, Redirect);

/// Asks whom to be.
pub(crate) async fn ask(State(web): State<Web>, theme: Theme, query: Query) -> Markup {
    view(web.config(), theme, query.text("next").unwrap_or("/"))
}

/// Starts a session and goes on to where the person wanted to be.
pub(crate) async fn sign_in(State(web): State<Web>, fields: Submitted) -> Result<Moved, Problem> {
    let (_, cookie) = auth::sign_in_practice(&web, fields.get("person")).await?;
    Ok((AppendHeaders([cookie]), Redirect::to(auth::own_path(fields.get("next")))))
}

/// Ends the session.
pub(crate) async fn sign_out(
    State(web): State<Web>,
    headers: HeaderMap,
    _form: SentForm,
) -> Result<Moved, Problem> {
    let cookie = auth::sign_out(&web, &headers).await?;
    Ok((AppendHeaders([cookie]), Redirect::to("/sign-in")))
}

const NO_WAY_IN: &str = "Signing in with Discord is not set up on this Muster. \
    Whoever runs it can use bearer tokens meanwhile.";

/// The people to sign in as, or what to do when there are none.
fn view(config: &WebConfig, theme: Theme, next: &str) -> Markup {
    let body = html! {
        (heading(None, "Sign in", None, None))
        @if let Some(practice) = &config.practice {
            div .stack {
                p {
                    "This is a practice guild. Be any of its people: what you do here, the others see in the \
                     practice Discord."
                }
                form method="post" action="/sign-in" {
                    (hidden("next", next))
                    ul .people { @for person in &practice.people { li { (choice(person)) } } }
                }
            }
        } @else {
            (empty_state("Nobody can sign in here yet", NO_WAY_IN, None))
        }
    };
    page(Page {
        title: "Sign in",
        theme,
        practice_url: config.practice_url.as_deref(),
        body,
        ..Page::default()
    })
}

fn choice(person: &PracticePerson) -> Markup {
    html! {
        button .button.person type="submit" name="person" value=(person.id) {
            (initial(&person.name))
            span .about { span { (person.name) } span .muted { (person.about) } }
        }
    }
}
