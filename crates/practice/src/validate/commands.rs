//! Application commands (interactions, "Application Commands").

use super::fields::{join, list, optional_text, required_text};
use crate::errors::Problems;
use serde_json::{Map, Value, json};

const NAME_LIMIT: usize = 32;
const DESCRIPTION_LIMIT: usize = 100;
const OPTIONS_LIMIT: usize = 25;
const CHOICES_LIMIT: usize = 25;
const COMMANDS_LIMIT: usize = 100;

const CHAT_INPUT: u64 = 1;
const SUBCOMMAND: u64 = 1;
const SUBCOMMAND_GROUP: u64 = 2;

/// Checks a list of commands, as a bulk overwrite sends it.
pub(crate) fn commands(body: &Value) -> Result<Vec<Value>, Problems> {
    let mut problems = Problems::default();
    let Some(all) = body.as_array() else {
        return Err(Problems::one("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"));
    };
    problems.at_most("", all.len(), COMMANDS_LIMIT);
    for (at, command) in all.iter().enumerate() {
        check(command, &at.to_string(), &mut problems);
        let same = |other: &&Value| other["name"] == command["name"] && kind(other) == kind(command);
        if all[..at].iter().any(|other| same(&other)) {
            let message = "Option names must be unique";
            problems.add(&at.to_string(), "APPLICATION_COMMANDS_DUPLICATE_NAME", message);
        }
    }
    problems.into_result()?;
    Ok(all.iter().map(normal).collect())
}

/// Checks one command.
pub(crate) fn command(body: &Value) -> Result<Value, Problems> {
    let mut problems = Problems::default();
    check(body, "", &mut problems);
    problems.into_result()?;
    Ok(normal(body))
}

fn kind(command: &Value) -> u64 {
    command["type"].as_u64().unwrap_or(CHAT_INPUT)
}

fn check(command: &Value, path: &str, problems: &mut Problems) {
    let Some(object) = command.as_object() else {
        problems.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType");
        return;
    };
    if kind(command) == CHAT_INPUT {
        check_name(command, path, problems);
        required_text(command, "description", path, DESCRIPTION_LIMIT, problems);
        check_options(object, path, 0, problems);
    } else {
        required_text(command, "name", path, NAME_LIMIT, problems);
        if command["description"].as_str().is_some_and(|text| !text.is_empty()) {
            let message = "Context menu commands cannot have description";
            problems.add(
                &join(path, "description"),
                "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_NOT_ALLOWED",
                message,
            );
        }
    }
}

fn check_name(object: &Value, path: &str, problems: &mut Problems) {
    required_text(object, "name", path, NAME_LIMIT, problems);
    let Some(name) = object["name"].as_str().filter(|name| !name.is_empty()) else { return };
    let fits = |c: char| (c.is_alphanumeric() && !c.is_uppercase()) || matches!(c, '-' | '_' | '\'');
    if !name.chars().all(fits) {
        problems.add(&join(path, "name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
    }
}

fn check_options(object: &Map<String, Value>, path: &str, depth: u8, problems: &mut Problems) {
    let path = join(path, "options");
    let options = list(object, "options", &path, problems);
    problems.at_most(&path, options.len(), OPTIONS_LIMIT);
    let mut optional_seen = false;
    for (at, option) in options.iter().enumerate() {
        let path = format!("{path}.{at}");
        check_option(option, &path, depth, problems);
        if options[..at].iter().any(|other| other["name"] == option["name"]) {
            let message = "Option names must be unique";
            problems.add(&path, "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE", message);
        }
        let required = option["required"].as_bool().unwrap_or(false);
        if required && optional_seen {
            let message = "Required options must be placed before non-required options";
            problems.add(&path, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message);
        }
        optional_seen |= !required;
    }
}

fn check_option(option: &Value, path: &str, depth: u8, problems: &mut Problems) {
    let Some(object) = option.as_object() else {
        problems.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType");
        return;
    };
    check_name(option, path, problems);
    required_text(option, "description", path, DESCRIPTION_LIMIT, problems);
    match option["type"].as_u64() {
        None => problems.required(&join(path, "type")),
        Some(SUBCOMMAND) if depth < 2 => check_options(object, path, 2, problems),
        Some(SUBCOMMAND_GROUP) if depth < 1 => check_options(object, path, 1, problems),
        Some(3..=11) => check_choices(object, path, problems),
        Some(_) => {
            let message = "Sub-command option type is not valid at this level";
            problems.add(&join(path, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message);
        }
    }
}

fn check_choices(option: &Map<String, Value>, path: &str, problems: &mut Problems) {
    let path = join(path, "choices");
    let choices = list(option, "choices", &path, problems);
    problems.at_most(&path, choices.len(), CHOICES_LIMIT);
    for (at, choice) in choices.iter().enumerate() {
        let path = format!("{path}.{at}");
        required_text(choice, "name", &path, 100, problems);
        if choice["value"].is_string() {
            optional_text(choice, "value", &path, 100, problems);
        } else if !choice["value"].is_number() {
            problems.required(&join(&path, "value"));
        }
    }
}

/// The command's own fields with Discord's defaults for what was left out.
fn normal(command: &Value) -> Value {
    let given = |name: &str, default: Value| {
        command.get(name).filter(|value| !value.is_null()).cloned().unwrap_or(default)
    };
    let mut known = json!({
        "type": kind(command),
        "name": command["name"],
        "name_localizations": command.get("name_localizations"),
        "description": given("description", json!("")),
        "description_localizations": command.get("description_localizations"),
        "default_member_permissions": permissions(command.get("default_member_permissions")),
        "dm_permission": given("dm_permission", json!(true)),
        "contexts": command.get("contexts"),
        "integration_types": given("integration_types", json!([0])),
        "nsfw": given("nsfw", json!(false)),
    });
    if let Some(options) = command["options"].as_array().filter(|options| !options.is_empty()) {
        known["options"] = json!(options);
    }
    known
}

/// Permission bits are a string in answers, whatever they were in the request.
fn permissions(value: Option<&Value>) -> Value {
    match value {
        Some(Value::Number(bits)) => json!(bits.to_string()),
        Some(Value::String(bits)) => json!(bits),
        _ => Value::Null,
    }
}
