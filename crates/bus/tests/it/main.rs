//! The bus as publishers and consumers see it: in this process and, where `MUSTER_TEST_AMQP_URL` names a broker, on
//! RabbitMQ.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a story whose scene cannot be set fails")]

mod broker;
#[macro_use]
mod conformance;
mod dead;
mod doubt;
mod faults;

mod in_process {
    async fn tell(_: &str, story: impl AsyncFnOnce(bus::Bus)) {
        story(bus::Bus::in_process()).await;
    }

    conformance!(tell);
}

mod on_rabbitmq {
    async fn tell(name: &str, story: impl AsyncFnOnce(bus::Bus)) {
        crate::broker::tell(name, async |scene| story(scene.bus()).await).await;
    }

    conformance!(tell);
}

mod killed;
mod leader;
mod limits;
mod management;
mod proxy;
mod refusals;
mod speed;
mod topology;
mod traces;
