//! What a client was told is kept: messages and direct message channels go to a journal before the answer goes out,
//! so that a server that dies has forgotten nothing that anybody saw.
//!
//! The state file is written now and then; each time a new journal is begun, and the file says which journals
//! come after it.

use super::{Message, Snowflake, World};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Something to put into the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// A message was made, changed or deleted.
    Message { channel: Snowflake, id: Snowflake },
    /// A direct message channel was opened.
    Direct { channel: Snowflake, person: Snowflake },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Written<'a> {
    Message(&'a Message),
    Direct(Snowflake, Snowflake),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Read {
    Message(Box<Message>),
    Direct(Snowflake, Snowflake),
}

/// The journal that is being written.
#[derive(Debug)]
pub(crate) struct Journal {
    state: PathBuf,
    number: u64,
    file: File,
}

/// `state.json` has the journals `state.journal.0`, `state.journal.1`, ….
fn path(state: &Path, number: u64) -> PathBuf {
    state.with_extension(format!("journal.{number}"))
}

impl Journal {
    /// Begins the journal of that number beside the state file.
    pub(crate) fn begin(state: &Path, number: u64) -> io::Result<Self> {
        if let Some(folder) = state.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path(state, number))?;
        Ok(Self { state: state.to_owned(), number, file })
    }

    /// Goes on in the next journal; gives its number, for the state file that is written at the same instant.
    pub(crate) fn turn(&mut self) -> io::Result<u64> {
        let next = Self::begin(&self.state, self.number + 1)?;
        *self = next;
        Ok(self.number)
    }

    /// Writes down what the world noted since the last time.
    pub(crate) fn write(&mut self, world: &mut World) -> io::Result<()> {
        let mut lines = String::new();
        for note in std::mem::take(&mut world.notes) {
            let entry = match note {
                Note::Message { channel, id } => world.messages.on_record(channel, id).map(Written::Message),
                Note::Direct { channel, person } => Some(Written::Direct(channel, person)),
            };
            if let Some(entry) = entry {
                lines.push_str(&serde_json::to_string(&entry)?);
                lines.push('\n');
            }
        }
        self.file.write_all(lines.as_bytes())
    }
}

/// Removes the journals before `number`; what can't be removed now will be the next time.
pub(crate) fn forget_before(state: &Path, number: u64) {
    for old in (0..number).rev() {
        if std::fs::remove_file(path(state, old)).is_err() {
            return;
        }
    }
}

/// Applies the journals from `number` on; gives the number of the next one.
pub(crate) fn replay(world: &mut World, state: &Path, mut number: u64) -> io::Result<u64> {
    loop {
        match std::fs::read_to_string(path(state, number)) {
            Ok(text) => text.lines().for_each(|line| apply(world, line)),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(number),
            Err(error) => return Err(error),
        }
        number += 1;
    }
}

/// A line that was cut off belongs to an answer that never went out.
fn apply(world: &mut World, line: &str) {
    match serde_json::from_str(line) {
        Ok(Read::Message(message)) => {
            world.ids.skip(message.id);
            world.messages.insert(*message);
        }
        Ok(Read::Direct(channel, person)) => {
            world.ids.skip(channel);
            world.direct.insert(channel, person);
        }
        Err(_) => {}
    }
}
