use super::*;
use crate::interaction::InteractionKind;
use proptest::prelude::*;

fn told(name: &str, data: &str) -> Option<Event> {
    read(&format!(r#"{{"op":0,"s":4,"t":"{name}","d":{data}}}"#)).unwrap()
}

#[test]
fn an_outage_is_no_goodbye() {
    assert!(told("GUILD_DELETE", r#"{"id":"1","unavailable":true}"#).is_none());
    assert!(told("GUILD_CREATE", r#"{"id":"1","unavailable":true}"#).is_none());
    let Some(Event::GuildGone(guild)) = told("GUILD_DELETE", r#"{"id":"1"}"#) else { panic!() };
    assert_eq!(guild, GuildId::new(1));
}

#[test]
fn a_guild_as_it_comes() {
    let event = told(
        "GUILD_CREATE",
        r#"{"id":"1","name":"The Table","owner_id":"2","preferred_locale":"en-GB","new":{"thing":[1]},
            "roles":[{"id":"1","name":"@everyone","permissions":"1024","colors":{}}],
            "channels":[{"id":"5","type":0,"name":"games","position":1,"topic":null},{"id":"6","type":2}]}"#,
    );
    let Some(Event::GuildAvailable(guild)) = event else { panic!() };
    insta::assert_debug_snapshot!(guild, @r#"
    GuildSnapshot {
        id: GuildId(
            1,
        ),
        name: "The Table",
        owner: UserId(
            2,
        ),
        roles: [
            GuildRole {
                id: RoleId(
                    1,
                ),
                name: "@everyone",
                permissions: 1024,
            },
        ],
        channels: [
            Channel {
                id: ChannelId(
                    5,
                ),
                name: "games",
                kind: 0,
                position: 1,
            },
            Channel {
                id: ChannelId(
                    6,
                ),
                name: "",
                kind: 2,
                position: 0,
            },
        ],
        locale: Some(
            "en-GB",
        ),
    }
    "#);
}

#[test]
fn a_subcommand_is_named_in_full() {
    let event = told(
        "INTERACTION_CREATE",
        r#"{"id":"9","application_id":"8","type":2,"token":"canary","guild_id":"1","channel":{"id":"5"},
            "member":{"user":{"id":"3","username":"ann"},"nick":"Ann","roles":["7"],"permissions":"2048"},
            "data":{"name":"game","options":[{"name":"show","type":1,"options":[{"name":"game","type":3,"value":"x"}]}]}}"#,
    );
    let Some(Event::Interaction(interaction)) = event else { panic!() };
    insta::assert_debug_snapshot!(interaction, @r#"
    Interaction {
        id: 9,
        application: 8,
        token: Secret(…),
        kind: Command {
            name: "game show",
            options: {
                "game": String("x"),
            },
        },
        user: UserId(
            3,
        ),
        name: Personal(…),
        member: Some(
            InteractionMember {
                guild: GuildId(
                    1,
                ),
                roles: [
                    RoleId(
                        7,
                    ),
                ],
                permissions: 2048,
            },
        ),
        channel: Some(
            ChannelId(
                5,
            ),
        ),
        locale: None,
    }
    "#);
}

#[test]
fn a_press_in_a_dm_has_no_member() {
    let event = told(
        "INTERACTION_CREATE",
        r#"{"id":"9","application_id":"8","type":3,"token":"t","channel_id":"5","user":{"id":"3","username":"ann"},
            "message":{"id":"77"},"data":{"custom_id":"m1:show:x","component_type":2}}"#,
    );
    let Some(Event::Interaction(interaction)) = event else { panic!() };
    assert_eq!(interaction.member, None);
    let custom_id = "m1:show:x".to_owned();
    assert_eq!(interaction.kind, InteractionKind::Component { custom_id, message: Some(MessageId::new(77)) });
}

#[test]
fn what_we_do_not_care_about_is_passed_over() {
    assert!(told("TYPING_START", r#"{"anything":[]}"#).is_none());
    assert!(read(r#"{"op":11,"s":null,"t":null}"#).unwrap().is_none());
    let error = read(r#"{"op":0,"t":"GUILD_DELETE","d":{}}"#).unwrap_err();
    assert_eq!(error.to_string(), "the gateway's GUILD_DELETE could not be read");
}

proptest! {
    #[test]
    fn reading_never_panics(text in "\\PC*", name in "[A-Z_]{0,20}", data in "[\\[\\]{}\":,a-z0-9]{0,60}") {
        let _ = read(&text);
        let _ = read(&format!(r#"{{"op":0,"t":"{name}","d":{data}}}"#));
    }
}
