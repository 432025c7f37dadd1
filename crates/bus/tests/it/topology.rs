//! What stands on the broker, as the broker itself tells it.

use crate::broker;
use crate::conformance::BOT;
use crate::management::Management;

#[tokio::test]
async fn queues_and_exchanges_are_what_outlives_a_broker() {
    let Some(management) = Management::there() else { return };
    broker::tell("topology", async |scene| {
        scene.bus().subscribe(BOT).await;
        let named = |name: &str| scene.named(name);
        let quorum = [r#""durable":true"#, r#""x-queue-type":"quorum""#, r#""x-max-length":1000000"#];
        let refusing = [r#""x-overflow":"reject-publish""#, r#""x-queue-leader-locator":"client-local""#];
        let dying = [
            r#""x-delivery-limit":10"#.to_owned(),
            r#""x-dead-letter-strategy":"at-least-once""#.to_owned(),
            format!(r#""x-dead-letter-exchange":"{}""#, named("muster.events.dead")),
            format!(r#""x-dead-letter-routing-key":"{}""#, named("muster.bot.dead")),
        ];
        let all = quorum.iter().chain(&refusing).copied().chain(dying.iter().map(String::as_str));
        let queue = management.get(&format!("queues/%2f/{}", named(BOT.name))).await;
        says(&queue, all);
        let bindings = management.get(&format!("queues/%2f/{}/bindings", named(BOT.name))).await;
        let source = format!(r#""source":"{}""#, named(bus::EXCHANGE));
        says(&bindings, [r#""routing_key":"game.*""#, &source]);

        let dead = management.get(&format!("queues/%2f/{}", named("muster.bot.dead"))).await;
        says(&dead, quorum.into_iter().chain([r#""x-delivery-limit":1000000000"#]));
        for (exchange, kind) in [(bus::EXCHANGE, "topic"), ("muster.events.dead", "direct")] {
            let told = management.get(&format!("exchanges/%2f/{}", named(exchange))).await;
            says(&told, [r#""durable":true"#, &format!(r#""type":"{kind}""#)]);
        }
    })
    .await;
}

fn says<'a>(told: &str, words: impl IntoIterator<Item = &'a str>) {
    for word in words {
        assert!(told.contains(word), "nothing says {word}: {told}");
    }
}
