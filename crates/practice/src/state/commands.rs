//! Registered application commands, as Discord gives them back.

use super::{Snowflake, World};
use crate::errors::{ApiError, Code, Problems};
use crate::validate;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Where commands are registered: everywhere, or in one guild.
pub(crate) type Scope = Option<Snowflake>;

impl World {
    /// The commands of a scope, oldest first.
    pub(crate) fn commands_in(&self, scope: Scope) -> Vec<Value> {
        self.commands.iter().filter(|command| in_scope(command, scope)).cloned().collect()
    }

    /// The command of that id in that scope.
    pub(crate) fn command(&self, scope: Scope, id: Snowflake) -> Result<Value, Code> {
        let id = json!(id);
        let found = self.commands.iter().find(|command| command["id"] == id && in_scope(command, scope));
        found.cloned().ok_or(Code::UnknownCommand)
    }

    /// Registers a command, or replaces the one of the same name and type; says whether it is new.
    pub(crate) fn put_command(
        &mut self,
        scope: Scope,
        body: &Value,
        now: Timestamp,
    ) -> Result<(Value, bool), ApiError> {
        let wanted = validate::command(body)?;
        Ok(self.register(scope, wanted, now))
    }

    /// Replaces all commands of a scope; a command that keeps its name keeps its id.
    pub(crate) fn replace_commands(
        &mut self,
        scope: Scope,
        body: &Value,
        now: Timestamp,
    ) -> Result<Vec<Value>, ApiError> {
        let wanted = validate::commands(body)?;
        self.commands.retain(|command| {
            !in_scope(command, scope) || wanted.iter().any(|wanted| is_same(wanted, command))
        });
        Ok(wanted.into_iter().map(|wanted| self.register(scope, wanted, now).0).collect())
    }

    /// Changes a command; what the body leaves out stays as it is.
    pub(crate) fn edit_command(
        &mut self,
        scope: Scope,
        id: Snowflake,
        body: &Value,
        now: Timestamp,
    ) -> Result<Value, ApiError> {
        let mut wanted = self.command(scope, id)?;
        let Some(changes) = body.as_object() else {
            return Err(Problems::one(
                "",
                "MODEL_TYPE_CONVERT",
                "Only dictionaries may be used in a ModelType",
            )
            .into());
        };
        for (name, value) in changes {
            wanted[name.as_str()] = value.clone();
        }
        let wanted = validate::command(&wanted)?;
        let version = self.ids.next(now);
        let known = self.commands.iter_mut().find(|command| command["id"] == json!(id));
        let known = known.ok_or(Code::UnknownCommand)?;
        *known = complete(wanted, id, version, scope);
        Ok(known.clone())
    }

    /// Takes a command away.
    pub(crate) fn delete_command(&mut self, scope: Scope, id: Snowflake) -> Result<(), Code> {
        let found = self.command(scope, id)?;
        self.commands.retain(|command| command["id"] != found["id"]);
        Ok(())
    }

    fn register(&mut self, scope: Scope, wanted: Value, now: Timestamp) -> (Value, bool) {
        let version = self.ids.next(now);
        let known =
            self.commands.iter_mut().find(|command| in_scope(command, scope) && is_same(command, &wanted));
        if let Some(known) = known {
            let id = serde_json::from_value(known["id"].clone()).unwrap_or(version);
            *known = complete(wanted, id, version, scope);
            return (known.clone(), false);
        }
        let command = complete(wanted, version, version, scope);
        self.commands.push(command.clone());
        (command, true)
    }
}

fn in_scope(command: &Value, scope: Scope) -> bool {
    command.get("guild_id") == scope.map(|guild| json!(guild)).as_ref()
}

fn is_same(one: &Value, other: &Value) -> bool {
    one["name"] == other["name"] && one["type"] == other["type"]
}

fn complete(mut command: Value, id: Snowflake, version: Snowflake, scope: Scope) -> Value {
    command["id"] = json!(id);
    command["version"] = json!(version);
    command["application_id"] = json!(Snowflake(crate::cast::APPLICATION_ID));
    if let Some(guild) = scope {
        command["guild_id"] = json!(guild);
    }
    command
}
