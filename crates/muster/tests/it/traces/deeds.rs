//! What begins with somebody who asks for something.

use crate::observatory::Trace;
use crate::shape::shape;

/// From the request over the database and the bus to the card in the channel.
#[expect(clippy::too_many_lines, reason = "most of it is the picture of a trace")]
pub(crate) fn made(trace: &Trace) {
    insta::assert_snapshot!(shape(trace), @r"
    api-service POST /api/v1/games SERVER [1]
      api-service SELECT sessions CLIENT [2]
      api-service games.create INTERNAL [3]
        api-service permissions.check INTERNAL [4]
          api-service SELECT members CLIENT [2]
          api-service SELECT guilds CLIENT [2]
        api-service BEGIN IMMEDIATE CLIENT [5]
        api-service SELECT idempotent_answers CLIENT [2]
        api-service SELECT templates CLIENT [2]
        api-service INSERT games CLIENT [6]
        api-service SELECT schedule CLIENT [2]
        api-service INSERT schedule CLIENT [6]
        api-service INSERT schedule CLIENT [6]
        api-service INSERT schedule CLIENT [6]
        api-service INSERT outbox CLIENT [6]
        api-service INSERT idempotent_answers CLIENT [6]
        api-service SELECT participants CLIENT [2]
        api-service SELECT members CLIENT [2]
        api-service SELECT members CLIENT [2]
        api-service COMMIT CLIENT [5]
        api-service publish muster.events PRODUCER [7]
          bot-service process muster.bot CONSUMER [8] links=1
            bot-service events.take INTERNAL [9]
              bot-service BEGIN IMMEDIATE CLIENT [5]
              bot-service INSERT inbox CLIENT [6]
              bot-service SELECT games CLIENT [2]
              bot-service SELECT participants CLIENT [2]
              bot-service INSERT deliveries CLIENT [6]
              bot-service COMMIT CLIENT [5]
              bot-service delivery.send announcement INTERNAL [10]
                bot-service SELECT games CLIENT [2]
                bot-service SELECT guilds CLIENT [2]
                bot-service SELECT participants CLIENT [2]
                bot-service BEGIN IMMEDIATE CLIENT [5]
                bot-service UPDATE deliveries CLIENT [6]
                bot-service COMMIT CLIENT [5]
                bot-service POST /channels/{channel.id}/messages CLIENT [11]
                bot-service BEGIN IMMEDIATE CLIENT [5]
                bot-service UPDATE deliveries CLIENT [6]
                bot-service INSERT cards CLIENT [6]
                bot-service SELECT games CLIENT [2]
                bot-service UPDATE cards CLIENT [6]
                bot-service COMMIT CLIENT [5]
            bot-service ack muster.bot CLIENT [12]
    [1] client.address discord.guild.id http.request.method http.response.status_code http.route muster.game.id network.protocol.version server.address server.port url.path url.scheme user.id user_agent.original
    [2] db.collection.name db.namespace db.operation.name db.query.summary db.query.text db.response.returned_rows db.system.name
    [3] discord.guild.id muster.action muster.game.id muster.outcome muster.template.id user.id
    [4] discord.guild.id muster.action muster.outcome user.id
    [5] db.namespace db.operation.name db.query.summary db.query.text db.system.name
    [6] db.collection.name db.namespace db.operation.name db.query.summary db.query.text db.system.name
    [7] messaging.destination.name messaging.message.body.size messaging.message.id messaging.operation.name messaging.operation.type messaging.rabbitmq.destination.routing_key messaging.system muster.game.id
    [8] messaging.destination.name messaging.message.id messaging.operation.name messaging.operation.type messaging.rabbitmq.destination.routing_key messaging.rabbitmq.message.delivery_tag messaging.system muster.event.type muster.game.id
    [9] discord.guild.id muster.action muster.game.id muster.outcome
    [10] discord.channel.id muster.delivery.attempt muster.delivery.id muster.delivery.kind muster.game.id muster.outcome
    [11] discord.rate_limit.bucket http.request.method http.response.status_code server.address server.port url.full url.template
    [12] messaging.destination.name messaging.operation.name messaging.operation.type messaging.rabbitmq.message.delivery_tag messaging.system
    ");
}

/// From the press of a button, which is acknowledged first, to the edit of the card.
#[expect(clippy::too_many_lines, reason = "most of it is the picture of a trace")]
pub(crate) fn joined_by_button(trace: &Trace) {
    insta::assert_snapshot!(shape(trace), @r"
    bot-service discord.interaction join SERVER [1]
      bot-service POST /interactions/{interaction.id}/{interaction.token}/callback CLIENT [2]
      bot-service games.join INTERNAL [3]
        bot-service SELECT games CLIENT [4]
        bot-service permissions.check INTERNAL [5]
          bot-service SELECT members CLIENT [4]
          bot-service SELECT guilds CLIENT [4]
        bot-service BEGIN IMMEDIATE CLIENT [6]
        bot-service SELECT games CLIENT [4]
        bot-service SELECT participants CLIENT [4]
        bot-service INSERT participants CLIENT [7]
        bot-service INSERT schedule CLIENT [7]
        bot-service UPDATE games CLIENT [7]
        bot-service INSERT outbox CLIENT [7]
        bot-service SELECT participants CLIENT [4]
        bot-service SELECT members CLIENT [4]
        bot-service SELECT members CLIENT [4]
        bot-service COMMIT CLIENT [6]
        bot-service publish muster.events PRODUCER [8]
          bot-service process muster.bot CONSUMER [9] links=1
            bot-service events.take INTERNAL [10]
              bot-service BEGIN IMMEDIATE CLIENT [6]
              bot-service INSERT inbox CLIENT [7]
              bot-service SELECT games CLIENT [4]
              bot-service SELECT participants CLIENT [4]
              bot-service UPDATE cards CLIENT [7]
              bot-service COMMIT CLIENT [6]
              bot-service delivery.send card INTERNAL [11]
                bot-service SELECT games CLIENT [4]
                bot-service SELECT guilds CLIENT [4]
                bot-service SELECT participants CLIENT [4]
                bot-service PATCH /channels/{channel.id}/messages/{message.id} CLIENT [12]
                bot-service BEGIN IMMEDIATE CLIENT [6]
                bot-service UPDATE cards CLIENT [7]
                bot-service COMMIT CLIENT [6]
            bot-service ack muster.bot CLIENT [13]
      bot-service PATCH /webhooks/{application.id}/{interaction.token}/messages/@original CLIENT [12]
    [1] discord.channel.id discord.guild.id discord.interaction.id discord.interaction.type muster.game.id muster.interaction.ack_ms user.id
    [2] http.request.method http.response.status_code server.address server.port url.full url.template
    [3] discord.guild.id muster.action muster.game.id muster.outcome user.id
    [4] db.collection.name db.namespace db.operation.name db.query.summary db.query.text db.response.returned_rows db.system.name
    [5] discord.guild.id muster.action muster.outcome user.id
    [6] db.namespace db.operation.name db.query.summary db.query.text db.system.name
    [7] db.collection.name db.namespace db.operation.name db.query.summary db.query.text db.system.name
    [8] messaging.destination.name messaging.message.body.size messaging.message.id messaging.operation.name messaging.operation.type messaging.rabbitmq.destination.routing_key messaging.system muster.game.id
    [9] messaging.destination.name messaging.message.id messaging.operation.name messaging.operation.type messaging.rabbitmq.destination.routing_key messaging.rabbitmq.message.delivery_tag messaging.system muster.event.type muster.game.id
    [10] discord.guild.id muster.action muster.game.id muster.outcome
    [11] discord.channel.id discord.message.id muster.delivery.attempt muster.delivery.id muster.delivery.kind muster.game.id muster.outcome
    [12] discord.rate_limit.bucket http.request.method http.response.status_code server.address server.port url.full url.template
    [13] messaging.destination.name messaging.operation.name messaging.operation.type messaging.rabbitmq.message.delivery_tag messaging.system
    ");
}

/// From somebody leaving to the DM of who moves up.
#[expect(clippy::too_many_lines, reason = "most of it is the picture of a trace")]
pub(crate) fn moved_up(trace: &Trace) {
    insta::assert_snapshot!(shape(trace), @r"
    api-service POST /api/v1/games/{id}/leave SERVER [1]
      api-service SELECT sessions CLIENT [2]
      api-service games.leave INTERNAL [3]
        api-service SELECT games CLIENT [2]
        api-service permissions.check INTERNAL [4]
          api-service SELECT members CLIENT [2]
          api-service SELECT guilds CLIENT [2]
        api-service BEGIN IMMEDIATE CLIENT [5]
        api-service SELECT games CLIENT [2]
        api-service SELECT participants CLIENT [2]
        api-service DELETE participants CLIENT [6]
        api-service UPDATE schedule CLIENT [6]
        api-service UPDATE games CLIENT [6]
        api-service INSERT outbox CLIENT [6]
        api-service SELECT participants CLIENT [2]
        api-service SELECT members CLIENT [2]
        api-service SELECT members CLIENT [2]
        api-service COMMIT CLIENT [5]
        api-service publish muster.events PRODUCER [7]
          bot-service process muster.bot CONSUMER [8] links=1
            bot-service events.take INTERNAL [9]
              bot-service BEGIN IMMEDIATE CLIENT [5]
              bot-service INSERT inbox CLIENT [6]
              bot-service SELECT games CLIENT [2]
              bot-service SELECT participants CLIENT [2]
              bot-service INSERT deliveries CLIENT [6]
              bot-service UPDATE cards CLIENT [6]
              bot-service COMMIT CLIENT [5]
              bot-service delivery.send card INTERNAL [10]
                bot-service SELECT games CLIENT [2]
                bot-service SELECT guilds CLIENT [2]
                bot-service SELECT participants CLIENT [2]
                bot-service PATCH /channels/{channel.id}/messages/{message.id} CLIENT [11]
                bot-service BEGIN IMMEDIATE CLIENT [5]
                bot-service UPDATE cards CLIENT [6]
                bot-service COMMIT CLIENT [5]
              bot-service delivery.send promoted INTERNAL [12]
                bot-service SELECT games CLIENT [2]
                bot-service SELECT guilds CLIENT [2]
                bot-service SELECT participants CLIENT [2]
                bot-service SELECT users CLIENT [2]
                bot-service POST /users/@me/channels CLIENT [11]
                bot-service BEGIN IMMEDIATE CLIENT [5]
                bot-service INSERT users CLIENT [6]
                bot-service COMMIT CLIENT [5]
                bot-service BEGIN IMMEDIATE CLIENT [5]
                bot-service UPDATE deliveries CLIENT [6]
                bot-service COMMIT CLIENT [5]
                bot-service POST /channels/{channel.id}/messages CLIENT [11]
                bot-service BEGIN IMMEDIATE CLIENT [5]
                bot-service UPDATE deliveries CLIENT [6]
                bot-service COMMIT CLIENT [5]
            bot-service ack muster.bot CLIENT [13]
    [1] client.address discord.guild.id http.request.method http.response.status_code http.route muster.game.id network.protocol.version server.address server.port url.path url.scheme user.id user_agent.original
    [2] db.collection.name db.namespace db.operation.name db.query.summary db.query.text db.response.returned_rows db.system.name
    [3] discord.guild.id muster.action muster.game.id muster.outcome user.id
    [4] discord.guild.id muster.action muster.outcome user.id
    [5] db.namespace db.operation.name db.query.summary db.query.text db.system.name
    [6] db.collection.name db.namespace db.operation.name db.query.summary db.query.text db.system.name
    [7] messaging.destination.name messaging.message.body.size messaging.message.id messaging.operation.name messaging.operation.type messaging.rabbitmq.destination.routing_key messaging.system muster.game.id
    [8] messaging.destination.name messaging.message.id messaging.operation.name messaging.operation.type messaging.rabbitmq.destination.routing_key messaging.rabbitmq.message.delivery_tag messaging.system muster.event.type muster.game.id
    [9] discord.guild.id muster.action muster.game.id muster.outcome
    [10] discord.channel.id discord.message.id muster.delivery.attempt muster.delivery.id muster.delivery.kind muster.game.id muster.outcome
    [11] discord.rate_limit.bucket http.request.method http.response.status_code server.address server.port url.full url.template
    [12] muster.delivery.attempt muster.delivery.id muster.delivery.kind muster.game.id muster.outcome user.id
    [13] messaging.destination.name messaging.operation.name messaging.operation.type messaging.rabbitmq.message.delivery_tag messaging.system
    ");
}

/// From calling it off to the edit of the card and the DM of who had joined.
#[expect(clippy::too_many_lines, reason = "most of it is the picture of a trace")]
pub(crate) fn cancelled(trace: &Trace) {
    insta::assert_snapshot!(shape(trace), @r"
    api-service DELETE /api/v1/games/{id} SERVER [1]
      api-service SELECT sessions CLIENT [2]
      api-service games.cancel INTERNAL [3]
        api-service SELECT games CLIENT [2]
        api-service permissions.check INTERNAL [4]
          api-service SELECT members CLIENT [2]
          api-service SELECT guilds CLIENT [2]
        api-service BEGIN IMMEDIATE CLIENT [5]
        api-service SELECT games CLIENT [2]
        api-service UPDATE schedule CLIENT [6]
        api-service UPDATE deliveries CLIENT [6]
        api-service UPDATE deliveries CLIENT [6]
        api-service UPDATE deliveries CLIENT [6]
        api-service UPDATE deliveries CLIENT [6]
        api-service UPDATE deliveries CLIENT [6]
        api-service UPDATE deliveries CLIENT [6]
        api-service UPDATE deliveries CLIENT [6]
        api-service UPDATE deliveries CLIENT [6]
        api-service UPDATE games CLIENT [6]
        api-service INSERT outbox CLIENT [6]
        api-service SELECT participants CLIENT [2]
        api-service SELECT members CLIENT [2]
        api-service SELECT members CLIENT [2]
        api-service COMMIT CLIENT [5]
        api-service publish muster.events PRODUCER [7]
          bot-service process muster.bot CONSUMER [8] links=1
            bot-service events.take INTERNAL [9]
              bot-service BEGIN IMMEDIATE CLIENT [5]
              bot-service INSERT inbox CLIENT [6]
              bot-service SELECT games CLIENT [2]
              bot-service SELECT participants CLIENT [2]
              bot-service INSERT deliveries CLIENT [6]
              bot-service UPDATE cards CLIENT [6]
              bot-service COMMIT CLIENT [5]
              bot-service delivery.send cancelled INTERNAL [10]
                bot-service SELECT games CLIENT [2]
                bot-service SELECT guilds CLIENT [2]
                bot-service SELECT participants CLIENT [2]
                bot-service SELECT users CLIENT [2]
                bot-service POST /users/@me/channels CLIENT [11]
                bot-service BEGIN IMMEDIATE CLIENT [5]
                bot-service INSERT users CLIENT [6]
                bot-service COMMIT CLIENT [5]
                bot-service BEGIN IMMEDIATE CLIENT [5]
                bot-service UPDATE deliveries CLIENT [6]
                bot-service COMMIT CLIENT [5]
                bot-service POST /channels/{channel.id}/messages CLIENT [11]
                bot-service BEGIN IMMEDIATE CLIENT [5]
                bot-service UPDATE deliveries CLIENT [6]
                bot-service COMMIT CLIENT [5]
              bot-service delivery.send card INTERNAL [12]
                bot-service SELECT games CLIENT [2]
                bot-service SELECT guilds CLIENT [2]
                bot-service SELECT participants CLIENT [2]
                bot-service PATCH /channels/{channel.id}/messages/{message.id} CLIENT [11]
                bot-service BEGIN IMMEDIATE CLIENT [5]
                bot-service UPDATE cards CLIENT [6]
                bot-service COMMIT CLIENT [5]
            bot-service ack muster.bot CLIENT [13]
    [1] client.address discord.guild.id http.request.method http.response.status_code http.route muster.game.id network.protocol.version server.address server.port url.path url.scheme user.id user_agent.original
    [2] db.collection.name db.namespace db.operation.name db.query.summary db.query.text db.response.returned_rows db.system.name
    [3] discord.guild.id muster.action muster.game.id muster.outcome user.id
    [4] discord.guild.id muster.action muster.outcome user.id
    [5] db.namespace db.operation.name db.query.summary db.query.text db.system.name
    [6] db.collection.name db.namespace db.operation.name db.query.summary db.query.text db.system.name
    [7] messaging.destination.name messaging.message.body.size messaging.message.id messaging.operation.name messaging.operation.type messaging.rabbitmq.destination.routing_key messaging.system muster.game.id
    [8] messaging.destination.name messaging.message.id messaging.operation.name messaging.operation.type messaging.rabbitmq.destination.routing_key messaging.rabbitmq.message.delivery_tag messaging.system muster.event.type muster.game.id
    [9] discord.guild.id muster.action muster.game.id muster.outcome
    [10] muster.delivery.attempt muster.delivery.id muster.delivery.kind muster.game.id muster.outcome user.id
    [11] discord.rate_limit.bucket http.request.method http.response.status_code server.address server.port url.full url.template
    [12] discord.channel.id discord.message.id muster.delivery.attempt muster.delivery.id muster.delivery.kind muster.game.id muster.outcome
    [13] messaging.destination.name messaging.operation.name messaging.operation.type messaging.rabbitmq.message.delivery_tag messaging.system
    ");
}
