//! What the doctor finds well it says also of a server with something wrong.

use super::servers::Servers;

#[tokio::test]
async fn the_doctor_says_which_rabbitmq_has_something_wrong() {
    let Some(servers) = Servers::of_our_own("ailing").await else { return };
    servers.declare_classic("muster.bot").await;
    let examined = servers.home().run(&["doctor"]).await;
    assert_eq!(examined.code(), Some(1), "{examined:#?}");
    let lines: Vec<_> = examined.stdout.lines().filter(|line| line.contains(" rabbitmq: ")).collect();
    let [version, wrong] = lines[..] else { panic!("a version and what is wrong: {lines:#?}") };
    let (_, version) =
        version.strip_prefix("ok     rabbitmq: ").unwrap().split_once(" is RabbitMQ ").unwrap();
    assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{version}");
    assert!(wrong.starts_with("wrong  rabbitmq: a queue or exchange of RabbitMQ is not as"), "{wrong}");
}
