//! Action rows, buttons and select menus (components, "Reference").

use super::embeds::check_scheme;
use super::fields::{join, list, optional_text, required_text};
use crate::errors::Problems;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

const ROWS_LIMIT: usize = 5;
const ROW_WIDTH_LIMIT: usize = 5;
const LABEL_LIMIT: usize = 80;
const CUSTOM_ID_LIMIT: usize = 100;
const URL_LIMIT: usize = 512;
const OPTIONS_LIMIT: usize = 25;

const ACTION_ROW: u64 = 1;
const BUTTON: u64 = 2;
const STRING_SELECT: u64 = 3;
const LINK_STYLE: u64 = 5;

/// The field `components`; `None` when it was left out, empty when it was null.
pub(super) fn read(body: &Map<String, Value>, problems: &mut Problems) -> Option<Vec<Value>> {
    body.get("components")?;
    let rows = list(body, "components", "components", problems);
    if rows.len() > ROWS_LIMIT {
        problems.between("components", rows.len(), 1, ROWS_LIMIT);
    }
    let mut custom_ids = HashSet::new();
    for (at, row) in rows.iter().enumerate() {
        check_row(row, &format!("components.{at}"), &mut custom_ids, problems);
    }
    Some(numbered(rows))
}

fn check_row(row: &Value, path: &str, custom_ids: &mut HashSet<String>, problems: &mut Problems) {
    if row["type"].as_u64() != Some(ACTION_ROW) {
        problems.choice(&join(path, "type"), "1");
        return;
    }
    let path = join(path, "components");
    let Some(children) = row["components"].as_array() else {
        problems.required(&path);
        return;
    };
    let is_button = |child: &Value| child["type"].as_u64() == Some(BUTTON);
    let most = if children.iter().all(is_button) { ROW_WIDTH_LIMIT } else { 1 };
    problems.between(&path, children.len(), 1, most);
    for (at, child) in children.iter().enumerate() {
        let path = format!("{path}.{at}");
        match child["type"].as_u64() {
            Some(BUTTON) => check_button(child, &path, problems),
            Some(STRING_SELECT | 5..=8) => check_select(child, &path, problems),
            _ => problems.choice(&join(&path, "type"), "2, 3, 5, 6, 7, 8"),
        }
        let custom_id = child["custom_id"].as_str();
        if custom_id.is_some_and(|id| !custom_ids.insert(id.to_owned())) {
            let message = "Component custom id cannot be duplicated";
            problems.add(&join(&path, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", message);
        }
    }
}

fn check_button(button: &Value, path: &str, problems: &mut Problems) {
    let style = button["style"].as_u64();
    if button["style"].is_null() {
        problems.required(&join(path, "style"));
    } else if !style.is_some_and(|style| (1..=LINK_STYLE).contains(&style)) {
        problems.choice(&join(path, "style"), "1, 2, 3, 4, 5, 6");
    }
    optional_text(button, "label", path, LABEL_LIMIT, problems);
    if is_missing(button, "label") && is_missing(button, "emoji") {
        problems.required(&join(path, "label"));
    }
    if style == Some(LINK_STYLE) {
        required_text(button, "url", path, URL_LIMIT, problems);
        if let Some(url) = button["url"].as_str() {
            check_scheme(url, &join(path, "url"), false, problems);
        }
        if !is_missing(button, "custom_id") {
            let message = "A custom id and url cannot both be specified";
            problems.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message);
        }
    } else {
        required_text(button, "custom_id", path, CUSTOM_ID_LIMIT, problems);
    }
}

fn check_select(select: &Value, path: &str, problems: &mut Problems) {
    required_text(select, "custom_id", path, CUSTOM_ID_LIMIT, problems);
    if select["type"].as_u64() != Some(STRING_SELECT) {
        return;
    }
    let path = join(path, "options");
    let options = select["options"].as_array().map_or(&[][..], Vec::as_slice);
    problems.between(&path, options.len(), 1, OPTIONS_LIMIT);
    for (at, option) in options.iter().enumerate() {
        let path = format!("{path}.{at}");
        required_text(option, "label", &path, 100, problems);
        required_text(option, "value", &path, 100, problems);
    }
}

fn is_missing(object: &Value, name: &str) -> bool {
    object.get(name).is_none_or(|value| value.is_null() || value.as_str() == Some(""))
}

/// The rows with the `id`s that Discord gives to components that have none: their place, counted from 1.
fn numbered(rows: &[Value]) -> Vec<Value> {
    let mut next = 0_u64;
    let mut number = |component: &mut Value| {
        next += 1;
        if let Some(object) = component.as_object_mut() {
            object.entry("id").or_insert_with(|| json!(next));
        }
    };
    let mut rows = rows.to_vec();
    for row in &mut rows {
        number(row);
        row.get_mut("components").and_then(Value::as_array_mut).into_iter().flatten().for_each(&mut number);
    }
    rows
}
