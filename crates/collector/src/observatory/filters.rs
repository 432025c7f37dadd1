//! The form above a list.

use look::{Choice, Icon};
use maud::{Markup, html};

/// A labelled line to fill in.
pub(crate) fn line(name: &str, label: &str, value: &str, kind: &str) -> Markup {
    html! {
        div .field .field-instant[kind == "datetime-local"] {
            label for=(name) { (label) }
            input .input step=[(kind == "datetime-local").then_some("any")] type=(kind) id=(name) name=(name) value=(value) min=[(kind == "number").then_some("0")];
        }
    }
}

/// A labelled line that shows the form of what it wants.
pub(crate) fn hinted(name: &str, label: &str, value: &str, form: &str) -> Markup {
    html! {
        div .field {
            label for=(name) { (label) }
            input .input type="search" id=(name) name=(name) value=(value) placeholder=(form);
        }
    }
}

/// A labelled choice.
pub(crate) fn choice(name: &str, label: &str, value: &str, choices: &[Choice<'_>]) -> Markup {
    html! {
        div .field {
            label for=(name) { (label) }
            select .input id=(name) name=(name) {
                @for choice in choices { option value=(choice.value) selected[choice.value == value] { (choice.label) } }
            }
        }
    }
}

/// Services to choose from, all of them first.
pub(crate) fn services(services: &[String], value: &str) -> Markup {
    let all = std::iter::once(Choice { value: "", label: "All services" });
    let choices: Vec<_> =
        all.chain(services.iter().map(|name| Choice { value: name, label: name })).collect();
    choice("service", "Service", value, &choices)
}

/// The form around the fields; `reset` is the address without filters.
pub(crate) fn form(action: &str, label: &str, fields: &Markup, reset: Option<&str>) -> Markup {
    html! {
        form .filters.observe-filters action=(action) method="get" role="search" aria-label=(label) {
            (fields)
            div .row {
                button .button.button-primary type="submit" { (look::icon(Icon::Search)) "Search" }
                @if let Some(reset) = reset { a .button.button-quiet href=(reset) { "Clear" } }
            }
        }
    }
}
