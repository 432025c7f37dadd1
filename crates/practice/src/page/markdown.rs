//! Discord's markdown, in a fixed set of tags; whatever isn't recognised is text.

use super::time::styled;
use crate::state::{Snowflake, World};
use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};

/// Marks inside marks are read this deep.
const DEPTH_LIMIT: u8 = 6;
/// Pairs that surround marked text, longest first.
const PAIRS: [(&str, &str); 7] =
    [("**", "strong"), ("__", "u"), ("~~", "s"), ("||", "span"), ("*", "em"), ("_", "em"), ("`", "code")];

/// What names and times in a text refer to.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) world: &'a World,
    pub(super) now: Timestamp,
}

impl Words<'_> {
    /// A text of several lines: headings, quotes, lists, code blocks, paragraphs.
    pub(super) fn block(&self, text: &str) -> Markup {
        let mut parts = text.split("```");
        let first = parts.next().unwrap_or_default();
        html! {
            (self.lines(first))
            @for (at, part) in (1..).zip(parts) {
                @if at % 2 == 1 { pre { code { (part.trim_matches('\n')) } } } @else { (self.lines(part)) }
            }
        }
    }

    fn lines(&self, text: &str) -> Markup {
        html! {
            @for line in text.trim_matches('\n').split('\n') { (self.line(line)) }
        }
    }

    fn line(&self, line: &str) -> Markup {
        if let Some(quoted) = line.strip_prefix("> ") {
            return html! { blockquote { (self.inline(quoted)) } };
        }
        if let Some(item) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
            return html! { p .item { (self.inline(item)) } };
        }
        if let Some(small) = line.strip_prefix("-# ") {
            return html! { p .subtext { (self.inline(small)) } };
        }
        let heading = line.trim_start_matches('#');
        let level = line.len() - heading.len();
        match heading.strip_prefix(' ').filter(|_| (1..=3).contains(&level)) {
            // Looks like a heading, but the page's own headings stay the only ones.
            Some(heading) => html! { p .heading { (self.inline(heading)) } },
            None if line.is_empty() => html! { p .blank { (PreEscaped("&nbsp;")) } },
            None => html! { p { (self.inline(line)) } },
        }
    }

    /// A text of one line.
    pub(super) fn inline(&self, text: &str) -> Markup {
        let mut out = String::new();
        self.write(text, DEPTH_LIMIT, &mut out);
        PreEscaped(out)
    }

    fn write(&self, text: &str, depth: u8, out: &mut String) {
        let mut plain = 0;
        let mut at = 0;
        while let Some((rest, first)) = text.get(at..).and_then(|rest| Some((rest, rest.chars().next()?))) {
            if let Some((markup, after)) = self.marked(rest, depth) {
                out.push_str(&html! { (&text[plain..at]) (markup) }.into_string());
                at = text.len() - after.len();
                plain = at;
            } else {
                at += first.len_utf8();
            }
        }
        out.push_str(&html! { (&text[plain..]) }.into_string());
    }

    /// What stands at the beginning of `text`, when it is more than a character, and what follows.
    fn marked<'t>(&self, text: &'t str, depth: u8) -> Option<(Markup, &'t str)> {
        match text.as_bytes().first()? {
            b'\\' => escaped(text),
            b'<' => self.reference(text),
            b'[' => self.link(text, depth),
            b'h' => bare_link(text),
            b'*' | b'_' | b'~' | b'|' | b'`' if depth > 0 => self.pair(text, depth),
            _ => None,
        }
    }

    fn pair<'t>(&self, text: &'t str, depth: u8) -> Option<(Markup, &'t str)> {
        let (mark, tag) = PAIRS.into_iter().find(|(mark, _)| text.starts_with(mark))?;
        let body = text.get(mark.len()..)?;
        let end = body.find(mark).filter(|end| *end > 0)?;
        let (inside, after) = (body.get(..end)?, body.get(end + mark.len()..)?);
        let content = || {
            let mut out = String::new();
            self.write(inside, depth - 1, &mut out);
            PreEscaped(out)
        };
        let markup = match tag {
            "strong" => html! { strong { (content()) } },
            "u" => html! { u { (content()) } },
            "s" => html! { s { (content()) } },
            "span" => html! { span .spoiler { (content()) } },
            "code" => html! { code { (inside) } },
            _ => html! { em { (content()) } },
        };
        Some((markup, after))
    }

    /// `[words](address)`.
    fn link<'t>(&self, text: &'t str, depth: u8) -> Option<(Markup, &'t str)> {
        let (words, tail) = text.strip_prefix('[')?.split_once("](")?;
        let (address, after) = tail.split_once(')')?;
        let address = address.trim_start_matches('<').trim_end_matches('>');
        if depth == 0 || words.contains(['[', '\n']) || !is_web(address) {
            return None;
        }
        let mut inside = String::new();
        self.write(words, 0, &mut inside);
        Some((anchor(address, &PreEscaped(inside)), after))
    }

    /// `<@1>`, `<@&1>`, `<#1>`, `<t:1:F>`.
    fn reference<'t>(&self, text: &'t str) -> Option<(Markup, &'t str)> {
        let (inside, after) = text.strip_prefix('<')?.split_once('>')?;
        let name = if let Some(stamp) = inside.strip_prefix("t:") {
            let (seconds, style) = stamp.split_once(':').unwrap_or((stamp, "f"));
            let at = Timestamp::from_second(seconds.parse().ok()?).ok()?;
            return Some((styled(at, style, self.now)?, after));
        } else if let Some(role) = inside.strip_prefix("@&") {
            let id = id(role)?;
            self.world.guild.roles.iter().find(|role| role.id == id).map(|role| format!("@{}", role.name))?
        } else if let Some(person) = inside.strip_prefix('@') {
            let member = self.world.guild.member(id(person.strip_prefix('!').unwrap_or(person))?)?;
            format!("@{}", member.global_name)
        } else {
            let channel = self.world.guild.channel(id(inside.strip_prefix('#')?)?)?;
            format!("#{}", channel.name)
        };
        Some((html! { span .mention { (name) } }, after))
    }
}

