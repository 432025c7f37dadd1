//! The middle column's messages: text, embeds, buttons.

use super::markdown::Words;
use super::time::written;
use super::viewer::Viewer;
use crate::state::{BOT, COMMAND, Message, World};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use serde_json::Value;

/// Messages on one page.
const PAGE: usize = 50;
/// Messages of one author within this time share a heading.
const TOGETHER: SignedDuration = SignedDuration::from_mins(7);
const LINK_STYLE: u64 = 5;

/// What the viewer sees in the place that is looked at.
pub(super) fn list(world: &World, viewer: &Viewer, now: Timestamp) -> Markup {
    let words = Words { world, now };
    let (shown, older) = select(world, viewer);
    html! {
        @if let Some(first) = shown.first().filter(|_| older) {
            p .older {
                a href=(format!("/?as={}&at={}&before={}", viewer.person.name, viewer.place.name(), first.id)) {
                    "Older messages"
                }
            }
        }
        @if shown.is_empty() { (nothing(viewer)) }
        @for (at, message) in shown.iter().enumerate() {
            @let follows = at.checked_sub(1).and_then(|at| shown.get(at)).is_some_and(|last| goes_with(last, message));
            (one(words, viewer, message, follows))
        }
    }
}

fn select<'a>(world: &'a World, viewer: &Viewer) -> (Vec<&'a Message>, bool) {
    let Some(channel) = viewer.place.channel() else { return (Vec::new(), false) };
    let visible =
        world.messages.of_channel(channel).filter(|message| message.is_visible_to(viewer.person.id));
    let earlier = visible.rev().filter(|message| viewer.before.is_none_or(|before| message.id < before));
    let mut shown: Vec<_> = earlier.take(PAGE + 1).collect();
    let older = shown.len() > PAGE;
    shown.truncate(PAGE);
    shown.reverse();
    (shown, older)
}

fn nothing(viewer: &Viewer) -> Markup {
    html! {
        div .nothing {
            @if viewer.place.name() == "dm" {
                p { strong { "No direct messages yet" } }
                p { "What the bot writes to " (viewer.person.global_name) " alone will stand here." }
            } @else {
                p { strong { "Nothing in #" (viewer.place.name()) " yet" } }
                p { "Messages of the bot and of people will stand here. Write something, or start with a slash for a command." }
            }
        }
    }
}

fn goes_with(last: &Message, message: &Message) -> bool {
    last.author == message.author
        && last.only_for == message.only_for
        && message.origin.as_ref().is_none_or(|origin| origin.kind != COMMAND)
        && message.created.duration_since(last.created) < TOGETHER
}

fn one(words: Words<'_>, viewer: &Viewer, message: &Message, follows: bool) -> Markup {
    let author = words.world.guild.member(message.author);
    let name = author.map_or("Somebody who left", |author| author.global_name.as_str());
    html! {
        article .message .follows[follows] .private[message.only_for.is_some()] id=(format!("m{}", message.id)) {
            @if !follows {
                (origin(words, message))
                span .avatar .bot[message.author == BOT] .(super::layout::hue(words.world, message.author)) aria-hidden="true" {
                    (name.chars().next().unwrap_or('?'))
                }
                p .by {
                    strong { (name) }
                    @if message.author == BOT { " " span .app { "APP" } }
                    " " (written(message.created, words.now))
                }
            }
            div .body {
                (content(words, message))
                @for embed in &message.embeds { (self::embed(words, embed)) }
                @if message.content.is_empty() { (edited(message)) }
                @for row in &message.components { (self::row(viewer, message, row)) }
                @if message.only_for.is_some() { p .only { "Only you can see this" } }
            }
        }
    }
}

/// The command that a message answers.
fn origin(words: Words<'_>, message: &Message) -> Markup {
    let Some(origin) = message.origin.as_ref().filter(|origin| origin.kind == COMMAND) else {
        return html! {};
    };
    let name =
        words.world.guild.member(origin.person).map_or("Somebody", |person| person.global_name.as_str());
    html! { p .origin { strong { (name) } " used " code { "/" (origin.name) } } }
}

