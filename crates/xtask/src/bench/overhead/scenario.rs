use super::seed::Seed;
use crate::bench::connection::request;

/// What is asked for, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::bench) enum Scenario {
    /// One query: who has this session (`GET /api/v1/me`).
    Query,
    /// A page of 50 games (`GET /api/v1/games`).
    List,
    /// A new game (`POST /api/v1/games`).
    Create,
    /// An edit, which publishes one event and has no other effect outside (`PATCH /api/v1/games/{id}`).
    Publish,
    /// A place in a game (`POST /api/v1/games/{id}/join`).
    Join,
}

impl Scenario {
    /// All, the cheapest first.
    pub(super) const ALL: [Self; 5] = [Self::Query, Self::List, Self::Create, Self::Publish, Self::Join];

    /// As it is called on the command line and in tables.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::List => "list",
            Self::Create => "create",
            Self::Publish => "publish",
            Self::Join => "join",
        }
    }

    /// How many requests count as one, so that a burst takes its time.
    pub(super) const fn weight(self) -> usize {
        match self {
            Self::Query => 5,
            Self::List | Self::Create | Self::Publish | Self::Join => 1,
        }
    }

    /// The request of this number; no two numbers of a server ask for the same change.
    pub(in crate::bench) fn request(self, seed: &Seed, number: usize) -> Vec<u8> {
        let host = seed.token(0);
        let bearer = [("authorization", host)];
        let game = seed.game(number);
        match self {
            Self::Query => request("GET /api/v1/me", &[("cookie", &seed.cookie)], ""),
            Self::List => request("GET /api/v1/games", &bearer, ""),
            Self::Create => {
                request("POST /api/v1/games", &bearer, &Seed::new_game(&format!("Game {number}")))
            }
            Self::Publish => {
                let body = format!(r#"{{"title":"Edited {number}"}}"#);
                request(&format!("PATCH /api/v1/games/{game}"), &bearer, &body)
            }
            // Everybody has joined every game before somebody joins one again.
            Self::Join => {
                let bearer = [("authorization", seed.token(number / seed.games()))];
                request(&format!("POST /api/v1/games/{game}/join"), &bearer, "")
            }
        }
    }
}
