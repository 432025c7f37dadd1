//! Why a call to Discord failed.

use crate::verdict::{Failure, Verdict, verdict};
use std::borrow::Cow;
use std::time::Duration;

/// A call to Discord that didn't do what it should.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// Discord refused the bot token, now or earlier: nothing is sent any more.
    #[error("Discord refused the bot token")]
    TokenRefused,
    /// Our own limiter had no turn for the call before its time was up.
    #[error("no turn under Discord's rate limits in time; the next one is in {after:?}")]
    NoTurn {
        /// How long until there would be one, as far as known.
        after: Duration,
    },
    /// Discord counts such calls without telling, and we have made as many as is safe.
    #[error("no more such calls under Discord's limits; the next one is in {after:?}")]
    Rationed {
        /// How soon it is worth trying again.
        after: Duration,
    },
    /// No answer came; the call may have worked or not.
    #[error("no answer from Discord")]
    NoAnswer(#[source] reqwest::Error),
    /// An answer came that isn't Discord's, such as a proxy's page, or that can't be read.
    #[error("Discord's answer ({status}) could not be read")]
    Unreadable {
        /// The HTTP status.
        status: u16,
    },
    /// Discord said no and why.
    #[error("Discord refused with {status}: {message} ({code})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code of Discord's error object; 0 when it has none of its own.
        code: u32,
        /// Discord's sentence, with the fields that it names.
        message: String,
        /// How long Discord asks to wait.
        retry_after: Option<Duration>,
    },
}

impl RestError {
    /// What to do about it, after the given attempt (the first is 1).
    pub fn verdict(&self, attempt: u32) -> Verdict {
        match self {
            Self::TokenRefused => Verdict::StopAllTraffic,
            Self::NoTurn { after } | Self::Rationed { after } => Verdict::RateLimited { after: *after },
            Self::NoAnswer(_) => verdict(Failure::default(), attempt),
            Self::Unreadable { status } => {
                verdict(Failure { status: Some(*status), ..Failure::default() }, attempt)
            }
            Self::Refused { status, code, retry_after, .. } => {
                let failure = Failure { status: Some(*status), code: Some(*code), retry_after: *retry_after };
                verdict(failure, attempt)
            }
        }
    }

    /// The code of Discord's error object, if it sent one.
    pub const fn code(&self) -> Option<u32> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// One of few words, for `error.type` and for the ledger.
    pub fn kind(&self) -> Cow<'static, str> {
        match self {
            Self::TokenRefused => "token_refused".into(),
            Self::NoTurn { .. } | Self::Rationed { .. } => "rate_limited".into(),
            Self::NoAnswer(error) if error.is_timeout() => "timeout".into(),
            Self::NoAnswer(error) if error.is_connect() => "connect".into(),
            Self::NoAnswer(_) => "connection".into(),
            Self::Unreadable { .. } => "unreadable".into(),
            Self::Refused { status, .. } => status.to_string().into(),
        }
    }
}