fn content(words: Words<'_>, message: &Message) -> Markup {
    html! {
        @if message.is_loading() { p .thinking { "The bot is thinking…" } }
        @if !message.content.is_empty() {
            div .text dir="auto" { (words.block(&message.content)) }
            (edited(message))
        }
    }
}

/// Under the text; under the embeds of a message without one.
fn edited(message: &Message) -> Markup {
    html! { @if message.edited.is_some() && !message.is_ephemeral() { span .edited { "(edited)" } } }
}

fn embed(words: Words<'_>, embed: &Value) -> Markup {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let color = embed["color"].as_u64().unwrap_or(0x001E_1F22);
    html! {
        div .embed {
            // The stripe is a drawing, since its colour is data and inline styles are forbidden.
            svg .stripe aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 4 4" {
                rect width="4" height="4" fill=(format!("#{color:06x}")) {}
            }
            @if let Some(author) = text(&embed["author"]["name"]) { p .embed-author { (author) } }
            @if let Some(title) = text(&embed["title"]) {
                p .embed-title dir="auto" {
                    @match embed["url"].as_str() {
                        Some(url) => a href=(url) rel="noreferrer noopener" { (words.inline(&title)) },
                        None => (words.inline(&title)),
                    }
                }
            }
            @if let Some(description) = text(&embed["description"]) {
                div .text dir="auto" { (words.block(&description)) }
            }
            (fields(words, embed))
            (foot(words, embed))
        }
    }
}

fn fields(words: Words<'_>, embed: &Value) -> Markup {
    let fields = embed["fields"].as_array().map_or(&[][..], Vec::as_slice);
    if fields.is_empty() {
        return html! {};
    }
    html! {
        dl .fields {
            @for field in fields {
                div .inline[field["inline"] == true] {
                    dt dir="auto" { (words.inline(field["name"].as_str().unwrap_or_default())) }
                    dd dir="auto" { (words.block(field["value"].as_str().unwrap_or_default())) }
                }
            }
        }
    }
}

fn foot(words: Words<'_>, embed: &Value) -> Markup {
    let at = embed["timestamp"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    let text = embed["footer"]["text"].as_str();
    html! {
        @if text.is_some() || at.is_some() {
            p .embed-foot {
                (text.unwrap_or_default())
                @if text.is_some() && at.is_some() { " · " }
                @if let Some(at) = at { (written(at, words.now)) }
            }
        }
    }
}

fn row(viewer: &Viewer, message: &Message, row: &Value) -> Markup {
    let controls = row["components"].as_array().map_or(&[][..], Vec::as_slice);
    html! {
        div .controls {
            @for control in controls {
                @if control["type"] == 2 { (button(viewer, message, control)) }
                @else { span .select { (control["placeholder"].as_str().unwrap_or("A menu: use the script API")) } }
            }
        }
    }
}

fn button(viewer: &Viewer, message: &Message, control: &Value) -> Markup {
    let emoji = control["emoji"]["name"].as_str();
    let label =
        html! { @if let Some(emoji) = emoji { (emoji) " " } (control["label"].as_str().unwrap_or_default()) };
    let style = control["style"].as_u64().unwrap_or(2);
    if style == LINK_STYLE {
        let url = control["url"].as_str().unwrap_or_default();
        return html! { a .button .style-5 href=(url) rel="noreferrer noopener" { (label) " ↗" } };
    }
    let disabled = control["disabled"].as_bool().unwrap_or(false);
    html! {
        form method="post" action="/page/press" {
            (super::layout::carried(viewer))
            input type="hidden" name="message" value=(message.id);
            input type="hidden" name="button" value=(control["custom_id"].as_str().unwrap_or_default());
            button .button .(format!("style-{style}")) type="submit" disabled[disabled] { (label) }
        }
    }
}
