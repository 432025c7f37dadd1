//! A form (modal) that the bot opened, in the composer's place.

use super::actions::FIELD;
use super::layout::carried;
use super::viewer::Viewer;
use crate::state::{Field, Snowflake, fields};
use maud::{Markup, html};
use serde_json::Value;

/// Discord's style of a text input with several lines.
const PARAGRAPH: u64 = 2;
const TEXT_LIMIT: u64 = 4000;

/// The form, to be sent to `/page/submit`.
pub(super) fn show(viewer: &Viewer, interaction: Snowflake, form: &Value) -> Markup {
    html! {
        form .form method="post" action="/page/submit" {
            (carried(viewer))
            input type="hidden" name="interaction" value=(interaction);
            h2 { (form["title"].as_str().unwrap_or_default()) }
            @for field in fields(form) { (self::field(&field)) }
            p .form-ends {
                button .small .primary type="submit" { "Submit" }
                a href=(viewer.address()) { "Cancel" }
            }
        }
    }
}

fn field(field: &Field<'_>) -> Markup {
    let input = field.input;
    let name = format!("{FIELD}{}", field.custom_id());
    let (value, hint) = (input["value"].as_str(), input["placeholder"].as_str());
    let longest = input["max_length"].as_u64().unwrap_or(TEXT_LIMIT);
    let required = field.is_required();
    html! {
        label {
            span { (field.label) @if !required { small { " (optional)" } } }
            @if input["style"] == PARAGRAPH {
                textarea name=(name) placeholder=[hint] maxlength=(longest) required[required] {
                    (value.unwrap_or_default())
                }
            } @else {
                input name=(name) value=[value] placeholder=[hint] maxlength=(longest) required[required];
            }
        }
    }
}
