//! What a button says when it is pressed.

use crate::nonce::Marker;
use domain::GameId;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The version of the format; a button in an old message outlives restarts and upgrades.
const VERSION: &str = "m1";

/// What a button asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ButtonVerb {
    /// A seat, or a place on the waitlist.
    Join,
    /// To be taken off the roster.
    Leave,
    /// To see the game.
    Show,
}

impl ButtonVerb {
    const ALL: [Self; 3] = [Self::Join, Self::Leave, Self::Show];

    /// The word in the custom id, in telemetry and in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Show => "show",
        }
    }
}

/// `m1:<verb>:<game>[:<marker>]`: at most 65 of Discord's 100 characters.
///
/// The marker says which delivery made the message, so that a message whose answer was lost can be found again
/// in the channel's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomId {
    /// What pressing asks for.
    pub verb: ButtonVerb,
    /// The game it is about.
    pub game: GameId,
    /// The delivery that the message came from.
    pub marker: Option<Marker>,
}

impl CustomId {
    /// A custom id without a marker.
    pub const fn new(verb: ButtonVerb, game: GameId) -> Self {
        Self { verb, game, marker: None }
    }

    /// The same with the delivery's marker.
    #[must_use]
    pub fn marked(mut self, marker: Marker) -> Self {
        self.marker = Some(marker);
        self
    }
}

impl fmt::Display for CustomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}:{}:{}", self.verb.as_str(), self.game.get().simple())?;
        self.marker.as_ref().map_or(Ok(()), |marker| write!(f, ":{marker}"))
    }
}

/// Why a custom id isn't one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CustomIdError {
    /// Another version made it, before or after this one.
    #[error("the button was made by another version")]
    OtherVersion,
    /// It isn't in our format.
    #[error("the button is not one of ours")]
    Unknown,
}

impl FromStr for CustomId {
    type Err = CustomIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(':');
        match parts.next() {
            Some(VERSION) => {}
            Some(other) if is_version(other) => return Err(CustomIdError::OtherVersion),
            _ => return Err(CustomIdError::Unknown),
        }
        let verb =
            parts.next().and_then(|word| ButtonVerb::ALL.into_iter().find(|verb| verb.as_str() == word));
        let game = parts.next().and_then(|id| Uuid::try_parse(id).ok());
        let marker = parts.next().map(Marker::parse);
        match (verb, game, marker, parts.next()) {
            (Some(verb), Some(game), None, None) => Ok(Self::new(verb, GameId::new(game))),
            (Some(verb), Some(game), Some(Some(marker)), None) => {
                Ok(Self::new(verb, GameId::new(game)).marked(marker))
            }
            _ => Err(CustomIdError::Unknown),
        }
    }
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('m').is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_format() {
        let game = GameId::new(Uuid::from_u128(0xA1));
        let plain = CustomId::new(ButtonVerb::Leave, game);
        assert_eq!(plain.to_string(), "m1:leave:000000000000000000000000000000a1");
        let marked = CustomId::new(ButtonVerb::Show, game).marked(Marker::of("reminder"));
        insta::assert_snapshot!(marked, @"m1:show:000000000000000000000000000000a1:9ce7011ab48f26c2e69f772f");
        assert!(marked.to_string().len() <= 100);
    }

    #[test]
    fn strangers_are_told_apart() {
        let game = "000000000000000000000000000000a1";
        let cases = [
            (format!("m2:join:{game}"), CustomIdError::OtherVersion),
            (format!("x1:join:{game}"), CustomIdError::Unknown),
            (format!("m1:dance:{game}"), CustomIdError::Unknown),
            (format!("m1:join:{game}:nothex"), CustomIdError::Unknown),
            (format!("m1:join:{game}::"), CustomIdError::Unknown),
            ("m1:join".to_owned(), CustomIdError::Unknown),
            (String::new(), CustomIdError::Unknown),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<CustomId>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC*", tail in "m1:(join|leave|show):[0-9a-f:-]{0,80}") {
            let _ = text.parse::<CustomId>();
            let _ = tail.parse::<CustomId>();
        }

        #[test]
        fn what_is_written_can_be_read(game: u128, verb in 0_usize..3, key in prop::option::of(".*")) {
            let id = CustomId {
                verb: ButtonVerb::ALL[verb],
                game: GameId::new(Uuid::from_u128(game)),
                marker: key.map(|key| Marker::of(&key)),
            };
            prop_assert_eq!(id.to_string().parse::<CustomId>(), Ok(id));
        }
    }
}