fn id(text: &str) -> Option<Snowflake> {
    text.parse().ok()
}

fn escaped(text: &str) -> Option<(Markup, &str)> {
    let after = text.strip_prefix('\\')?;
    let first = after.chars().next().filter(char::is_ascii_punctuation)?;
    let (plain, after) = after.split_at(first.len_utf8());
    Some((html! { (plain) }, after))
}

fn bare_link(text: &str) -> Option<(Markup, &str)> {
    if !is_web(text) {
        return None;
    }
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"')).unwrap_or(text.len());
    let address = text.get(..end)?.trim_end_matches(['.', ',', ')', ';', ':', '!', '?']);
    Some((anchor(address, &html! { (address) }), text.get(address.len()..)?))
}

/// Only the web's own schemes become links.
fn is_web(address: &str) -> bool {
    ["https://", "http://"]
        .iter()
        .any(|scheme| address.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
}

fn anchor(address: &str, words: &Markup) -> Markup {
    html! { a href=(address) rel="noreferrer noopener" { (words) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> String {
        let world = World::new(String::new());
        let now = "2026-03-01T18:00:00Z".parse().unwrap();
        Words { world: &world, now }.inline(text).into_string()
    }

    #[test]
    fn marks_become_tags() {
        assert_eq!(
            rendered("**bold *and* more** ~~gone~~"),
            "<strong>bold <em>and</em> more</strong> <s>gone</s>"
        );
        assert_eq!(rendered("`**raw**`"), "<code>**raw**</code>");
        assert_eq!(rendered("\\*plain\\* 2 * 3"), "*plain* 2 * 3");
        assert_eq!(rendered("**unfinished"), "**unfinished");
    }

    #[test]
    fn names_and_times_are_resolved() {
        assert_eq!(rendered("<@1200000000000000304>"), r#"<span class="mention">@Dana</span>"#);
        assert_eq!(
            rendered("<#1200000000000000203> <@&1200000000000000103>"),
            r#"<span class="mention">#games</span> <span class="mention">@Player</span>"#
        );
        assert!(rendered("<t:1772391600:R>").contains(">in an hour</time>"));
        assert_eq!(rendered("<@42>"), "&lt;@42&gt;");
    }

    #[test]
    fn only_web_addresses_become_links_and_nothing_gets_out() {
        assert_eq!(
            rendered("[calendar](https://example.com/a)"),
            r#"<a href="https://example.com/a" rel="noreferrer noopener">calendar</a>"#
        );
        assert_eq!(rendered("[x](javascript:alert)"), "[x](javascript:alert)");
        assert_eq!(rendered("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
        assert!(
            rendered(r#"https://example.com/"onclick=1"#).starts_with(r#"<a href="https://example.com/" "#)
        );
    }
}
