//! A person's deed from beginning to end: hand it to the bot, wait for its answer.

use crate::app::App;
use crate::state::{Interaction, Invocation, Message, PlayError, Snowflake, World};
use crate::wire;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// Discord gives up after this long without a first answer.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(3);
/// How long a deferred answer is waited for, unless the caller says otherwise.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const NO_ANSWER: &str = "The application did not respond";

/// What became of a deed.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) interaction: Snowflake,
    /// From the deed to the bot's first answer, in real time.
    pub(crate) acknowledged: Option<Duration>,
    /// The message that answered, as Discord's message object.
    pub(crate) reply: Option<Value>,
    /// A modal or autocomplete choices, when the bot answered with those.
    pub(crate) data: Option<Value>,
    pub(crate) error: Option<&'static str>,
}

/// Carries out a deed and waits for what the person would see, at most `patience` after the first answer.
pub(crate) async fn carry_out(
    app: &App,
    patience: Duration,
    deed: impl FnOnce(&World) -> Result<Invocation, PlayError>,
) -> Result<Outcome, PlayError> {
    let begun = Instant::now();
    let token = app.random_text();
    let (id, heard) = app.change(|world, now| {
        let invocation = deed(world)?;
        let heard = !world.sessions.is_empty();
        Ok::<_, PlayError>((world.interact(invocation, token, now), heard))
    })?;
    let mut outcome = Outcome { interaction: id, acknowledged: None, reply: None, data: None, error: None };
    if !heard || !is_answered_in_time(app, id).await {
        outcome.error = Some(NO_ANSWER);
        return Ok(outcome);
    }
    outcome.acknowledged = Some(begun.elapsed());
    tokio::time::timeout(patience, until(app, |world| !is_loading(world, id))).await.ok();
    app.read(|world| describe(world, &mut outcome));
    Ok(outcome)
}

/// Waits until the world is as `condition` wants it.
async fn until(app: &App, condition: impl Fn(&World) -> bool) {
    let mut changes = app.changes();
    while !app.read(&condition) {
        // The sender lives in `app`, so this only ever reports a change.
        changes.changed().await.ok();
    }
}

async fn is_answered_in_time(app: &App, id: Snowflake) -> bool {
    let answered = |world: &World| world.interactions.get(&id).is_some_and(|known| known.answer.is_some());
    tokio::select! {
        () = until(app, answered) => true,
        // Whichever clock says so first: the practice clock may stand still, or be moved.
        () = tokio::time::sleep(ACKNOWLEDGE_WITHIN) => false,
        () = app.clock.sleep(ACKNOWLEDGE_WITHIN) => false,
    }
}

fn original<'a>(world: &'a World, interaction: &Interaction) -> Option<&'a Message> {
    world.messages.get(interaction.channel, interaction.original?)
}

fn is_loading(world: &World, id: Snowflake) -> bool {
    let message = world.interactions.get(&id).and_then(|interaction| original(world, interaction));
    message.is_some_and(Message::is_loading)
}

fn describe(world: &World, outcome: &mut Outcome) {
    let Some(interaction) = world.interactions.get(&outcome.interaction) else { return };
    outcome.data = interaction.answer.as_ref().and_then(|answer| answer.data.clone());
    // A silently deferred update (6) shows nothing of its own.
    let is_shown = interaction.answer.as_ref().is_some_and(|answer| answer.kind != 6);
    let message = original(world, interaction).filter(|message| is_shown && !message.is_loading());
    outcome.reply = message.map(|message| described(world, message));
}

/// Discord's message object, with what only a person can tell: who sees it.
pub(crate) fn described(world: &World, message: &Message) -> Value {
    let mut whole = wire::message(world, message);
    let only_for = message.only_for.and_then(|person| world.guild.member(person));
    whole["only_for"] = json!(only_for.map(|person| person.global_name.clone()));
    whole
}
