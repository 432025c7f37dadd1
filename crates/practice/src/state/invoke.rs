//! From what a person types (`game list`) to Discord's command data.

use super::interactions::{AUTOCOMPLETE, COMMAND};
use super::permissions::ADMINISTRATOR;
use super::play::{Invocation, PlayError};
use super::{Snowflake, World};
use crate::wire;
use serde_json::{Map, Value, json};

const SUBCOMMAND: u64 = 1;
const SUBCOMMAND_GROUP: u64 = 2;

/// Discord's option types.
mod kind {
    pub(super) const STRING: u64 = 3;
    pub(super) const INTEGER: u64 = 4;
    pub(super) const BOOLEAN: u64 = 5;
    pub(super) const USER: u64 = 6;
    pub(super) const CHANNEL: u64 = 7;
    pub(super) const ROLE: u64 = 8;
    pub(super) const MENTIONABLE: u64 = 9;
    pub(super) const NUMBER: u64 = 10;
}

/// What stands behind a command's words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filled<'a> {
    /// Values by option.
    pub(crate) options: &'a Map<String, Value>,
    /// The option that the person is typing in, when choices for it are asked for.
    pub(crate) focused: Option<&'a str>,
}

impl World {
    /// A run of `line` (a command and its subcommands, with or without a slash), or a question for choices.
    pub(crate) fn run(
        &self,
        person: Snowflake,
        channel: Snowflake,
        line: &str,
        filled: Filled<'_>,
    ) -> Result<Invocation, PlayError> {
        let words: Vec<&str> = line.trim().trim_start_matches('/').split_whitespace().collect();
        let command = self.runnable(&words, person).ok_or_else(|| {
            let names = self.runnable_names(person);
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            PlayError::UnknownCommand(line.trim().to_owned(), known)
        })?;
        if !self.may_command(person, channel) {
            return Err(PlayError::Forbidden);
        }
        let mut resolved = Map::new();
        let values = self.descend(command, words.get(1..).unwrap_or_default(), filled, &mut resolved)?;
        let mut data = json!({ "id": command["id"], "name": command["name"], "type": command["type"] });
        if !values.is_empty() {
            data["options"] = json!(values);
        }
        if !resolved.is_empty() {
            data["resolved"] = Value::Object(resolved);
        }
        if let Some(guild) = command.get("guild_id") {
            data["guild_id"] = guild.clone();
        }
        let kind = if filled.focused.is_some() { AUTOCOMPLETE } else { COMMAND };
        Ok(Invocation { kind, person, channel, message: None, name: words.join(" "), data })
    }

    /// What a person could type: every command with its subcommands.
    pub(crate) fn runnable_names(&self, person: Snowflake) -> Vec<String> {
        let mut names = Vec::new();
        for command in self.commands.iter().filter(|command| self.may_run(command, person)) {
            let name = command["name"].as_str().unwrap_or_default();
            collect_names(command, name, &mut names);
        }
        names
    }

    fn runnable(&self, words: &[&str], person: Snowflake) -> Option<&Value> {
        let first = words.first()?;
        let named = |command: &&Value| command["name"].as_str() == Some(*first);
        self.commands.iter().filter(|command| self.may_run(command, person)).find(named)
    }

    /// Whether the command's `default_member_permissions` let that person run it.
    fn may_run(&self, command: &Value, person: Snowflake) -> bool {
        let wanted = command["default_member_permissions"].as_str().and_then(|bits| bits.parse::<u64>().ok());
        let held = self.guild.member(person).map_or(0, |member| self.guild.permissions(member));
        command["type"] == 1
            && match wanted {
                None => true,
                Some(0) => held & ADMINISTRATOR != 0,
                Some(bits) => held & bits == bits,
            }
    }

    fn descend(
        &self,
        node: &Value,
        words: &[&str],
        filled: Filled<'_>,
        resolved: &mut Map<String, Value>,
    ) -> Result<Vec<Value>, PlayError> {
        let known = node["options"].as_array().map_or(&[][..], Vec::as_slice);
        let is_group =
            |option: &&Value| matches!(option["type"].as_u64(), Some(SUBCOMMAND | SUBCOMMAND_GROUP));
        let groups: Vec<&Value> = known.iter().filter(is_group).collect();
        match words {
            [] if groups.is_empty() => self.leaf(known, filled, resolved),
            [word, rest @ ..] if !groups.is_empty() => {
                let child = groups.iter().find(|child| child["name"].as_str() == Some(*word));
                let child = child.ok_or_else(|| one_of(&groups, node))?;
                let inner = self.descend(child, rest, filled, resolved)?;
                Ok(vec![json!({ "name": child["name"], "type": child["type"], "options": inner })])
            }
            [] => Err(one_of(&groups, node)),
            [word, ..] => Err(PlayError::BadOption(format!("{} has no part {word:?}", node["name"]))),
        }
    }

