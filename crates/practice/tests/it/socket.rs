//! A gateway connection by hand, for what a well-behaved library never does.

use crate::stage::Stage;
use flate2::{Decompress, FlushDecompress};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// GUILDS, `GUILD_MESSAGES` and `DIRECT_MESSAGES`.
pub const INTENTS: u64 = 1 | 1 << 9 | 1 << 12;

pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    inflate: Option<Decompress>,
}

impl Socket {
    /// Connects and reads HELLO.
    pub async fn open(stage: &Stage) -> Self {
        Self::open_at(stage, "?v=10&encoding=json").await
    }

    /// Connects with other wishes in the address and reads HELLO.
    pub async fn open_at(stage: &Stage, query: &str) -> Self {
        let mut socket = Self::connect(stage, query).await;
        let hello = socket.frame().await;
        assert_eq!((&hello["op"], &hello["d"]["heartbeat_interval"]), (&json!(10), &json!(41_250)));
        socket
    }

    pub async fn connect(stage: &Stage, query: &str) -> Self {
        let address = format!("ws://{}/gateway/{query}", stage.practice.address());
        let (stream, _) = connect_async(address).await.unwrap();
        let inflate = query.contains("zlib-stream").then(|| Decompress::new(true));
        Self { stream, inflate }
    }

    pub async fn send(&mut self, payload: Value) {
        self.send_text(&payload.to_string()).await;
    }

    pub async fn send_text(&mut self, payload: &str) {
        self.stream.send(Message::text(payload)).await.unwrap();
    }

    /// The next payload.
    pub async fn frame(&mut self) -> Value {
        match self.stream.next().await.unwrap().unwrap() {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            Message::Binary(bytes) => {
                let mut text = Vec::with_capacity(1 << 20);
                let inflate = self.inflate.as_mut().expect("compression was asked for");
                inflate.decompress_vec(&bytes, &mut text, FlushDecompress::Sync).unwrap();
                serde_json::from_slice(&text).unwrap()
            }
            other => panic!("no payload: {other:?}"),
        }
    }

    /// The next dispatch of that name.
    pub async fn dispatch(&mut self, name: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["t"] == name {
                return frame;
            }
        }
    }

    /// The code that the server closes with.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("no close frame: {other:?}"),
            }
        }
    }

    /// Goes away without a word.
    pub fn drop_line(self) {
        drop(self.stream);
    }

    /// Identifies and gives READY.
    pub async fn identify(&mut self, stage: &Stage, intents: u64) -> Value {
        self.send(identify(stage.practice.token(), intents)).await;
        self.dispatch("READY").await
    }
}

pub fn identify(token: &str, intents: u64) -> Value {
    let properties = json!({ "os": "linux", "browser": "by hand", "device": "by hand" });
    json!({ "op": 2, "d": { "token": token, "intents": intents, "properties": properties } })
}
