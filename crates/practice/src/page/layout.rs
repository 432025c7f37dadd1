//! The page's frame: the bar on top and the columns at both sides.

use super::assets::{ICON, SCRIPT, STYLESHEET};
use super::viewer::{View, Viewer};
use super::{form, messages};
use crate::faults::Faults;
use crate::state::{Channel, Member, Snowflake, TEXT, World};
use clock::Clock;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

/// Avatars come in so many colours.
const HUES: usize = 8;
const QUARTER_SECONDS: i64 = 15 * 60;

/// What the clock can do.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClockFace {
    movable: bool,
    running: bool,
}

impl ClockFace {
    pub(super) fn of(clock: &Clock) -> Self {
        match clock {
            Clock::System => Self { movable: false, running: true },
            Clock::Practice(clock) => Self { movable: true, running: clock.is_running() },
        }
    }
}

/// The class that colours a person's avatar.
pub(super) fn hue(world: &World, person: Snowflake) -> String {
    let at = world.guild.members.iter().position(|member| member.id == person);
    format!("hue-{}", at.unwrap_or(0) % HUES)
}

/// The fields that every form sends along: who, and where to return.
pub(super) fn carried(viewer: &Viewer) -> Markup {
    html! {
        input type="hidden" name="as" value=(viewer.person.name);
        input type="hidden" name="at" value=(viewer.place.name());
    }
}

/// The whole page.
pub(super) fn page(world: &World, viewer: &Viewer, clock: ClockFace, now: Timestamp) -> Markup {
    let place = match &viewer.place {
        View::Channel { name, .. } => format!("#{name}"),
        View::Direct(_) => "Direct messages".to_owned(),
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (place) " as " (viewer.person.global_name) " · Practice Discord" }
                link rel="icon" href=(ICON) type="image/svg+xml";
                link rel="stylesheet" href=(STYLESHEET);
                script src=(SCRIPT) defer {}
            }
            body {
                a .skip href="#messages" { "Skip to the messages" }
                (bar(world, viewer, clock, now))
                div .columns {
                    (places(world, viewer))
                    (middle(world, viewer, now))
                    (people(world, viewer))
                }
            }
        }
    }
}

fn bar(world: &World, viewer: &Viewer, clock: ClockFace, now: Timestamp) -> Markup {
    html! {
        header .bar {
            p .what { strong { "Practice Discord" } span { " — a simulator" } }
            div .clock id="clock" {
                span .face {
                    time datetime=(now.to_string()) { (now.strftime("%a %-d %b %Y, %H:%M:%S").to_string()) }
                    " UTC "
                    @if !clock.running { span .stopped { "stopped" } }
                }
                @if clock.movable { (skips(viewer, clock, now)) }
            }
            (faults(world, viewer))
        }
    }
}

fn skips(viewer: &Viewer, clock: ClockFace, now: Timestamp) -> Markup {
    let to_quarter = QUARTER_SECONDS - now.as_second().rem_euclid(QUARTER_SECONDS);
    let steps = [("+15 min", 15 * 60), ("+1 h", 3600), ("+1 day", 86_400), ("Next quarter", to_quarter)];
    let run = if clock.running { ("stop", "Stop") } else { ("resume", "Run") };
    html! {
        form .skips method="post" action="/page/clock" aria-label="Move the practice clock" {
            (carried(viewer))
            @for (label, seconds) in steps {
                button .small type="submit" name="advance_seconds" value=(seconds) { (label) }
            }
            button .small type="submit" name="run" value=(run.0) { (run.1) }
        }
    }
}

fn faults(world: &World, viewer: &Viewer) -> Markup {
    let faults = &world.faults;
    // The two that say how strict the server is aren't faults.
    let calm = Faults {
        require_allowed_mentions: faults.require_allowed_mentions,
        privileged_intents: faults.privileged_intents,
        ..Faults::default()
    };
    let active = *faults != calm;
    let switches = [
        ("outage", "Outage", "every request is answered 503", faults.outage),
        ("closed_dms", "Closed DMs", "nobody takes direct messages", faults.closed_dms),
        ("no_session_starts", "No new sessions", "the day's are spent", faults.no_session_starts),
        ("old_edits_refused", "Old edits refused", "messages older than an hour", faults.old_edits_refused),
        (
            "require_allowed_mentions",
            "Mentions must be declared",
            "Muster's own rule",
            faults.require_allowed_mentions,
        ),
        (
            "privileged_intents",
            "Privileged intents",
            "members, presences, content",
            faults.privileged_intents,
        ),
    ];
    let counts = [
        ("rate_limited", "Rate limited", "next requests answered 429", u64::from(faults.rate_limited)),
        ("lost_answers", "Lost answers", "carried out, connection dropped", u64::from(faults.lost_answers)),
        ("html_errors", "HTML errors", "next requests answered 502", u64::from(faults.html_errors)),
        ("latency_milliseconds", "Latency", "milliseconds for each request", faults.latency_milliseconds),
    ];
    html! {
        details .faults {
            summary { "Faults" @if active { span .lit { "on" } } }
            form method="post" action="/page/faults" {
                (carried(viewer))
                @for (name, label, hint, on) in switches {
                    label { input type="checkbox" name=(name) value="true" checked[on]; span { (label) " " small { (hint) } } }
                }
                @for (name, label, hint, value) in counts {
                    label .count {
                        input type="number" name=(name) value=(value) min="0" max="60000";
                        span { (label) " " small { (hint) } }
                    }
                }
                button .small .primary type="submit" { "Apply" }
            }
        }
    }
}

