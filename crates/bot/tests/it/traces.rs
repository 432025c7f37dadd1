use crate::stage::Stage;
use telemetry::CapturedSpan;
use testkit::House;

/// The trace that a span is the root of.
fn trace_of(spans: &[CapturedSpan], root: &str) -> Vec<CapturedSpan> {
    let root = spans.iter().find(|span| span.name == root).unwrap();
    spans.iter().filter(|span| span.trace_id == root.trace_id).cloned().collect()
}

/// The shape of a trace without the statements of the store, which its own tests know, and without attributes.
fn outline(trace: &[CapturedSpan]) -> String {
    let is_statement = |line: &&str| line.contains("db.system.name");
    let shape = telemetry::shape(trace);
    let lines = shape.lines().filter(|line| !is_statement(line));
    let lines = lines.map(|line| line.split_once(" [").map_or(line, |(name, _)| name));
    lines.collect::<Vec<_>>().join("\n")
}

async fn until_span(house: &House, name: &str) {
    let ended = async |house: &House| house.captured.spans().iter().any(|span| span.name == name);
    house.until(name, ended).await;
}

#[tokio::test]
async fn a_click_is_one_trace_to_the_card() {
    let stage = Stage::set().await;
    stage.game(|_| {}).await;
    let card = stage.card().await;
    until_span(&stage, "delivery.send announcement").await;
    stage.captured.clear();

    stage.press("Dana", &card, "Join").await;
    until_span(&stage, "delivery.send card").await;
    let trace = trace_of(&stage.captured.spans(), "discord.interaction join");
    insta::assert_snapshot!(outline(&trace), @r"
    discord.interaction join SERVER
      POST /interactions/{interaction.id}/{interaction.token}/callback CLIENT
      games.join INTERNAL
        permissions.check INTERNAL
        publish muster.events PRODUCER
          process muster.bot CONSUMER
            events.take INTERNAL
              delivery.send card INTERNAL
                PATCH /channels/{channel.id}/messages/{message.id} CLIENT
            ack muster.bot CLIENT
      PATCH /webhooks/{application.id}/{interaction.token}/messages/@original CLIENT
    ");

    let interaction = trace.iter().find(|span| span.parent_span_id.is_none()).unwrap();
    let keys: Vec<_> = interaction.attributes.keys().map(String::as_str).collect();
    insta::assert_snapshot!(keys.join("\n"), @r"
    discord.channel.id
    discord.guild.id
    discord.interaction.id
    discord.interaction.type
    muster.game.id
    muster.interaction.ack_ms
    user.id
    ");
    stage.strike().await;
}

#[tokio::test]
async fn the_announcement_is_part_of_the_trace_that_made_the_game() {
    let stage = Stage::set().await;
    stage.game(|_| {}).await;
    stage.card().await;
    until_span(&stage, "delivery.send announcement").await;
    let trace = trace_of(&stage.captured.spans(), "games.create");
    insta::assert_snapshot!(outline(&trace), @r"
    games.create INTERNAL
      permissions.check INTERNAL
      publish muster.events PRODUCER
        process muster.bot CONSUMER
          events.take INTERNAL
            delivery.send announcement INTERNAL
              POST /channels/{channel.id}/messages CLIENT
          ack muster.bot CLIENT
    ");
    stage.strike().await;
}

#[tokio::test]
async fn a_guild_that_the_gateway_tells_of_is_a_trace_of_its_own() {
    let stage = Stage::set().await;
    until_span(&stage, "PUT /applications/{application.id}/guilds/{guild.id}/commands").await;
    let trace = trace_of(&stage.captured.spans(), "discord.gateway GUILD_CREATE");
    insta::assert_snapshot!(outline(&trace), @r"
    discord.gateway GUILD_CREATE CONSUMER
      guilds.sync INTERNAL
      PUT /applications/{application.id}/guilds/{guild.id}/commands CLIENT
    ");
    stage.strike().await;
}
