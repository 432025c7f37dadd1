//! The gRPC door behind TLS, with and without certificates of senders.

use std::{io, sync::Arc};

use collector::ServerTls;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceResponse, trace_service_client::TraceServiceClient,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::{
    Response, Status,
    transport::{Endpoint, Uri},
};

use crate::{harness::World, story};

const AT: u64 = 1_777_660_200_000_000_000;
const AUTHORITY: &str = include_str!("tls/authority.pem");
const SENDER: &str = include_str!("tls/sender.pem");
const STRANGER: &str = include_str!("tls/stranger.pem");

async fn world(senders: Option<&str>) -> World {
    let tls = ServerTls {
        certificate: include_str!("tls/server.pem").into(),
        key: include_str!("tls/server.key").into(),
        senders: senders.map(str::to_owned),
    };
    World::with(|config| config.options.tls = Some(tls)).await
}

/// A client that trusts the test's authority, and shows what it is given.
fn client(identity: Option<&str>) -> TlsConnector {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(AUTHORITY.as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder().with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect();
            let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// Sends a trace; whoever is not let in hears of it at the latest when it speaks.
async fn export(
    world: &World,
    identity: Option<&str>,
) -> Result<Response<ExportTraceServiceResponse>, Status> {
    let (address, tls) = (world.collector.grpc_address(), client(identity));
    let connect = tower::service_fn(move |_: Uri| {
        let tls = tls.clone();
        async move {
            let name = ServerName::from(address.ip());
            let stream = tls.connect(name, TcpStream::connect(address).await?).await?;
            Ok::<_, io::Error>(TokioIo::new(stream))
        }
    });
    let channel = Endpoint::from_static("http://collector").connect_with_connector(connect).await;
    let channel = channel.map_err(|error| Status::unavailable(error.to_string()))?;
    TraceServiceClient::new(channel).export(story::export(story::created(AT))).await
}

async fn stored(world: &World) -> u64 {
    world.collector.flush().await;
    world.collector.health().signals[0].stored
}

#[tokio::test]
async fn grpc_is_spoken_over_tls() {
    let world = world(None).await;
    assert!(export(&world, None).await.unwrap().into_inner().partial_success.is_none());
    assert_eq!(stored(&world).await, 9);
    let plain = format!("http://{}", world.collector.grpc_address());
    let plain = Endpoint::from_shared(plain).unwrap().connect_lazy();
    let refused = TraceServiceClient::new(plain).export(story::export(story::created(AT + 1))).await;
    assert!(refused.is_err(), "what is not encrypted is not understood");
    assert_eq!(stored(&world).await, 9);
}

#[tokio::test]
async fn grpc_senders_show_their_certificates() {
    let world = world(Some(AUTHORITY)).await;
    assert!(export(&world, None).await.is_err(), "nobody");
    assert!(export(&world, Some(STRANGER)).await.is_err(), "somebody else's");
    assert_eq!(stored(&world).await, 0);
    assert!(export(&world, Some(SENDER)).await.is_ok());
    assert_eq!(stored(&world).await, 9);
}
