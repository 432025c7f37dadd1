use crate::stage::Stage;
use discord::message::Message;
use discord::{
    Command, CommandOption, Connection, Event, Gateway, GatewayConfig, GatewayError, Interaction,
    InteractionKind, Response, ShardNumber,
};
use domain::GuildId;
use practice::cast;
use serde_json::json;
use telemetry::Secret;

pub(crate) async fn open(stage: &Stage) -> Gateway {
    let url = stage.rest.gateway().await.unwrap().url;
    let config = GatewayConfig { url, token: stage.token.clone(), shard: ShardNumber::ONLY, session: None };
    Gateway::open(&config, stage.telemetry.clone()).unwrap()
}

pub(crate) async fn next_interaction(gateway: &mut Gateway) -> Interaction {
    loop {
        if let Event::Interaction(interaction) = gateway.next().await.unwrap() {
            return *interaction;
        }
    }
}

#[tokio::test]
async fn a_session_begins_with_the_guilds() {
    let stage = Stage::set().await;
    let mut gateway = open(&stage).await;
    let Some(Event::Ready { application, guilds }) = gateway.next().await else { panic!() };
    assert_eq!((application, guilds), (cast::APPLICATION_ID, vec![GuildId::new(cast::GUILD_ID)]));
    assert_eq!(*gateway.connection().borrow(), Connection::Connected);

    let Some(Event::GuildAvailable(guild)) = gateway.next().await else { panic!() };
    let writable: Vec<_> = guild.channels.iter().filter(|channel| channel.takes_messages()).collect();
    insta::assert_snapshot!(
        format!(
            "{} owned by {}; roles {}; channels {}",
            guild.name,
            guild.owner,
            guild.roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>().join(" "),
            writable.iter().map(|channel| channel.name.as_str()).collect::<Vec<_>>().join(" "),
        ),
        @"Practice Guild owned by 1200000000000000301; roles @everyone Veteran Player Host Manager Muster; channels general announcements games archive staff"
    );
    gateway.close().await.unwrap();
    stage.strike().await;
}

#[tokio::test]
async fn a_paused_session_goes_on_behind_what_was_handled() {
    let stage = Stage::set().await;
    let mut gateway = open(&stage).await;
    let Some(Event::Ready { .. }) = gateway.next().await else { panic!() };
    let Some(Event::GuildAvailable(_)) = gateway.next().await else { panic!() };
    // The guild has not been handled: nobody has asked for what comes after it.
    let session = gateway.session().unwrap().clone();
    gateway.pause().await.unwrap();

    let url = stage.rest.gateway().await.unwrap().url;
    let identified = stage.rest.gateway().await.unwrap().session_start_limit.remaining;
    let shard = ShardNumber::ONLY;
    let config = GatewayConfig { url, token: stage.token.clone(), shard, session: Some(session) };
    let mut gateway = Gateway::open(&config, stage.telemetry.clone()).unwrap();
    let Some(Event::GuildAvailable(_)) = gateway.next().await else { panic!("it is told once more") };
    let Some(Event::Resumed) = gateway.next().await else { panic!() };
    assert_eq!(stage.rest.gateway().await.unwrap().session_start_limit.remaining, identified);

    // A session that was ended is forgotten, and another one begun.
    let ended = gateway.session().unwrap().clone();
    gateway.close().await.unwrap();
    let config = GatewayConfig { session: Some(ended), ..config };
    let mut gateway = Gateway::open(&config, stage.telemetry.clone()).unwrap();
    let Some(Event::Ready { .. }) = gateway.next().await else { panic!() };
    gateway.close().await.unwrap();
    stage.strike().await;
}

#[tokio::test]
async fn a_command_is_acknowledged_first_and_answered_later() {
    let stage = Stage::set().await;
    let mut gateway = open(&stage).await;
    let show =
        CommandOption::subcommand("show", "Show a game").option(CommandOption::text("game", "Its title"));
    let commands = [Command::new("game", "Games here").option(show)];
    let guild = GuildId::new(cast::GUILD_ID);
    stage.rest.set_guild_commands(cast::APPLICATION_ID, guild, &commands).await.unwrap();

    let run = stage.post(
        "command",
        json!({ "as": "Dana", "channel": "games", "command": "game show", "options": { "game": "Dragons" } }),
    );
    let bot = async {
        let interaction = next_interaction(&mut gateway).await;
        stage.rest.respond(&interaction, &Response::DeferredEphemeral).await.unwrap();
        stage.rest.edit_response(&interaction, &Message::text("Here it is.")).await.unwrap();
        interaction
    };
    let (outcome, interaction) = tokio::join!(run, bot);

    assert_eq!(outcome["reply"]["content"], "Here it is.");
    let InteractionKind::Command { name, options } = &interaction.kind else { panic!() };
    assert_eq!((name.as_str(), &options["game"]), ("game show", &json!("Dragons")));
    assert_eq!(interaction.name.expose(), "Dana");
    assert_eq!(interaction.member.as_ref().unwrap().roles.len(), 2);
    let shown = format!("{:?}", stage.captured.spans());
    assert!(!shown.contains(interaction.token.expose()), "the token is in a span");
    assert!(shown.contains("/interactions/{interaction.id}/{interaction.token}/callback"));

    let late = stage.rest.respond(&interaction, &Response::DeferredEphemeral).await.unwrap_err();
    assert_eq!(late.verdict(1), discord::Verdict::Never, "an interaction is acknowledged once");
    gateway.close().await.unwrap();
    stage.strike().await;
}

#[tokio::test]
async fn a_refused_token_closes_the_gateway_for_good() {
    let stage = Stage::set().await;
    let url = stage.rest.gateway().await.unwrap().url;
    let config = GatewayConfig {
        url,
        token: Secret::new("bogus".to_owned()),
        shard: ShardNumber::ONLY,
        session: None,
    };
    let mut gateway = Gateway::open(&config, stage.telemetry.clone()).unwrap();
    assert!(gateway.next().await.is_none());
    let error = gateway.close().await.unwrap_err();
    assert!(matches!(error, GatewayError::Refused { code: 4004 }), "{error}");
    stage.strike().await;
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_at_once() {
    let stage = Stage::set().await;
    let config = GatewayConfig {
        url: "http://localhost".to_owned(),
        token: stage.token.clone(),
        shard: ShardNumber::ONLY,
        session: None,
    };
    let error = Gateway::open(&config, stage.telemetry.clone()).unwrap_err();
    assert_eq!(error.to_string(), r#""http://localhost" is not the address of a gateway"#);
    stage.strike().await;
}
