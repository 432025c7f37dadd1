//! Senders that show a certificate.

use collector::ServerTls;
use reqwest::{Certificate, Identity};
use tokio::net::TcpListener;

use crate::harness::World;

const AUTHORITY: &str = include_str!("tls/authority.pem");

fn doors() -> ServerTls {
    ServerTls {
        certificate: include_str!("tls/server.pem").into(),
        key: include_str!("tls/server.key").into(),
        senders: Some(AUTHORITY.into()),
    }
}

async fn status(world: &World, identity: Option<&str>) -> Result<u16, reqwest::Error> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = Certificate::from_pem(AUTHORITY.as_bytes()).unwrap();
    let mut client = reqwest::Client::builder().tls_certs_only([authority]).no_proxy();
    if let Some(pem) = identity {
        client = client.identity(Identity::from_pem(pem.as_bytes()).unwrap());
    }
    let port = world.collector.http_address().port();
    let answer = client.build().unwrap().get(format!("https://127.0.0.1:{port}/health")).send().await?;
    Ok(answer.status().as_u16())
}

#[tokio::test]
async fn an_address_that_others_reach_may_ask_for_certificates() {
    // Every address of the machine, and no token.
    let anywhere = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let world = World::with(|config| {
        config.http = anywhere;
        config.options.tls = Some(doors());
    })
    .await;
    assert_eq!(status(&world, Some(include_str!("tls/sender.pem"))).await.unwrap(), 200);
    assert!(status(&world, Some(include_str!("tls/stranger.pem"))).await.is_err());
    assert!(status(&world, None).await.is_err());
    assert!(world.get("/observatory/health").await.text().contains("with a certificate"));
}
