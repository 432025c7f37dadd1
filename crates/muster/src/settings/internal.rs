//! How our own services reach each other.

use super::parse::{address, url};
use crate::failure::Failure;
use clock::Chance;
use sibling::Key;
use std::net::SocketAddr;
use telemetry::Secret;
use url::Url;

/// The key that all processes of one deployment share.
const KEY_VARIABLE: &str = "MUSTER_INTERNAL_KEY";

/// Where the API listens for siblings, and how they know each other.
#[derive(Clone, Debug)]
pub(crate) struct Internal {
    pub(crate) listen: SocketAddr,
    /// Where that is, for services in other processes.
    pub(crate) url: Option<Url>,
    /// None: one is made at the start, for the services of this process.
    pub(crate) key: Option<Key>,
}

impl Internal {
    pub(super) fn read(
        listen: &str,
        api: Option<&String>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let key = variable(KEY_VARIABLE).map(|text| Key::of(&Secret::new(text)));
        let key = key.transpose().map_err(|weak| Failure::setting(KEY_VARIABLE, weak.to_string()))?;
        let api = api.map(|value| url("MUSTER_INTERNAL_URL", value)).transpose()?;
        Ok(Self { listen: address("MUSTER_INTERNAL_LISTEN", listen)?, url: api, key })
    }

    /// The operator's key, without which processes don't know each other.
    pub(crate) fn shared_key(&self) -> Result<Key, Failure> {
        let missing = || {
            Failure::setting(
                KEY_VARIABLE,
                "services in processes of their own sign with it; set the same one for all",
            )
        };
        self.key.clone().ok_or_else(missing)
    }

    /// The operator's key, or one that only this process knows.
    pub(crate) fn key_or_random(&self, chance: &Chance) -> Result<Key, Failure> {
        let key = self.key.clone().map_or_else(|| Key::random(chance), Ok);
        key.map_err(|weak| Failure::setting(KEY_VARIABLE, weak.to_string()))
    }
}
