//! Who may do what, by every verb.

use actions::games::{self, CreateGame};
use actions::{Actor, Ctx, Door, Refusal, Refuses};
use domain::{Game, GameChanges, GameDraft, Guild, RoleId, UserId};
use jiff::SignedDuration;
use practice::cast;
use std::fmt::{Display, Write as _};
use telemetry::ServiceName;
use testkit::{GUILD, House, actor, person, snapshot};

/// Discord's permission bits (Discord documentation, "Permissions").
const ADMINISTRATOR: u64 = 1 << 3;

/// Who comes, and what makes them what they are.
const PEOPLE: [(&str, &str); 7] = [
    ("owner", "ada"),
    ("manager role", "freya"),
    ("ADMINISTRATOR", "emre"),
    ("MANAGE_GUILD", "chidi"),
    ("host", "bruno"),
    ("player", "goro"),
    ("member", "hana"),
];

/// A guild in which each of them has their rights in their own way: @everyone may do nothing but play.
async fn house() -> House {
    let house = House::open(ServiceName::Api).await;
    let mut told = snapshot();
    for role in &mut told.roles {
        if role.id == RoleId::new(cast::PLAYER_ROLE_ID) {
            role.permissions = 0;
        }
    }
    let admins = RoleId::new(1_200_000_000_000_000_180);
    told.roles.push(domain::GuildRole { id: admins, name: "Admins".to_owned(), permissions: ADMINISTRATOR });
    manager_role(&house, RoleId::new(cast::VETERAN_ROLE_ID)).await;
    actions::guilds::sync(&house.ctx, told).await.unwrap();
    // Ada owns the guild and holds nothing else; Freya manages by the guild's own setting, Emre by a permission that
    // no role of the practice guild has.
    let freya = [cast::VETERAN_ROLE_ID, cast::PLAYER_ROLE_ID].map(RoleId::new);
    let emre = [admins];
    for (name, roles) in [("ada", &[][..]), ("freya", &freya[..]), ("emre", &emre[..])] {
        told_by_discord(&house, name, roles).await;
    }
    house
}

/// The guild's own list of roles that manage it.
async fn manager_role(house: &House, role: RoleId) {
    let told = snapshot();
    let guild = Guild {
        id: GUILD,
        name: told.name,
        owner: told.owner,
        zone: "UTC".to_owned(),
        manager_roles: vec![role],
        roles: told.roles,
        removed_at: None,
    };
    let mut tx = house.ctx.store.begin().await.unwrap();
    store::guilds::upsert(&mut tx, &guild, house.ctx.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// What an interaction of theirs has just said of somebody.
async fn told_by_discord(house: &House, name: &str, roles: &[RoleId]) {
    let told = actions::Told { guild: GUILD, name: name.to_owned(), roles: roles.to_vec() };
    let actor = Actor::in_discord(person(name), Door::Command, Some(told));
    actions::guilds::show(&house.ctx, &actor, GUILD).await.unwrap();
}

/// A word for how a verb ended.
fn word<T, E: Refuses>(result: Result<T, E>) -> String {
    match result {
        Ok(_) => "yes".to_owned(),
        Err(error) => error.refusal().as_str().to_owned(),
    }
}

fn wish(ctx: &Ctx) -> CreateGame {
    let start = ctx.clock.now() + SignedDuration::from_hours(3);
    let draft = GameDraft { title: "Theirs".to_owned(), start, ..GameDraft::default() };
    CreateGame { guild: GUILD, template: None, draft, idempotency: None }
}

/// A game of Bruno's, whose table Goro sits at.
async fn game(house: &House) -> Game {
    let bruno = actor("bruno");
    let mut tx = house.ctx.store.begin().await.unwrap();
    let mut template = domain::Template::first(
        domain::TemplateId::new(house.ctx.chance.uuid(house.clock.now())),
        GUILD,
        domain::ChannelId::new(cast::GAMES_CHANNEL_ID),
    );
    template.is_default = false;
    template.terms.host_roles = vec![RoleId::new(cast::HOST_ROLE_ID)];
    store::templates::insert(&mut tx, &template).await.unwrap();
    tx.commit().await.unwrap();
    let mut wish = wish(&house.ctx);
    wish.template = Some(template.id);
    let game = games::create(&house.ctx, &bruno, wish).await.unwrap().game;
    games::join(&house.ctx, &actor("goro"), game.id).await.unwrap();
    game
}

/// What comes of every verb for somebody, the one that ends the game last.
async fn tries(house: &House, who: &Actor) -> Vec<String> {
    let (ctx, game) = (&house.ctx, game(house).await);
    let title = || GameChanges { title: Some("Mine".to_owned()), ..GameChanges::default() };
    vec![
        word(games::create(ctx, who, wish(ctx)).await),
        word(games::show(ctx, who, game.id).await),
        word(games::deliveries(ctx, who, game.id).await),
        word(games::join(ctx, who, game.id).await),
        word(games::leave(ctx, who, game.id).await),
        word(games::edit(ctx, who, game.id, title()).await),
        word(games::cancel(ctx, who, game.id).await),
    ]
}

fn row(about: &str, cells: impl Iterator<Item = impl Display>) -> String {
    let mut line = format!("{about:<14}");
    for cell in cells {
        let _ = write!(line, "{cell:<11}");
    }
    line.trim_end().to_owned()
}

#[tokio::test]
async fn everybody_may_do_what_is_theirs() {
    let house = house().await;
    let columns = ["create", "show", "deliveries", "join", "leave", "edit", "cancel"];
    let mut table = vec![row("", columns.iter())];
    for (about, name) in PEOPLE {
        table.push(row(about, tries(&house, &actor(name)).await.iter()));
    }
    let nobody = Actor::on_the_web(UserId::new(1_300_000_000_000_000_001), Door::Api);
    table.push(row("stranger", tries(&house, &nobody).await.iter()));
    let table = table.join("\n");
    insta::assert_snapshot!(table, @r"
                  create     show       deliveries join       leave      edit       cancel
    owner         yes        yes        yes        yes        yes        yes        yes
    manager role  yes        yes        yes        yes        yes        yes        yes
    ADMINISTRATOR yes        yes        yes        yes        yes        yes        yes
    MANAGE_GUILD  yes        yes        yes        yes        yes        yes        yes
    host          forbidden  yes        yes        yes        yes        yes        yes
    player        forbidden  yes        forbidden  yes        yes        forbidden  forbidden
    member        forbidden  yes        forbidden  yes        yes        forbidden  forbidden
    stranger      not_found  not_found  not_found  not_found  not_found  not_found  not_found
    ");
    house.close().await;
}

#[tokio::test]
async fn a_guild_that_the_bot_was_removed_from_is_there_for_nobody() {
    let house = house().await;
    let game = game(&house).await;
    actions::guilds::remove(&house.ctx, GUILD).await.unwrap();
    let ada = actor("ada");
    let show = games::show(&house.ctx, &ada, game.id).await.unwrap_err();
    assert_eq!(show.refusal(), Refusal::NotFound);
    let cancel = games::cancel(&house.ctx, &ada, game.id).await.unwrap_err();
    assert_eq!(cancel.refusal(), Refusal::NotFound);
    house.close().await;
}
