//! Larger pieces of a page.

use maud::{Markup, html};

use crate::marks::Tone;

/// A page's heading: where one is, the `h1`, what is said under it, and the page's actions.
pub fn heading(crumb: Option<Markup>, title: &str, under: Option<Markup>, actions: Option<Markup>) -> Markup {
    html! {
        header .head {
            div .head-words {
                @if let Some(crumb) = crumb { p .crumb { (crumb) } }
                h1 { (breakable(title)) }
                @if let Some(under) = under { div .row { (under) } }
            }
            @if let Some(actions) = actions { div .row { (actions) } }
        }
    }
}

/// A name that a narrow screen may break after its dots, slashes and underscores, and not within a word.
pub fn breakable(name: &str) -> Markup {
    html! {
        @for (at, part) in name.split_inclusive(['.', '/', '_']).enumerate() {
            @if at > 0 { wbr; }
            (part)
        }
    }
}

/// A surface with a heading.
pub fn card(title: &str, body: &Markup) -> Markup {
    html! { section .card { h2 { (title) } (body) } }
}

/// Something the reader should know before going on.
pub fn notice(tone: Tone, body: &Markup) -> Markup {
    html! { div class={ "notice notice-" (tone.suffix()) } role="note" { (body) } }
}

/// What stands where a list would: what this is, and what to do next.
pub fn empty_state(title: &str, what: &str, action: Option<Markup>) -> Markup {
    html! {
        div .empty {
            h2 { (title) }
            p { (what) }
            @if let Some(action) = action { (action) }
        }
    }
}

/// Names and values.
pub fn facts(facts: &[(&str, Markup)]) -> Markup {
    html! { dl .facts { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } } }
}

/// Links between the pages of one room; `current` is the address of the present one.
pub fn tabs(label: &str, links: &[(&str, &str)], current: &str) -> Markup {
    html! {
        nav .tabs aria-label=(label) {
            @for (href, text) in links {
                a href=(href) aria-current=[(*href == current).then_some("page")] { (text) }
            }
        }
    }
}

/// Details that are folded away; `id` keeps them open over a live update.
pub fn disclosure(id: &str, summary: &str, body: &Markup) -> Markup {
    html! { details id=(id) { summary { (summary) } (body) } }
}

/// Something went wrong: what, what to do, and how to find it again.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// The HTTP status.
    pub status: u16,
    /// What happened, in a few words.
    pub title: &'a str,
    /// What it means and what to do.
    pub detail: &'a str,
    /// The id that links to the request's trace.
    pub request_id: Option<&'a str>,
}

/// The body of an error page.
pub fn failure(failure: &Failure<'_>, action: Option<Markup>) -> Markup {
    html! {
        div .failure {
            p .code { "Error " (failure.status) }
            h1 { (failure.title) }
            p { (failure.detail) }
            @if let Some(action) = action { div .row { (action) } }
            @if let Some(id) = failure.request_id {
                p .small.muted { "If you ask somebody for help, give them this request id: " code { (id) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_break_between_their_parts() {
        insta::assert_snapshot!(breakable("db.client.returned_rows").into_string(), @"db.<wbr>client.<wbr>returned_<wbr>rows");
        insta::assert_snapshot!(breakable("<GET> /games").into_string(), @"&lt;GET&gt; /<wbr>games");
    }
}
