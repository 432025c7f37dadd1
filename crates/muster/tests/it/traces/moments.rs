//! What begins when its time has come.

use crate::observatory::Trace;
use crate::shape::shape;

/// From the moment that a reminder is due to a DM for each of three people.
#[expect(clippy::too_many_lines, reason = "most of it is the picture of a trace")]
pub(crate) fn reminded(trace: &Trace) {
    insta::assert_snapshot!(shape(trace), @r"
    notification-daemon notification.dispatch CONSUMER [1] links=1
      notification-daemon notifications.dispatch INTERNAL [2]
        notification-daemon BEGIN IMMEDIATE CLIENT [3]
        notification-daemon SELECT games CLIENT [4]
        notification-daemon UPDATE schedule CLIENT [5]
        notification-daemon UPDATE games CLIENT [5]
        notification-daemon INSERT outbox CLIENT [5]
        notification-daemon COMMIT CLIENT [3]
        notification-daemon publish muster.events PRODUCER [6]
          bot-service process muster.bot CONSUMER [7] links=1
            bot-service events.take INTERNAL [2]
              bot-service BEGIN IMMEDIATE CLIENT [3]
              bot-service INSERT inbox CLIENT [5]
              bot-service SELECT games CLIENT [4]
              bot-service SELECT participants CLIENT [4]
              bot-service INSERT deliveries CLIENT [5]
              bot-service INSERT deliveries CLIENT [5]
              bot-service INSERT deliveries CLIENT [5]
              bot-service COMMIT CLIENT [3]
              bot-service delivery.send reminder INTERNAL [8]
                bot-service SELECT games CLIENT [4]
                bot-service SELECT guilds CLIENT [4]
                bot-service SELECT participants CLIENT [4]
                bot-service SELECT users CLIENT [4]
                bot-service BEGIN IMMEDIATE CLIENT [3]
                bot-service UPDATE deliveries CLIENT [5]
                bot-service COMMIT CLIENT [3]
                bot-service POST /channels/{channel.id}/messages CLIENT [9]
                bot-service BEGIN IMMEDIATE CLIENT [3]
                bot-service UPDATE deliveries CLIENT [5]
                bot-service COMMIT CLIENT [3]
              bot-service delivery.send reminder INTERNAL [8]
                bot-service SELECT games CLIENT [4]
                bot-service SELECT guilds CLIENT [4]
                bot-service SELECT participants CLIENT [4]
                bot-service SELECT users CLIENT [4]
                bot-service BEGIN IMMEDIATE CLIENT [3]
                bot-service UPDATE deliveries CLIENT [5]
                bot-service COMMIT CLIENT [3]
                bot-service POST /channels/{channel.id}/messages CLIENT [9]
                bot-service BEGIN IMMEDIATE CLIENT [3]
                bot-service UPDATE deliveries CLIENT [5]
                bot-service COMMIT CLIENT [3]
              bot-service delivery.send reminder INTERNAL [8]
                bot-service SELECT games CLIENT [4]
                bot-service SELECT guilds CLIENT [4]
                bot-service SELECT participants CLIENT [4]
                bot-service SELECT users CLIENT [4]
                bot-service POST /users/@me/channels CLIENT [9]
                bot-service BEGIN IMMEDIATE CLIENT [3]
                bot-service INSERT users CLIENT [5]
                bot-service COMMIT CLIENT [3]
                bot-service BEGIN IMMEDIATE CLIENT [3]
                bot-service UPDATE deliveries CLIENT [5]
                bot-service COMMIT CLIENT [3]
                bot-service POST /channels/{channel.id}/messages CLIENT [9]
                bot-service BEGIN IMMEDIATE CLIENT [3]
                bot-service UPDATE deliveries CLIENT [5]
                bot-service COMMIT CLIENT [3]
            bot-service ack muster.bot CLIENT [10]
      notification-daemon POST /internal/v1/hints CLIENT [11]
        api-service POST /internal/v1/hints SERVER [12]
    [1] discord.guild.id muster.game.id muster.notification.id muster.notification.kind muster.notification.lateness_ms muster.notification.scheduled_time muster.outcome
    [2] discord.guild.id muster.action muster.game.id muster.outcome
    [3] db.namespace db.operation.name db.query.summary db.query.text db.system.name
    [4] db.collection.name db.namespace db.operation.name db.query.summary db.query.text db.response.returned_rows db.system.name
    [5] db.collection.name db.namespace db.operation.name db.query.summary db.query.text db.system.name
    [6] messaging.destination.name messaging.message.body.size messaging.message.id messaging.operation.name messaging.operation.type messaging.rabbitmq.destination.routing_key messaging.system muster.game.id
    [7] messaging.destination.name messaging.message.id messaging.operation.name messaging.operation.type messaging.rabbitmq.destination.routing_key messaging.rabbitmq.message.delivery_tag messaging.system muster.event.type muster.game.id
    [8] muster.delivery.attempt muster.delivery.id muster.delivery.kind muster.game.id muster.outcome user.id
    [9] discord.rate_limit.bucket http.request.method http.response.status_code server.address server.port url.full url.template
    [10] messaging.destination.name messaging.operation.name messaging.operation.type messaging.rabbitmq.message.delivery_tag messaging.system
    [11] http.request.method http.response.status_code server.address server.port url.full url.template
    [12] client.address discord.guild.id http.request.method http.response.status_code http.route muster.game.id network.protocol.version url.path url.scheme
    ");
}

/// From the moment of the start to the edit of the card.
pub(crate) fn started(trace: &Trace) {
    insta::assert_snapshot!(shape(trace), @r"
    status-transition-daemon status_transition.apply CONSUMER [1] links=1
      status-transition-daemon games.transition INTERNAL [2]
        status-transition-daemon BEGIN IMMEDIATE CLIENT [3]
        status-transition-daemon SELECT games CLIENT [4]
        status-transition-daemon UPDATE schedule CLIENT [5]
        status-transition-daemon SELECT participants CLIENT [4]
        status-transition-daemon SELECT schedule CLIENT [4]
        status-transition-daemon INSERT schedule CLIENT [5]
        status-transition-daemon UPDATE games CLIENT [5]
        status-transition-daemon INSERT outbox CLIENT [5]
        status-transition-daemon COMMIT CLIENT [3]
        status-transition-daemon publish muster.events PRODUCER [6]
          bot-service process muster.bot CONSUMER [7] links=1
            bot-service events.take INTERNAL [2]
              bot-service BEGIN IMMEDIATE CLIENT [3]
              bot-service INSERT inbox CLIENT [5]
              bot-service SELECT games CLIENT [4]
              bot-service SELECT participants CLIENT [4]
              bot-service UPDATE cards CLIENT [5]
              bot-service COMMIT CLIENT [3]
              bot-service delivery.send card INTERNAL [8]
                bot-service SELECT games CLIENT [4]
                bot-service SELECT guilds CLIENT [4]
                bot-service SELECT participants CLIENT [4]
                bot-service PATCH /channels/{channel.id}/messages/{message.id} CLIENT [9]
                bot-service BEGIN IMMEDIATE CLIENT [3]
                bot-service UPDATE cards CLIENT [5]
                bot-service COMMIT CLIENT [3]
            bot-service ack muster.bot CLIENT [10]
      status-transition-daemon POST /internal/v1/hints CLIENT [11]
        api-service POST /internal/v1/hints SERVER [12]
    [1] discord.guild.id muster.game.id muster.outcome muster.transition.lateness_ms muster.transition.new_status muster.transition.old_status muster.transition.time
    [2] discord.guild.id muster.action muster.game.id muster.outcome
    [3] db.namespace db.operation.name db.query.summary db.query.text db.system.name
    [4] db.collection.name db.namespace db.operation.name db.query.summary db.query.text db.response.returned_rows db.system.name
    [5] db.collection.name db.namespace db.operation.name db.query.summary db.query.text db.system.name
    [6] messaging.destination.name messaging.message.body.size messaging.message.id messaging.operation.name messaging.operation.type messaging.rabbitmq.destination.routing_key messaging.system muster.game.id
    [7] messaging.destination.name messaging.message.id messaging.operation.name messaging.operation.type messaging.rabbitmq.destination.routing_key messaging.rabbitmq.message.delivery_tag messaging.system muster.event.type muster.game.id
    [8] discord.channel.id discord.message.id muster.delivery.attempt muster.delivery.id muster.delivery.kind muster.game.id muster.outcome
    [9] discord.rate_limit.bucket http.request.method http.response.status_code server.address server.port url.full url.template
    [10] messaging.destination.name messaging.operation.name messaging.operation.type messaging.rabbitmq.message.delivery_tag messaging.system
    [11] http.request.method http.response.status_code server.address server.port url.full url.template
    [12] client.address discord.guild.id http.request.method http.response.status_code http.route muster.game.id network.protocol.version url.path url.scheme
    ");
}