fn places(world: &World, viewer: &Viewer) -> Markup {
    let texts = |channel: &&Channel| channel.kind == TEXT && world.person_may(&viewer.person, channel, 0);
    let link = |name: &str| format!("/?as={}&at={name}", viewer.person.name);
    let here = |name: &str| (viewer.place.name() == name).then_some("page");
    let direct = world.find_direct(viewer.person.id);
    let count = direct.map_or(0, |channel| world.messages.of_channel(channel).count());
    html! {
        nav .places id="places" aria-label="Channels and direct messages" {
            h1 { (world.guild.name) }
            h2 { "Channels" }
            ul {
                @for channel in world.guild.channels.iter().filter(texts) {
                    li { a href=(link(&channel.name)) aria-current=[here(&channel.name)] { span .hash { "#" } (channel.name) } }
                }
            }
            h2 { "Direct messages" }
            ul {
                li {
                    a href=(link("dm")) aria-current=[here("dm")] {
                        span .avatar .tiny .bot aria-hidden="true" { "M" } "Muster"
                        @if count > 0 { span .counter title="messages" { (count) } }
                    }
                }
            }
        }
    }
}

fn middle(world: &World, viewer: &Viewer, now: Timestamp) -> Markup {
    let (title, topic) = match &viewer.place {
        View::Channel { id, name } => {
            let topic = world.guild.channel(*id).map(|channel| channel.topic.clone());
            (html! { span .hash { "#" } (name) }, topic.unwrap_or_default())
        }
        View::Direct(_) => (html! { "Muster" }, format!("between Muster and {}", viewer.person.global_name)),
    };
    html! {
        main .middle id="messages" tabindex="-1" {
            header .place { h2 { (title) } p { (topic) } }
            div .scroll id="scroll" tabindex="0" role="log" aria-label="Messages" {
                div .messages id="list" { (messages::list(world, viewer, now)) }
            }
            @if let Some(told) = &viewer.told { p .told role="alert" { (told) } }
            @match viewer.form.and_then(|id| Some((id, world.form(viewer.person.id, id).ok()?.1))) {
                Some((interaction, form)) => (form::show(viewer, interaction, form)),
                None => (composer(world, viewer)),
            }
        }
    }
}

fn composer(world: &World, viewer: &Viewer) -> Markup {
    let hint = match &viewer.place {
        View::Channel { name, .. } => format!("Message #{name}, or / for a command"),
        View::Direct(_) => "Message Muster, or / for a command".to_owned(),
    };
    html! {
        form .composer method="post" action="/page/say" {
            (carried(viewer))
            label .hidden for="content" { (hint) }
            input id="content" name="content" placeholder=(hint) autocomplete="off" maxlength="2000" list="commands" required;
            datalist id="commands" {
                @for name in world.runnable_names(viewer.person.id) { option value=(format!("/{name}")) {} }
            }
            button .small .primary type="submit" { "Send" }
        }
    }
}

fn people(world: &World, viewer: &Viewer) -> Markup {
    html! {
        aside .people id="people" aria-label="People" {
            h2 { "Be somebody" }
            ul {
                @for person in world.guild.people() { li { (self::person(world, viewer, person)) } }
            }
            p .note {
                "Connected bots: " (world.sessions.connected())
            }
        }
    }
}

fn person(world: &World, viewer: &Viewer, person: &Member) -> Markup {
    let is_me = person.id == viewer.person.id;
    let held = world.guild.roles.iter().rev().filter(|role| person.roles.contains(&role.id));
    let mut roles: Vec<&str> = held.map(|role| role.name.as_str()).collect();
    if person.id == world.guild.owner {
        roles.insert(0, "Owner");
    }
    html! {
        a .person href=(format!("/?as={}&at={}", person.name, viewer.place.name())) aria-current=[is_me.then_some("true")] {
            span .avatar .(hue(world, person.id)) aria-hidden="true" { (person.global_name.chars().next().unwrap_or('?')) }
            span .name { (person.global_name) @if is_me { " " span .you { "you" } } }
            span .roles { @if roles.is_empty() { "no role" } @else { (roles.join(", ")) } }
        }
        @if is_me {
            form .dms method="post" action="/page/dms" {
                (carried(viewer))
                input type="hidden" name="open" value=(!person.dms_open);
                span { @if person.dms_open { "DMs open" } @else { "DMs closed" } }
                button .small type="submit" { @if person.dms_open { "Close" } @else { "Open" } }
            }
        }
    }
}
