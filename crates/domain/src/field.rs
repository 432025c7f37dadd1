use std::ops::RangeInclusive;

/// What is wrong with one field of an input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// The field's name in the JSON API; its pointer is `/` and this.
    pub field: &'static str,
    /// A sentence for the person who typed it.
    pub message: String,
}

/// Collects what is wrong with an input, so that a person hears all of it at once.
#[derive(Debug, Default)]
pub(crate) struct Check(Vec<FieldError>);

impl Check {
    pub(crate) fn that(&mut self, holds: bool, field: &'static str, message: impl Into<String>) {
        if !holds {
            self.0.push(FieldError { field, message: message.into() });
        }
    }

    pub(crate) fn length(&mut self, field: &'static str, text: &str, allowed: &RangeInclusive<usize>) {
        let message = if *allowed.start() == 0 {
            format!("At most {} characters.", allowed.end())
        } else {
            format!("Between {} and {} characters.", allowed.start(), allowed.end())
        };
        self.that(allowed.contains(&text.chars().count()), field, message);
    }

    pub(crate) fn number(&mut self, field: &'static str, value: u32, allowed: &RangeInclusive<u32>) {
        let message = format!("Between {} and {}.", allowed.start(), allowed.end());
        self.that(allowed.contains(&value), field, message);
    }

    pub(crate) fn done(self) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

/// Takes out what could make a text look like something else: control characters (line breaks stay, a tab
/// becomes a space), bidirectional overrides and zero-width characters; then trims it.
pub fn clean_text(text: &str) -> String {
    let visible: String = text
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|c| *c == '\n' || !(c.is_control() || is_invisible(*c)))
        .collect();
    visible.trim().to_owned()
}

/// The same for what has to stay on one line: its line breaks become spaces.
pub(crate) fn clean_line(text: &str) -> String {
    clean_text(text).replace('\n', " ")
}

/// Unicode's bidirectional controls (UAX #9), zero-width characters and line or paragraph separators.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{061C}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_taken_out() {
        assert_eq!(clean_text(" a\u{202E}b\u{200B}c\u{7}\r\nd\te\u{2028} "), "abc\nd e");
        assert_eq!(clean_text("\u{200B} \u{FEFF}\u{2066}"), "");
        assert_eq!(clean_line(" Dungeon\r\nnight\n"), "Dungeon night");
    }

    #[test]
    fn letters_of_every_script_stay() {
        for text in ["Grüße", "漢字", "שלום", "e\u{301}", "🎲🐉"] {
            assert_eq!(clean_text(text), text);
        }
    }
}