    fn leaf(
        &self,
        known: &[Value],
        filled: Filled<'_>,
        resolved: &mut Map<String, Value>,
    ) -> Result<Vec<Value>, PlayError> {
        let named = |name: &str| known.iter().find(|option| option["name"].as_str() == Some(name));
        if let Some(name) = filled.options.keys().find(|name| named(name).is_none()) {
            return Err(PlayError::BadOption(format!("there is no option {name:?}")));
        }
        if let Some(name) = filled.focused
            && named(name).is_none_or(|option| option["autocomplete"] != true)
        {
            return Err(PlayError::BadOption(format!("the option {name:?} offers no choices while typing")));
        }
        let mut values = Vec::new();
        for option in known {
            values.extend(self.option(option, filled, resolved)?);
        }
        Ok(values)
    }

    /// One option of the data; none when it was left out and may be.
    fn option(
        &self,
        option: &Value,
        filled: Filled<'_>,
        resolved: &mut Map<String, Value>,
    ) -> Result<Option<Value>, PlayError> {
        let name = option["name"].as_str().unwrap_or_default();
        let given = filled.options.get(name);
        if filled.focused == Some(name) {
            let typed = given.cloned().unwrap_or_else(|| json!(""));
            return Ok(Some(
                json!({ "name": name, "type": option["type"], "value": typed, "focused": true }),
            ));
        }
        let Some(given) = given else {
            let missing = option["required"] == true && filled.focused.is_none();
            let missing = missing.then(|| PlayError::BadOption(format!("the option {name:?} is required")));
            return missing.map_or(Ok(None), Err);
        };
        let value = self.option_value(option, given, resolved)?;
        Ok(Some(json!({ "name": name, "type": option["type"], "value": value })))
    }

    fn option_value(
        &self,
        option: &Value,
        given: &Value,
        resolved: &mut Map<String, Value>,
    ) -> Result<Value, PlayError> {
        let text = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
        let refuse = |what: &str| PlayError::BadOption(format!("{}: {text:?} is no {what}", option["name"]));
        let value = match option["type"].as_u64().unwrap_or(kind::STRING) {
            kind::INTEGER => json!(text.parse::<i64>().map_err(|_| refuse("whole number"))?),
            kind::NUMBER => json!(text.parse::<f64>().map_err(|_| refuse("number"))?),
            kind::BOOLEAN => json!(text.parse::<bool>().map_err(|_| refuse("true or false"))?),
            kind::USER => self.resolve_person(&text, resolved).ok_or_else(|| refuse("person"))?,
            kind::ROLE => self.resolve_role(&text, resolved).ok_or_else(|| refuse("role"))?,
            kind::CHANNEL => self.resolve_channel(&text, resolved).ok_or_else(|| refuse("channel"))?,
            kind::MENTIONABLE => self
                .resolve_person(&text, resolved)
                .or_else(|| self.resolve_role(&text, resolved))
                .ok_or_else(|| refuse("person or role"))?,
            _ => json!(text),
        };
        check_choice(option, &value).ok_or_else(|| refuse("choice"))
    }

    fn resolve_person(&self, text: &str, resolved: &mut Map<String, Value>) -> Option<Value> {
        let member = self.guild.person(text)?;
        let id = member.id.to_string();
        note(resolved, "users", &id, wire::user(member));
        note(resolved, "members", &id, wire::member_in_interaction(&self.guild, member));
        Some(json!(id))
    }

    fn resolve_role(&self, text: &str, resolved: &mut Map<String, Value>) -> Option<Value> {
        let role = self.guild.role(text)?;
        let id = role.id.to_string();
        note(resolved, "roles", &id, wire::role(role));
        Some(json!(id))
    }

    fn resolve_channel(&self, text: &str, resolved: &mut Map<String, Value>) -> Option<Value> {
        let channel = self.guild.text_channel(text)?;
        let id = channel.id.to_string();
        note(resolved, "channels", &id, wire::partial_channel(&self.guild, channel));
        Some(json!(id))
    }
}

fn check_choice(option: &Value, value: &Value) -> Option<Value> {
    let choices = option["choices"].as_array().map_or(&[][..], Vec::as_slice);
    if choices.is_empty() {
        return Some(value.clone());
    }
    let named = |choice: &&Value| choice["value"] == *value || choice["name"] == *value;
    choices.iter().find(named).map(|choice| choice["value"].clone())
}

fn note(resolved: &mut Map<String, Value>, kind: &str, id: &str, value: Value) {
    let entry = resolved.entry(kind).or_insert_with(|| json!({}));
    entry[id] = value;
}

fn one_of(children: &[&Value], node: &Value) -> PlayError {
    let names: Vec<&str> = children.iter().filter_map(|child| child["name"].as_str()).collect();
    PlayError::BadOption(format!("{} needs one of {}", node["name"], names.join(", ")))
}

fn collect_names(node: &Value, path: &str, names: &mut Vec<String>) {
    let children = node["options"].as_array().into_iter().flatten();
    let mut has_parts = false;
    for child in
        children.filter(|child| matches!(child["type"].as_u64(), Some(SUBCOMMAND | SUBCOMMAND_GROUP)))
    {
        has_parts = true;
        let name = child["name"].as_str().unwrap_or_default();
        collect_names(child, &format!("{path} {name}"), names);
    }
    if !has_parts {
        names.push(path.to_owned());
    }
}
