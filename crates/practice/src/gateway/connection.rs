//! One WebSocket connection from HELLO to its close.

use super::close::Close;
use super::compression::Encoder;
use super::identify::{Line, Resumed, identify, resume};
use super::{HEARTBEAT_INTERVAL_MILLISECONDS, Wishes, members};
use crate::app::Shared;
use crate::state::{Order, intents};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// A client may be this late with a heartbeat.
const HEARTBEAT_GRACE: Duration = Duration::from_secs(20);
const PAYLOAD_LIMIT_BYTES: usize = 4096;
/// A client may send so many payloads in `SEND_WINDOW` (gateway, "Rate Limiting").
const SEND_LIMIT: usize = 120;
const SEND_WINDOW: Duration = Duration::from_mins(1);

/// Serves one connection until either side closes it.
pub(super) async fn run(app: Shared, socket: WebSocket, wishes: Wishes, address: String) {
    let line = Line { connection: app.connection_number(), address, session_id: app.random_text() };
    let mut connection = Connection {
        encoder: Encoder::new(wishes.compress.as_deref()),
        session: None,
        sent: 0,
        received: VecDeque::new(),
        heartbeat_due: Instant::now() + heartbeat_patience(),
        app,
        socket,
        line,
    };
    let ending = match check(&wishes) {
        Ok(()) => connection.serve().await,
        Err(close) => Ending::Close(close),
    };
    connection.finish(ending).await;
}

fn check(wishes: &Wishes) -> Result<(), Close> {
    if wishes.v.as_deref() != Some("10") {
        return Err(Close::INVALID_VERSION);
    }
    match wishes.encoding.as_deref() {
        None | Some("json") => Ok(()),
        Some(_) => Err(Close::DECODE_ERROR),
    }
}

fn heartbeat_patience() -> Duration {
    Duration::from_millis(HEARTBEAT_INTERVAL_MILLISECONDS) + HEARTBEAT_GRACE
}

struct Connection {
    app: Shared,
    socket: WebSocket,
    encoder: Encoder,
    line: Line,
    session: Option<String>,
    /// The newest dispatch that went out.
    sent: u64,
    /// When the client's latest payloads came in.
    received: VecDeque<Instant>,
    heartbeat_due: Instant,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// The server closes.
    Close(Close),
    /// The client closed with this code, or went away.
    Left(Option<u16>),
    /// The server goes down.
    Stopping,
}

impl Connection {
    async fn serve(&mut self) -> Ending {
        let hello = json!({ "op": 10, "s": null, "t": null,
            "d": { "heartbeat_interval": HEARTBEAT_INTERVAL_MILLISECONDS, "_trace": [] } });
        if let Err(ending) = self.send(&hello.to_string()).await {
            return ending;
        }
        let mut changes = self.app.changes();
        let stop = self.app.stop.clone();
        loop {
            let outcome = tokio::select! {
                incoming = self.socket.recv() => match incoming {
                    Some(Ok(message)) => self.receive(message).await,
                    Some(Err(_)) | None => Err(Ending::Left(None)),
                },
                _ = changes.changed() => Ok(()),
                () = tokio::time::sleep_until(self.heartbeat_due) => Err(Ending::Close(Close::TIMED_OUT)),
                () = stop.cancelled() => Err(Ending::Stopping),
            };
            let outcome = match outcome {
                Ok(()) => self.flush().await,
                ended => ended,
            };
            if let Err(ending) = outcome {
                return ending;
            }
        }
    }

    async fn send(&mut self, payload: &str) -> Result<(), Ending> {
        let message = self.encoder.encode(payload).ok_or(Ending::Close(Close::UNKNOWN_ERROR))?;
        self.socket.send(message).await.map_err(|_| Ending::Left(None))
    }

    /// Sends what waits in the session: dispatches first, then orders.
    async fn flush(&mut self) -> Result<(), Ending> {
        let Some(session) = self.session.clone() else { return Ok(()) };
        let (number, sent) = (self.line.connection, self.sent);
        let waiting = self.app.touch(|world| {
            let session = world.sessions.get(&session)?;
            // Another connection took the session over.
            (session.connection == Some(number)).then_some(())?;
            Some((session.after(sent)?, std::mem::take(&mut session.orders)))
        });
        let (frames, orders) = waiting.ok_or(Ending::Close(Close::UNKNOWN_ERROR))?;
        for (sequence, frame) in frames {
            self.send(&frame).await?;
            self.sent = sequence;
        }
        for order in orders {
            self.obey(order).await?;
        }
        Ok(())
    }

    async fn obey(&mut self, order: Order) -> Result<(), Ending> {
        match order {
            Order::Reconnect => self.send(&frame(7, &Value::Null)).await,
            Order::InvalidSession { resumable } => {
                if !resumable {
                    self.forget_session();
                }
                self.send(&frame(9, &json!(resumable))).await
            }
            Order::Close { code } => Err(Ending::Close(Close { code, reason: "Closed on request." })),
        }
    }

