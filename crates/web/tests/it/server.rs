//! The listener, over real sockets.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::house::House;

/// Serves the house's dashboard; gives a connection to it.
async fn connected(house: &House, tasks: &mut JoinSet<()>) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (app, stop) = (house.app(), house.stop.clone());
    tasks.spawn(async move { web::serve(listener, app, stop).await.unwrap() });
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test]
async fn it_answers_and_ends_when_it_is_told_to() {
    let house = House::open().await;
    let mut tasks = JoinSet::new();
    let mut stream = connected(&house, &mut tasks).await;
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut start = [0; 15];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    house.stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), tasks.join_all()).await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"alive\n"));
    house.close().await;
}

#[tokio::test]
async fn a_client_that_never_ends_its_headers_is_cut_off() {
    let house = House::open().await;
    let mut tasks = JoinSet::new();
    let mut stream = connected(&house, &mut tasks).await;
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: ").await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(7), stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
    house.stop.cancel();
    tasks.join_all().await;
    house.close().await;
}
