//! Text as Discord counts it, cuts it and shows it.

use jiff::Timestamp;

/// What stands where something was cut off.
const ELLIPSIS: char = '…';
/// Shown as nothing, yet counted as something: Discord refuses a blank where a text is required.
pub(crate) const BLANK: &str = "\u{200B}";

/// How long Discord takes a text to be: in Unicode code points.
///
/// Its API is written in Python and says so in discord-api-docs issue 1315; neither bytes nor UTF-16 units.
pub fn length(text: &str) -> usize {
    text.chars().count()
}

/// The text cut to at most `max` characters, with an ellipsis at the end when something was lost.
pub fn cut(text: &str, max: usize) -> String {
    if length(text) <= max {
        return text.to_owned();
    }
    let Some(kept) = max.checked_sub(1) else { return String::new() };
    let mut short: String = text.chars().take(kept).collect();
    short.truncate(short.trim_end().len());
    short.push(ELLIPSIS);
    short
}

/// The lines below each other in at most `max` characters; what doesn't fit becomes "and n more".
pub fn list(lines: &[String], max: usize) -> String {
    let whole = lines.join("\n");
    if length(&whole) <= max {
        return whole;
    }
    let mut shown = String::new();
    for (done, line) in lines.iter().enumerate() {
        let rest = more(lines.len() - done - 1);
        if length(&shown) + length(line) + 1 + length(&rest) > max {
            shown.push_str(&more(lines.len() - done));
            break;
        }
        shown.push_str(line);
        shown.push('\n');
    }
    cut(&shown, max)
}

fn more(count: usize) -> String {
    format!("and {count} more")
}

/// A person's text so that Discord shows it as it was typed: no markup, no mention, nothing invisible.
///
/// Web addresses are left whole, so that they can still be followed.
pub fn plain(text: &str) -> String {
    let text = domain::clean_text(text);
    let mut shown = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        escape_line(line, &mut shown);
    }
    shown
}

fn escape_line(line: &str, shown: &mut String) {
    let mut at_start = true;
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        let address = address_length(rest);
        if address > 0 {
            shown.push_str(&rest[..address]);
            rest = &rest[address..];
            at_start = false;
            continue;
        }
        if is_markup(next) || (at_start && matches!(next, '#' | '-' | '+')) || is_numbering(next, line, rest)
        {
            shown.push('\\');
        }
        at_start = at_start && next.is_whitespace();
        shown.push(next);
        rest = &rest[next.len_utf8()..];
    }
}

/// Characters that mean something to Discord wherever they stand.
const fn is_markup(c: char) -> bool {
    matches!(c, '\\' | '*' | '_' | '~' | '`' | '|' | '<' | '>' | '[' | ']' | '(' | ')' | '@')
}

/// Whether this is the dot of a numbered list's line ("1. …").
fn is_numbering(c: char, line: &str, rest: &str) -> bool {
    let before = line[..line.len() - rest.len()].trim_start();
    c == '.' && !before.is_empty() && before.chars().all(|c| c.is_ascii_digit())
}

/// The bytes of the web address that `text` starts with; 0 when it starts with none.
fn address_length(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return 0 };
    let scheme = text.len() - rest.len();
    let tail = rest.find(|c: char| !is_in_address(c)).unwrap_or(rest.len());
    if tail == 0 { 0 } else { scheme + tail }
}

const fn is_in_address(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '-' | '.' | '_' | '~' | ':' | '/' | '?' | '#' | '&' | '=' | '+' | '%' | ',' | ';')
}

/// An instant with day and time, which Discord shows to everybody in their own zone.
pub fn long_time(at: Timestamp) -> String {
    format!("<t:{}:F>", at.as_second())
}

/// How far away an instant is, which Discord keeps up to date ("in 3 hours").
pub fn relative_time(at: Timestamp) -> String {
    format!("<t:{}:R>", at.as_second())
}

/// A number of minutes as people say it: "45 min", "2 h", "1 h 30 min".
pub fn duration(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cutting_says_that_it_cut() {
        assert_eq!(cut("Dragons", 7), "Dragons");
        assert_eq!(cut("Dragons", 5), "Drag…");
        assert_eq!(cut("👩‍🚀👩‍🚀", 3), "👩‍…");
        assert_eq!(cut("Dragons", 0), "");
    }

    #[test]
    fn a_long_list_says_how_many_are_left() {
        let players: Vec<String> = (1..=9).map(|n| format!("{n}. Player")).collect();
        assert_eq!(list(&players[..2], 40), "1. Player\n2. Player");
        assert_eq!(list(&players, 32), "1. Player\n2. Player\nand 7 more");
        assert_eq!(list(&players, 5), "and…");
    }

    #[test]
    fn markup_is_shown_as_typed() {
        insta::assert_snapshot!(
            plain("**Bold** @everyone <@1> `code` ||spoiler|| [a](b)\n# Head\n- item\n1. one, v1.2\u{202E}"),
            @r"
        \*\*Bold\*\* \@everyone \<\@1\> \`code\` \|\|spoiler\|\| \[a\]\(b\)
        \# Head
        \- item
        1\. one, v1.2
        "
        );
        assert_eq!(
            plain("see https://vtt.example/join/a_b?c=d*, ok"),
            r"see https://vtt.example/join/a_b?c=d\*, ok"
        );
        assert_eq!(plain("https://@everyone"), r"https://\@everyone");
    }

    #[test]
    fn durations_and_times() {
        assert_eq!([duration(45), duration(120), duration(90)], ["45 min", "2 h", "1 h 30 min"]);
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        assert_eq!(long_time(at) + &relative_time(at), "<t:1800000000:F><t:1800000000:R>");
    }

    proptest! {
        #[test]
        fn nothing_is_longer_than_allowed(text in "\\PC*", lines in prop::collection::vec("\\PC{0,20}", 0..30), max in 0_usize..80) {
            prop_assert!(length(&cut(&text, max)) <= max);
            prop_assert!(length(&list(&lines, max)) <= max);
        }

        #[test]
        fn taking_the_backslashes_away_gives_back_the_text(text in "[a-z*_~`|<>@#.\\-\\\\ \n0-9:/]{0,60}") {
            let mut shown = String::new();
            let escaped = plain(&text);
            let mut letters = escaped.chars();
            while let Some(letter) = letters.next() {
                shown.push(if letter == '\\' { letters.next().unwrap() } else { letter });
            }
            prop_assert_eq!(shown, domain::clean_text(&text));
        }
    }
}