    async fn receive(&mut self, message: Message) -> Result<(), Ending> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(bytes) => {
                Utf8Bytes::try_from(bytes).map_err(|_| Ending::Close(Close::DECODE_ERROR))?
            }
            Message::Close(frame) => return Err(Ending::Left(frame.map(|frame| frame.code))),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
        };
        self.count()?;
        let payload: Option<Value> = serde_json::from_str(&text).ok();
        let payload = payload.filter(|payload| payload.is_object() && text.len() <= PAYLOAD_LIMIT_BYTES);
        let payload = payload.ok_or(Ending::Close(Close::DECODE_ERROR))?;
        self.handle(&payload).await
    }

    fn count(&mut self) -> Result<(), Ending> {
        let now = Instant::now();
        while self.received.front().is_some_and(|at| now - *at > SEND_WINDOW) {
            self.received.pop_front();
        }
        self.received.push_back(now);
        if self.received.len() > SEND_LIMIT { Err(Ending::Close(Close::RATE_LIMITED)) } else { Ok(()) }
    }

    async fn handle(&mut self, payload: &Value) -> Result<(), Ending> {
        let data = &payload["d"];
        let known = self.session.is_some();
        match payload["op"].as_u64() {
            Some(1) => self.heartbeat(data).await,
            Some(2 | 6) if known => Err(Ending::Close(Close::ALREADY_AUTHENTICATED)),
            Some(2) => self.identify(data).map_err(Ending::Close),
            Some(6) => self.resume(data).await,
            Some(3 | 4 | 8 | 31) if !known => Err(Ending::Close(Close::NOT_AUTHENTICATED)),
            Some(8) => {
                self.request_members(data);
                Ok(())
            }
            // Presence, voice state, soundboard: taken note of, without effect here.
            Some(3 | 4 | 31) => Ok(()),
            Some(_) => Err(Ending::Close(Close::UNKNOWN_OPCODE)),
            None => Err(Ending::Close(Close::DECODE_ERROR)),
        }
    }

    async fn heartbeat(&mut self, data: &Value) -> Result<(), Ending> {
        self.heartbeat_due = Instant::now() + heartbeat_patience();
        if let (Some(id), Some(sequence)) = (&self.session, data.as_u64()) {
            let sequence = sequence.min(self.sent);
            self.app.touch(|world| {
                if let Some(session) = world.sessions.get(id) {
                    session.confirm(sequence);
                }
            });
        }
        self.send(&frame(11, &Value::Null)).await
    }

    fn identify(&mut self, data: &Value) -> Result<(), Close> {
        let line = self.line.clone();
        let session = self.app.touch(|world| identify(world, data, line))?;
        self.session = Some(session);
        Ok(())
    }

    async fn resume(&mut self, data: &Value) -> Result<(), Ending> {
        let number = self.line.connection;
        match self.app.touch(|world| resume(world, data, number)).map_err(Ending::Close)? {
            Resumed::Invalid => self.send(&frame(9, &json!(false))).await,
            Resumed::From { session, sequence } => {
                self.session = Some(session);
                self.sent = sequence;
                // The connection that had the session so far finds out when it looks.
                self.app.nudge();
                Ok(())
            }
        }
    }

    /// Opcode 8 (gateway events, "Request Guild Members"): everybody at once, in one chunk.
    fn request_members(&self, data: &Value) {
        let Some(id) = &self.session else { return };
        self.app.touch(|world| {
            let chunk = members::chunk(world, data);
            if let Some(session) = world.sessions.get(id) {
                let whole_guild = data["query"] == "" && data["limit"].as_u64().unwrap_or(0) == 0;
                if !whole_guild || session.intents & intents::GUILD_MEMBERS != 0 {
                    session.push("GUILD_MEMBERS_CHUNK", &chunk);
                }
            }
        });
    }

    fn forget_session(&mut self) {
        if let Some(id) = self.session.take() {
            self.app.touch(|world| world.sessions.remove(&id));
        }
    }

    /// Says goodbye and leaves the session as a later RESUME should find it.
    async fn finish(mut self, ending: Ending) {
        let closing = match ending {
            Ending::Close(close) => {
                if close.ends_session() {
                    self.forget_session();
                }
                Some(close)
            }
            Ending::Left(code) => {
                // 1000 and 1001 from the client invalidate the session (gateway, "Initiating a Disconnect").
                if matches!(code, Some(1000 | 1001)) {
                    self.forget_session();
                }
                None
            }
            Ending::Stopping => {
                self.send(&frame(7, &Value::Null)).await.ok();
                Some(Close::UNKNOWN_ERROR)
            }
        };
        self.detach();
        if let Some(Close { code, reason }) = closing {
            let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
            self.socket.send(Message::Close(Some(frame))).await.ok();
        }
    }

    fn detach(&self) {
        let Some(id) = &self.session else { return };
        let number = self.line.connection;
        self.app.touch(|world| {
            let session = world.sessions.get(id).filter(|session| session.connection == Some(number));
            if let Some(session) = session {
                session.connection = None;
            }
        });
    }
}

fn frame(op: u8, data: &Value) -> String {
    json!({ "op": op, "s": null, "t": null, "d": data }).to_string()
}
