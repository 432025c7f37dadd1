//! Slash commands as they are registered.

use serde::Serialize;

/// A slash command (Discord, "Application Command Structure").
#[derive(Clone, Debug, Serialize)]
pub struct Command {
    name: &'static str,
    description: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<CommandOption>,
    r#type: u8,
    /// Where it can be used.
    contexts: [u8; 1],
}

/// Discord's number for a command that is typed.
const CHAT_INPUT: u8 = 1;
/// Discord's number for "in a guild".
const IN_GUILD: u8 = 0;

/// What a command takes, or one of its subcommands.
#[derive(Clone, Debug, Serialize)]
pub struct CommandOption {
    name: &'static str,
    description: &'static str,
    r#type: u8,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    required: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<CommandOption>,
}

impl Command {
    /// A command for guilds. Discord takes names of 1–32 lower-case letters and descriptions of 1–100 characters.
    pub const fn new(name: &'static str, description: &'static str) -> Self {
        Self { name, description, options: Vec::new(), r#type: CHAT_INPUT, contexts: [IN_GUILD] }
    }

    /// Adds an option or a subcommand.
    #[must_use]
    pub fn option(mut self, option: CommandOption) -> Self {
        self.options.push(option);
        self
    }
}

impl CommandOption {
    /// A subcommand.
    pub const fn subcommand(name: &'static str, description: &'static str) -> Self {
        Self { name, description, r#type: 1, required: false, options: Vec::new() }
    }

    /// A text.
    pub const fn text(name: &'static str, description: &'static str) -> Self {
        Self { name, description, r#type: 3, required: false, options: Vec::new() }
    }

    /// Has to be given.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Adds an option to a subcommand.
    #[must_use]
    pub fn option(mut self, option: Self) -> Self {
        self.options.push(option);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registered_command() {
        let title = CommandOption::text("game", "Its title").required();
        let show = CommandOption::subcommand("show", "Show a game").option(title);
        insta::assert_json_snapshot!(Command::new("game", "Games here").option(show), @r#"
        {
          "name": "game",
          "description": "Games here",
          "options": [
            {
              "name": "show",
              "description": "Show a game",
              "type": 1,
              "options": [
                {
                  "name": "game",
                  "description": "Its title",
                  "type": 3,
                  "required": true
                }
              ]
            }
          ],
          "type": 1,
          "contexts": [
            0
          ]
        }
        "#);
    }
}
