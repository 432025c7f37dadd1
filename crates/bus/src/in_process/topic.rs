//! Topic patterns, as AMQP 0-9-1 defines them for topic exchanges.

/// Whether a routing key fits a pattern: `*` stands for one word, `#` for none, one or more.
pub(crate) fn fits(pattern: &str, routing_key: &str) -> bool {
    let pattern: Vec<&str> = words(pattern);
    let key: Vec<&str> = words(routing_key);
    words_fit(&pattern, &key)
}

fn words(text: &str) -> Vec<&str> {
    if text.is_empty() { Vec::new() } else { text.split('.').collect() }
}

fn words_fit(pattern: &[&str], key: &[&str]) -> bool {
    match (pattern, key) {
        ([], []) => true,
        (["#", rest @ ..], _) => (0..=key.len()).any(|skipped| words_fit(rest, &key[skipped..])),
        (["*", rest @ ..], [_, others @ ..]) => words_fit(rest, others),
        ([word, rest @ ..], [first, others @ ..]) => word == first && words_fit(rest, others),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_what_amqp_says_they_take() {
        let fitting = [
            ("game.created", "game.created"),
            ("game.*", "game.created"),
            ("*.created", "game.created"),
            ("#", "game.created"),
            ("#", ""),
            ("game.#", "game"),
            ("game.#", "game.status.changed"),
            ("#.changed", "game.status.changed"),
            ("game.#.changed", "game.changed"),
        ];
        let strange = [
            ("game.*", "game"),
            ("game.*", "game.status.changed"),
            ("*", ""),
            ("game.created", "game.create"),
            ("game.#.changed", "game.status"),
            ("", "game"),
        ];

        for (pattern, key) in fitting {
            assert!(fits(pattern, key), "{pattern} must take {key}");
        }
        for (pattern, key) in strange {
            assert!(!fits(pattern, key), "{pattern} must not take {key}");
        }
    }
}
