//! A message's embed as Discord shows it.

use maud::{Markup, html};

/// An embed; texts are shown as they are, line breaks kept.
#[derive(Debug, Default)]
pub struct Embed<'a> {
    /// 0xRRGGBB of the stripe.
    pub color: u32,
    /// Bold, on top.
    pub title: &'a str,
    /// Under the title.
    pub description: Option<Markup>,
    /// Names and values.
    pub fields: Vec<EmbedField<'a>>,
    /// Small, at the end.
    pub footer: Option<&'a str>,
    /// Buttons under the embed, drawn by the caller.
    pub buttons: Option<Markup>,
}

/// One field of an embed.
#[derive(Debug)]
pub struct EmbedField<'a> {
    /// Bold.
    pub name: &'a str,
    /// Under the name.
    pub value: Markup,
    /// Beside its neighbours instead of on a line of its own.
    pub inline: bool,
}

/// The embed and its buttons.
pub fn embed(embed: &Embed<'_>) -> Markup {
    html! {
        div .message {
            div .embed {
                (stripe(embed.color))
                @if !embed.title.is_empty() { p .embed-title { (embed.title) } }
                @if let Some(description) = &embed.description { div .prewrap { (description) } }
                @if !embed.fields.is_empty() { (fields(&embed.fields)) }
                @if let Some(footer) = embed.footer { p .embed-foot { (footer) } }
            }
            @if let Some(buttons) = &embed.buttons { div .embed-buttons { (buttons) } }
        }
    }
}

/// The stripe is a drawing, since its colour is data and an inline style is forbidden.
fn stripe(color: u32) -> Markup {
    html! {
        svg .embed-stripe aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 4 4" {
            rect width="4" height="4" fill=(format_args!("#{:06x}", color & 0x00ff_ffff)) {}
        }
    }
}

fn fields(fields: &[EmbedField<'_>]) -> Markup {
    html! {
        dl .embed-fields {
            @for field in fields {
                div .embed-block[!field.inline] { dt { (field.name) } dd { (field.value) } }
            }
        }
    }
}
