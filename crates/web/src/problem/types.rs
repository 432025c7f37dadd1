//! The types of problems. A type's slug is an interface: programs match on it, so its meaning stays.

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ProblemType {
    /// The last part of its address.
    pub(crate) slug: &'static str,
    /// The HTTP status that goes with it.
    pub(crate) status: u16,
    /// In a few words.
    pub(crate) title: &'static str,
    /// What it means and what to do about it.
    pub(crate) meaning: &'static str,
}

impl ProblemType {
    /// The reference that stands in `type`.
    pub(crate) fn reference(&self) -> String {
        format!("/problems/{}", self.slug)
    }
}

/// The type of a broken rule, by the word that the verbs have for it.
pub(crate) fn of_rule(word: &str) -> &'static ProblemType {
    ALL.iter().find(|kind| kind.slug == word && kind.status == 409).copied().unwrap_or(&CONFLICT)
}

/// A type by the last part of its address.
pub(crate) fn named(slug: &str) -> Option<&'static ProblemType> {
    ALL.iter().find(|kind| kind.slug == slug).copied()
}

macro_rules! problem_types {
    ($($name:ident = $status:literal $slug:literal, $title:literal, $meaning:literal;)+) => {
        $(pub(crate) const $name: ProblemType =
            ProblemType { slug: $slug, status: $status, title: $title, meaning: $meaning };)+
        /// Every type, by status.
        pub(crate) const ALL: &[&ProblemType] = &[$(&$name),+];
    };
}

problem_types! {
    MALFORMED_JSON = 400 "malformed-json", "The body is not JSON",
        "The request's body ends early or breaks the grammar of JSON (RFC 8259). Nothing was read from it.";
    MALFORMED_REQUEST = 400 "malformed-request", "The request can't be read",
        "A header, the query or a form can't be decoded.";
    NOT_SIGNED_IN = 401 "not-signed-in", "You are not signed in",
        "The request needs a session cookie or a bearer token, and has none that is valid.";
    UNSIGNED = 401 "unsigned", "The request is not signed",
        "Only our own services are answered here, and they sign each request anew.";
    FORBIDDEN = 403 "forbidden", "You may not do this",
        "You are a member, but this is for hosts or managers.";
    CROSS_SITE = 403 "cross-site", "The request comes from another site",
        "A change has to be asked for from Muster's own pages, or with a bearer token. If you used a form of \
         ours, load the page again: its token is of an older session.";
    NOT_FOUND = 404 "not-found", "There is nothing here",
        "The address is wrong, the thing is gone, or you are not among those who may know of it.";
    METHOD_NOT_ALLOWED = 405 "method-not-allowed", "That can't be done here",
        "The address exists, but not for this method; the Allow header lists the ones that it has.";
    GAME_CLOSED = 409 "game-closed", "The game is closed for that",
        "It has begun, is over or is cancelled; its roster and its plan stay as they are.";
    HOST_PICKS = 409 "host-picks", "The host picks the players",
        "Nobody can join this game by themselves.";
    ROSTER_FULL = 409 "roster-full", "The waitlist is full",
        "A roster holds a thousand people, waitlist included.";
    KEY_REUSED = 409 "idempotency-key-reused", "The Idempotency-Key was used for something else",
        "The same key came with another body. Use a new key for a new request.";
    BODY_TOO_LARGE = 413 "body-too-large", "The body is too large",
        "A body may have 1 MiB.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported-media-type", "The body has the wrong type",
        "The API takes application/json.";
    INVALID_INPUT = 422 "invalid-input", "Some values can't be so",
        "Each of them is listed under errors, with a JSON pointer to its place.";
    TOO_MANY_REQUESTS = 429 "too-many-requests", "That was too often",
        "Wait for the seconds in Retry-After.";
    INTERNAL = 500 "internal", "Something broke on our side",
        "It has been recorded. The request id finds it.";
    CONFLICT = 409 "conflict", "A rule stands against it",
        "The detail says which.";
    UNAVAILABLE = 503 "unavailable", "Something that we need can't be reached",
        "Nothing was changed. Try again in a moment.";
    TOO_SLOW = 503 "too-slow", "This took too long",
        "The request was given up after 30 seconds. Whether it took effect is uncertain: look before you try \
         again.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_unique() {
        let mut slugs: Vec<_> = ALL.iter().map(|kind| kind.slug).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), ALL.len());
    }
}
