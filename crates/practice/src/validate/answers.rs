//! Forms and autocomplete choices, the two answers that aren't messages (interactions, "Interaction Callback").

use super::fields::{join, list, required_text};
use crate::errors::Problems;
use serde_json::{Value, json};

const TITLE_LIMIT: usize = 45;
const LABEL_LIMIT: usize = 45;
const CUSTOM_ID_LIMIT: usize = 100;
const PARTS_LIMIT: usize = 5;
const CHOICES_LIMIT: usize = 25;
const CHOICE_NAME_LIMIT: usize = 100;

const ACTION_ROW: u64 = 1;
const LABEL: u64 = 18;

/// Checks a form; gives it back with a number for every component.
pub(crate) fn form(data: &Value) -> Result<Value, Problems> {
    let mut problems = Problems::default();
    required_text(data, "custom_id", "", CUSTOM_ID_LIMIT, &mut problems);
    required_text(data, "title", "", TITLE_LIMIT, &mut problems);
    let parts = data["components"].as_array().map_or(&[][..], Vec::as_slice);
    problems.between("components", parts.len(), 1, PARTS_LIMIT);
    for (at, part) in parts.iter().enumerate() {
        check_part(part, &format!("components.{at}"), &mut problems);
    }
    problems.into_result()?;
    let mut form = data.clone();
    let mut next = 0;
    for part in form["components"].as_array_mut().into_iter().flatten() {
        number(part, &mut next);
    }
    Ok(form)
}

fn check_part(part: &Value, path: &str, problems: &mut Problems) {
    match part["type"].as_u64() {
        Some(ACTION_ROW) => {
            let inputs = part["components"].as_array().map_or(&[][..], Vec::as_slice);
            let path = join(path, "components");
            problems.between(&path, inputs.len(), 1, 1);
            for input in inputs {
                required_text(input, "label", &join(&path, "0"), LABEL_LIMIT, problems);
                required_text(input, "custom_id", &join(&path, "0"), CUSTOM_ID_LIMIT, problems);
            }
        }
        Some(LABEL) => {
            required_text(part, "label", path, LABEL_LIMIT, problems);
            required_text(
                &part["component"],
                "custom_id",
                &join(path, "component"),
                CUSTOM_ID_LIMIT,
                problems,
            );
        }
        Some(10) => {}
        _ => problems.choice(&join(path, "type"), "1, 10, 18"),
    }
}

/// Gives a component and what stands in it their ids, counted from 1.
fn number(component: &mut Value, next: &mut u64) {
    *next += 1;
    if let Some(object) = component.as_object_mut() {
        object.entry("id").or_insert_with(|| json!(next));
    }
    if let Some(inner) = component.get_mut("component") {
        number(inner, next);
    }
    for inner in component.get_mut("components").and_then(Value::as_array_mut).into_iter().flatten() {
        number(inner, next);
    }
}

/// Checks autocomplete choices.
pub(crate) fn choices(data: &Value) -> Result<Value, Problems> {
    let mut problems = Problems::default();
    let empty = serde_json::Map::new();
    let choices = list(data.as_object().unwrap_or(&empty), "choices", "choices", &mut problems);
    problems.at_most("choices", choices.len(), CHOICES_LIMIT);
    for (at, choice) in choices.iter().enumerate() {
        let path = format!("choices.{at}");
        required_text(choice, "name", &path, CHOICE_NAME_LIMIT, &mut problems);
        if !(choice["value"].is_string() || choice["value"].is_number()) {
            problems.required(&join(&path, "value"));
        }
    }
    problems.into_result()?;
    Ok(json!({ "choices": choices }))
}
