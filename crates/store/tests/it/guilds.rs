//! Guilds with their channels and templates.

use crate::database::Database;
use crate::sample::{ADA, CHIDI, LANTERN, ORCHARD, guild, id, now, scope, seconds, settle, template};
use domain::{ChannelId, Guild, GuildId, GuildRole, RoleId, Template, TemplateId};
use store::channels::{self, Channel};
use store::{guilds, members, templates};

stories! {
    a_guild_keeps_its_settings_when_the_gateway_tells_of_it_again,
    a_removed_guild_is_frozen_until_the_bot_is_back,
    channels_come_in_their_order,
    a_channel_that_is_forbidden_is_open_again_when_discord_tells_of_it,
    a_guild_has_one_default_template,
}

async fn a_guild_keeps_its_settings_when_the_gateway_tells_of_it_again(db: &Database) {
    let first = guild(LANTERN);
    db.write(async |tx| guilds::upsert(tx, &first, now()).await.unwrap()).await;
    assert_eq!(
        db.read(async |tx| guilds::find(tx, scope(LANTERN)).await.unwrap()).await,
        Some(first.clone())
    );

    let role = GuildRole { id: RoleId::new(7), name: "Raider".to_owned(), permissions: 0 };
    let told = Guild {
        name: "The Lamp".to_owned(),
        owner: CHIDI,
        zone: "UTC".to_owned(),
        manager_roles: Vec::new(),
        roles: vec![role.clone()],
        ..first.clone()
    };
    let found = db
        .write(async |tx| {
            guilds::upsert(tx, &told, now()).await.unwrap();
            guilds::find(tx, scope(LANTERN)).await.unwrap().unwrap()
        })
        .await;
    assert_eq!(found, Guild { zone: first.zone, manager_roles: first.manager_roles, ..told });

    let found = db
        .write(async |tx| {
            guilds::set_roles(tx, scope(LANTERN), &[], now()).await.unwrap();
            guilds::find(tx, scope(LANTERN)).await.unwrap().unwrap()
        })
        .await;
    assert_eq!(found.roles, []);
    assert_eq!(db.read(async |tx| guilds::find(tx, scope(ORCHARD)).await.unwrap()).await, None);
}

async fn a_removed_guild_is_frozen_until_the_bot_is_back(db: &Database) {
    let mine = async || db.read(async |tx| guilds::of_user(tx, ADA).await.unwrap()).await;
    let is_known = async |id| db.read(async |tx| guilds::is_known(tx, id).await.unwrap()).await;
    let ids = async |limit| db.read(async |tx| guilds::ids(tx, limit).await.unwrap()).await;
    db.write(async |tx| {
        settle(tx, LANTERN).await;
        settle(tx, ORCHARD).await;
    })
    .await;
    assert_eq!(mine().await, [guild(LANTERN), guild(ORCHARD)]);
    assert_eq!(ids(1).await, [LANTERN]);
    assert!(is_known(LANTERN).await);
    assert!(!is_known(GuildId::new(7)).await);

    db.write(async |tx| guilds::remove(tx, scope(LANTERN), now()).await.unwrap()).await;
    assert_eq!(mine().await, [guild(ORCHARD)]);
    assert_eq!(ids(9).await, [ORCHARD]);
    assert!(!is_known(LANTERN).await);
    let found = db.read(async |tx| guilds::find(tx, scope(LANTERN)).await.unwrap().unwrap()).await;
    assert_eq!(found.removed_at, Some(now()));

    db.write(async |tx| guilds::upsert(tx, &guild(LANTERN), now() + seconds(1)).await.unwrap()).await;
    assert_eq!(mine().await, [guild(LANTERN), guild(ORCHARD)]);
    db.write(async |tx| members::delete(tx, ORCHARD, ADA).await.unwrap()).await;
    assert_eq!(mine().await, [guild(LANTERN)]);
}

fn channel(number: u64, position: i64) -> Channel {
    let id = ChannelId::new(number);
    Channel { id, name: format!("channel-{number}"), kind: 0, position, forbidden_since: None }
}

async fn channels_come_in_their_order(db: &Database) {
    let listed = async || db.read(async |tx| channels::of_guild(tx, scope(LANTERN)).await.unwrap()).await;
    let shown = db
        .write(async |tx| {
            settle(tx, LANTERN).await;
            for channel in [channel(3, 1), channel(1, 2), channel(2, 1)] {
                channels::upsert(tx, scope(LANTERN), &channel).await.unwrap();
            }
            channels::of_guild(tx, scope(LANTERN)).await.unwrap()
        })
        .await;
    assert_eq!(shown, [channel(2, 1), channel(3, 1), channel(1, 2)]);

    let moved = Channel { name: "renamed".to_owned(), kind: 5, ..channel(3, -1) };
    db.write(async |tx| channels::upsert(tx, scope(LANTERN), &moved).await.unwrap()).await;
    db.write(async |tx| channels::delete(tx, scope(LANTERN), ChannelId::new(2)).await.unwrap()).await;
    assert_eq!(listed().await, [moved, channel(1, 2)]);
}

async fn a_channel_that_is_forbidden_is_open_again_when_discord_tells_of_it(db: &Database) {
    let told = channel(1, 1);
    let since = db
        .write(async |tx| {
            settle(tx, LANTERN).await;
            channels::upsert(tx, scope(LANTERN), &told).await.unwrap();
            channels::forbid(tx, scope(LANTERN), told.id, now()).await.unwrap();
            channels::forbid(tx, scope(LANTERN), told.id, now() + seconds(60)).await.unwrap();
            channels::of_guild(tx, scope(LANTERN)).await.unwrap().remove(0).forbidden_since
        })
        .await;
    assert_eq!(since, Some(now()), "since the first time");
    let found = db
        .write(async |tx| {
            channels::upsert(tx, scope(LANTERN), &told).await.unwrap();
            channels::of_guild(tx, scope(LANTERN)).await.unwrap()
        })
        .await;
    assert_eq!(found, [told]);
}

async fn a_guild_has_one_default_template(db: &Database) {
    let first = template(LANTERN);
    let second = Template { id: TemplateId::new(id(2)), name: "Second".to_owned(), ..first.clone() };
    let other = Template {
        id: TemplateId::new(id(3)),
        is_default: false,
        position: 4,
        description: "for long evenings".to_owned(),
        ..first.clone()
    };
    let (default, all, found) = db
        .write(async |tx| {
            guilds::upsert(tx, &guild(LANTERN), now()).await.unwrap();
            assert_eq!(templates::default_of(tx, scope(LANTERN)).await.unwrap(), None);
            for template in [&other, &first, &second] {
                templates::insert(tx, template).await.unwrap();
            }
            (
                templates::default_of(tx, scope(LANTERN)).await.unwrap(),
                templates::of_guild(tx, scope(LANTERN)).await.unwrap(),
                templates::find(tx, scope(LANTERN), other.id).await.unwrap(),
            )
        })
        .await;
    assert_eq!(default, Some(first.clone()));
    assert_eq!(all, [first, other.clone()]);
    assert_eq!(found, Some(other));
}
