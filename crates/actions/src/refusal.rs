use domain::FieldError;
use std::borrow::Cow;
use std::error::Error;

/// How somebody hears that a verb did not do what they wanted; each door has one place that turns it into its
/// own kind of answer. The sentence is the error's `Display`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal<'a> {
    /// There is no such thing, or it is not for them to know.
    NotFound,
    /// They may know, and may not do it.
    Forbidden,
    /// What they sent can't be so.
    Invalid(&'a [FieldError]),
    /// A rule stands against it; the word is stable.
    Conflict(&'static str),
    /// Something that we need can't be reached; later it may work.
    Unavailable,
    /// It is our fault; they hear a request id and nothing else.
    Broken,
}

impl Refusal<'_> {
    /// The word for a span's outcome.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Forbidden => "forbidden",
            Self::Invalid(_) => "invalid",
            Self::Conflict(word) => word,
            Self::Unavailable => "unavailable",
            Self::Broken => "broken",
        }
    }
}

/// An error of a verb.
pub trait Refuses: Error + Sized + 'static {
    /// How a stranger hears of it.
    fn refusal(&self) -> Refusal<'_>;

    /// One of few words for `error.type`, where it is an error at all.
    fn error_type(&self) -> Cow<'static, str>;
}

impl Refuses for store::StoreError {
    fn refusal(&self) -> Refusal<'_> {
        match self {
            Self::Unavailable(_) => Refusal::Unavailable,
            _ => Refusal::Broken,
        }
    }

    fn error_type(&self) -> Cow<'static, str> {
        Self::error_type(self)
    }
}
