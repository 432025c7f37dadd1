//! Buttons on cards and notices.

use super::answer;
use crate::bot::Bot;
use crate::render;
use actions::{Actor, games};
use discord::message::Message;
use discord::{ButtonVerb, CustomId};

pub(super) async fn press(bot: &Bot, actor: &Actor, id: &CustomId) -> Message {
    let ctx = &bot.ctx;
    match id.verb {
        ButtonVerb::Join => match games::join(ctx, actor, id.game).await {
            Ok(joined) => answer::joined(&joined.view, joined.seat, joined.already),
            Err(error) => answer::refused(&error),
        },
        ButtonVerb::Leave => match games::leave(ctx, actor, id.game).await {
            Ok(view) => answer::left(&view),
            Err(error) => answer::refused(&error),
        },
        ButtonVerb::Show => match games::show(ctx, actor, id.game).await {
            Ok(view) => render::card_copy(&view.game, &view.split, &bot.pages),
            Err(error) => answer::refused(&error),
        },
    }
}
