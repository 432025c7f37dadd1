//! Games, as people make them.

use crate::{GUILD, House, person};
use actions::games::{self, CreateGame};
use actions::{Actor, Door};
use domain::{Game, GameDraft};
use jiff::SignedDuration;

/// How long after now a game starts unless a story says otherwise.
const AHEAD: SignedDuration = SignedDuration::from_hours(3);

/// One of the practice guild's people, as they come through the API.
///
/// # Panics
/// When nobody is called that.
pub fn actor(name: &str) -> Actor {
    Actor::on_the_web(person(name), Door::Api)
}

impl House {
    /// A game of Ada's in three hours, for two players, at a table; `draft` changes what a story needs otherwise.
    ///
    /// # Panics
    /// When it can't be made.
    pub async fn game(&self, draft: impl FnOnce(&mut GameDraft)) -> Game {
        let mut wish = GameDraft {
            title: "Dragons".to_owned(),
            start: self.ctx.clock.now() + AHEAD,
            seats: Some(2),
            place: Some("The long table".to_owned()),
            ..GameDraft::default()
        };
        draft(&mut wish);
        self.game_from(CreateGame { guild: GUILD, template: None, draft: wish, idempotency: None }).await
    }

    /// A game of Ada's, wholly as wished.
    ///
    /// # Panics
    /// When it can't be made.
    pub async fn game_from(&self, wish: CreateGame) -> Game {
        games::create(&self.ctx, &actor("ada"), wish).await.expect("the game is made").game
    }
}
