//! A database that goes while a service is starting is waited for as one that isn't there yet.

use super::apart::Service;
use super::network::{says, well};
use super::servers::Servers;
use std::net::SocketAddr;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// A network that carries every connection but the second: the first asks for the server's version, the next for the
/// state of the schema.
async fn losing_the_second(server: SocketAddr) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    telemetry::spawn(async move {
        let mut opened = 0;
        while let Ok((mut client, _)) = listener.accept().await {
            opened += 1;
            if opened == 2 {
                continue;
            }
            telemetry::spawn(async move {
                let mut server = TcpStream::connect(server).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    port
}

#[tokio::test]
async fn a_database_that_goes_while_a_service_starts_is_waited_for() {
    let Some(mut servers) = Servers::of_our_own("arriving").await else { return };
    servers.home().run(&["migrate"]).await.done();
    let mut url = Url::parse(&servers.database).unwrap();
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    url.set_port(Some(losing_the_second(server.parse().unwrap()).await)).unwrap();
    servers.database = url.to_string();
    let home = servers.home().set("OTEL_SDK_DISABLED", "true");
    let home = home.set("MUSTER_INTERNAL_KEY", "a key that nobody else in the world has");
    let name = "notification-daemon";
    let program = home.start(&[name, "--health-listen", "127.0.0.1:0"]).await;
    let service = Service { name, program };
    says(&service, "database", well(&service)).await;
    let said = service.program.stop().await;
    assert_eq!(said.matches("process.waits_for_database").count(), 1, "{said}");
}
