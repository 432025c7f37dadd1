//! What to do when Discord says no: one table for everybody.

use std::time::Duration;

/// A rate limit's pause when Discord names none.
const UNNAMED_PAUSE: Duration = Duration::from_secs(5);
/// How long no DM is opened after Discord has complained, whatever pause it names: it takes the bot for a sender of
/// spam.
const DMS_BREAK: Duration = Duration::from_mins(5);
/// Seconds before each further attempt; the last one repeats.
const BACKOFF_SECONDS: [u64; 6] = [1, 2, 4, 8, 15, 30];

/// What is known about a call that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The HTTP status; none when no answer came.
    pub status: Option<u16>,
    /// The `code` of Discord's error object; none when the answer wasn't one.
    pub code: Option<u32>,
    /// How long Discord asks to wait.
    pub retry_after: Option<Duration>,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody knows whether it worked: try again with the same nonce.
    RetrySameNonce {
        /// How long to wait first.
        after: Duration,
    },
    /// Too fast: try again, and keep the place in the queue.
    RateLimited {
        /// How long to wait first.
        after: Duration,
    },
    /// The token is refused: send nothing any more, report not ready.
    StopAllTraffic,
    /// It will never work like this.
    Dead(DeadReason),
    /// The bot may not write in this channel: mark it, tell the host, try at most once an hour.
    ChannelForbidden,
    /// The message was deleted: post it once more if it is still wanted.
    MessageGone,
    /// The channel or the guild was deleted: nothing that is pending for it can be sent.
    ChannelGone,
    /// The person takes no DMs from the bot: use the channel if that is allowed.
    DmsClosed,
    /// DMs are being opened too fast: open none for a while.
    BreakDms {
        /// How long.
        after: Duration,
    },
    /// This channel needs a rest.
    CoolDown {
        /// How long.
        after: Duration,
    },
    /// The interaction is over or answered already.
    Never,
}

/// Why something can't be sent at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadReason {
    /// Discord doesn't understand what we send: a fault of ours, somebody has to look.
    BadRequest,
    /// There is no such person any more.
    UnknownUser,
    /// There is no such thing any more.
    NotFound,
}

impl DeadReason {
    /// The word for the ledger and for metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::UnknownUser => "unknown_user",
            Self::NotFound => "not_found",
        }
    }
}

/// The pause before attempt number `attempt` + 1, where the first attempt is 1.
pub fn backoff(attempt: u32) -> Duration {
    let step = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    Duration::from_secs(BACKOFF_SECONDS[step.min(BACKOFF_SECONDS.len() - 1)])
}

/// Decides what to do about a failure of the given attempt (the first is 1).
///
/// The codes are Discord's ("Opcodes and Status Codes", "JSON Error Codes").
pub fn verdict(failure: Failure, attempt: u32) -> Verdict {
    let again = Verdict::RetrySameNonce { after: backoff(attempt) };
    let pause = failure.retry_after.unwrap_or(UNNAMED_PAUSE);
    if let Some(verdict) = failure.code.and_then(|code| by_code(code, pause)) {
        return verdict;
    }
    match (failure.status, failure.code) {
        (Some(429), _) => Verdict::RateLimited { after: pause },
        (Some(401), _) => Verdict::StopAllTraffic,
        (Some(403), Some(_)) => Verdict::ChannelForbidden,
        (Some(404), Some(_)) => Verdict::Dead(DeadReason::NotFound),
        (Some(400..=499), Some(_)) => Verdict::Dead(DeadReason::BadRequest),
        // No answer, a 5xx, or a page that a proxy put in Discord's place.
        _ => again,
    }
}

/// What Discord's own code says, whichever status it comes with.
const fn by_code(code: u32, pause: Duration) -> Option<Verdict> {
    Some(match code {
        // Unknown channel, unknown guild.
        10_003 | 10_004 => Verdict::ChannelGone,
        // Unknown message.
        10_008 => Verdict::MessageGone,
        // Unknown user.
        10_013 => Verdict::Dead(DeadReason::UnknownUser),
        // Unknown webhook, unknown interaction, already acknowledged, invalid webhook token.
        10_015 | 10_062 | 40_060 | 50_027 => Verdict::Never,
        // Writing to a channel too fast; editing old messages too often.
        20_028 | 30_046 => Verdict::CoolDown { after: pause },
        // Opening DMs too fast.
        40_003 => Verdict::BreakDms { after: DMS_BREAK },
        // Missing access, missing permissions.
        50_001 | 50_013 => Verdict::ChannelForbidden,
        // Can't send messages to this user; no guild in common with them.
        50_007 | 50_278 => Verdict::DmsClosed,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statuses with Discord's codes; 0 stands for none.
    const FAILURES: [(u16, u32); 26] = [
        (0, 0),
        (500, 0),
        (502, 0),
        (200, 0),
        (403, 0),
        (429, 0),
        (429, 20_028),
        (429, 30_046),
        (429, 40_003),
        (400, 40_003),
        (401, 0),
        (401, 50_027),
        (400, 50_035),
        (403, 50_001),
        (403, 50_013),
        (403, 50_007),
        (403, 50_278),
        (403, 20_001),
        (404, 10_003),
        (404, 10_004),
        (404, 10_008),
        (404, 10_013),
        (404, 10_015),
        (404, 10_062),
        (404, 10_011),
        (400, 40_060),
    ];

    fn row(status: u16, code: u32) -> String {
        let failure = Failure {
            status: (status > 0).then_some(status),
            code: (code > 0).then_some(code),
            retry_after: (status == 429).then(|| Duration::from_millis(1500)),
        };
        format!("{status:>3} {code:>5} -> {:?}\n", verdict(failure, 1))
    }

    #[test]
    fn the_error_table() {
        let table: String = FAILURES.into_iter().map(|(status, code)| row(status, code)).collect();
        insta::assert_snapshot!(table, @r"
          0     0 -> RetrySameNonce { after: 1s }
        500     0 -> RetrySameNonce { after: 1s }
        502     0 -> RetrySameNonce { after: 1s }
        200     0 -> RetrySameNonce { after: 1s }
        403     0 -> RetrySameNonce { after: 1s }
        429     0 -> RateLimited { after: 1.5s }
        429 20028 -> CoolDown { after: 1.5s }
        429 30046 -> CoolDown { after: 1.5s }
        429 40003 -> BreakDms { after: 300s }
        400 40003 -> BreakDms { after: 300s }
        401     0 -> StopAllTraffic
        401 50027 -> Never
        400 50035 -> Dead(BadRequest)
        403 50001 -> ChannelForbidden
        403 50013 -> ChannelForbidden
        403 50007 -> DmsClosed
        403 50278 -> DmsClosed
        403 20001 -> ChannelForbidden
        404 10003 -> ChannelGone
        404 10004 -> ChannelGone
        404 10008 -> MessageGone
        404 10013 -> Dead(UnknownUser)
        404 10015 -> Never
        404 10062 -> Never
        404 10011 -> Dead(NotFound)
        400 40060 -> Never
        ");
    }

    #[test]
    fn the_pauses_grow_and_stay() {
        let pauses: Vec<_> = (1..=8).map(|attempt| backoff(attempt).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 15, 30, 30, 30]);
    }
}
