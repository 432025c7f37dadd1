//! Publishing with confirms: one task, one connection, one window at a time.

use std::collections::HashSet;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::config::Broker;
use super::connection::{self, Change, DECLARE_WITHIN, Link, unless_closed, within};
use super::watch::{Backoff, Watched};
use super::{topology, wire};
use crate::{BrokerError, Health, Message, PublishError, QueueSpec};

/// How many messages are on their way before the first must be confirmed.
pub(crate) const WINDOW_MESSAGES: usize = 200;
/// How long a new connection is not trusted after a queue has said nothing, unless something is confirmed before.
const DOUBTED_FOR: Duration = Duration::from_secs(30);
/// How long a connection that has ended may take to say which confirms it had received.
const LAST_CONFIRMS_WITHIN: Duration = Duration::from_secs(1);

/// One answer a message.
pub(crate) type Answers = Vec<Result<(), PublishError>>;

/// What the task is asked to do.
pub(crate) enum Order {
    /// Keep a queue, from now on and after each new connection.
    Declare(QueueSpec),
    /// Publish.
    Publish(Window),
}

/// Messages that are published together, at most [`WINDOW_MESSAGES`].
pub(crate) struct Window {
    messages: Vec<Message>,
    asker: Asker,
}

/// Whoever waits for the answers of a window; told once.
struct Asker {
    messages: usize,
    answer: Option<oneshot::Sender<Answers>>,
}

impl Window {
    pub(crate) fn new(messages: Vec<Message>) -> (Self, oneshot::Receiver<Answers>) {
        let (answer, answers) = oneshot::channel();
        let asker = Asker { messages: messages.len(), answer: Some(answer) };
        (Self { messages, asker }, answers)
    }
}

impl Asker {
    fn tell(&mut self, answers: Answers) {
        if let Some(answer) = self.answer.take() {
            // Whoever no longer waits has left its messages in the outbox.
            let _ = answer.send(answers);
        }
    }

    /// The same answer for all.
    fn refuse(&mut self, error: PublishError) {
        self.tell(vec![Err(error); self.messages]);
    }

    const fn is_told(&self) -> bool {
        self.answer.is_none()
    }
}

/// The task.
pub(crate) struct Publisher {
    pub(crate) broker: Arc<Broker>,
    pub(crate) watched: Arc<Watched>,
    pub(crate) orders: mpsc::UnboundedReceiver<Order>,
    pub(crate) specs: Vec<QueueSpec>,
    /// Whether a queue has said nothing and nothing has been confirmed since.
    pub(crate) doubted: bool,
    pub(crate) stop: CancellationToken,
}

impl Publisher {
    /// Publishes until the bus is closed or nobody holds it any more.
    pub(crate) async fn run(mut self) {
        let mut backoff = Backoff::new();
        while let Err(error) = self.session(&mut backoff).await {
            let pause = backoff.after(&error);
            self.doubted = matches!(error, BrokerError::NoLeader { .. });
            self.watched.set(Health::Down(error));
            if self.refuse_for(pause).await.is_none() {
                break;
            }
        }
        self.watched.set(Health::Closed);
    }

    /// Connects and serves; an error when there is no connection any more.
    async fn session(&mut self, backoff: &mut Backoff) -> Result<(), BrokerError> {
        let stop = self.stop.clone();
        let opened = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            opened = connection::open(&self.broker) => opened,
        };
        let mut link = opened?;
        match unless_closed(&stop, self.serve(&mut link, backoff)).await {
            Some(Ok(())) => link.close().await,
            Some(Err(error)) => return Err(link.fail(&self.broker, &error).await),
            None => link.cut(),
        }
        Ok(())
    }

    async fn serve(&mut self, link: &mut Link, backoff: &mut Backoff) -> Result<(), lapin::Error> {
        let mut declared = self.prepare(link).await?;
        if !self.doubted {
            self.watched.set(Health::Up);
            *backoff = Backoff::new();
        }
        let mut doubtful = pin!(tokio::time::sleep(DOUBTED_FOR));
        loop {
            if !self.is_blocked() {
                declared = self.declare_from(declared, link).await?;
            }
            let order = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(()),
                change = link.change() => {
                    self.note(change?);
                    continue;
                }
                () = &mut doubtful, if self.doubted => {
                    self.trust();
                    continue;
                }
                order = self.orders.recv() => order,
            };
            match order {
                None => return Ok(()),
                Some(order) if self.is_blocked() => self.put_off(order, PublishError::Blocked),
                Some(Order::Declare(spec)) => self.keep(spec),
                Some(Order::Publish(window)) => self.publish(link, window).await?,
            }
        }
    }

    /// Asks for confirms and declares everything; tells how many queues.
    async fn prepare(&self, link: &Link) -> Result<usize, lapin::Error> {
        let preparing = async {
            link.channel.confirm_select(ConfirmSelectOptions::default()).await?;
            topology::declare_exchanges(&link.channel, &self.broker).await
        };
        within(DECLARE_WITHIN, preparing).await?;
        self.declare_from(0, link).await
    }

    /// Declares the queues that this connection hasn't declared; tells how many there are.
    async fn declare_from(&self, declared: usize, link: &Link) -> Result<usize, lapin::Error> {
        for spec in &self.specs[declared..] {
            within(DECLARE_WITHIN, topology::declare(&link.channel, &self.broker, spec)).await?;
        }
        Ok(self.specs.len())
    }

    fn keep(&mut self, spec: QueueSpec) {
        if !self.specs.contains(&spec) {
            self.specs.push(spec);
        }
    }

    fn note(&self, change: Change) {
        self.watched.set(match change {
            Change::Blocked(reason) => Health::Blocked(reason),
            // Room for messages is no sign of life from the queue that said nothing.
            Change::Unblocked if self.doubted => {
                Health::Down(BrokerError::NoLeader { server: self.broker.server.to_string() })
            }
            Change::Unblocked => Health::Up,
        });
    }

    fn is_blocked(&self) -> bool {
        matches!(self.watched.health(), Health::Blocked(_))
    }

    /// The queues say something again.
    fn trust(&mut self) {
        self.doubted = false;
        if !self.is_blocked() {
            self.watched.set(Health::Up);
        }
    }

    /// Publishes a window and answers it; an error when the connection is of no more use.
    async fn publish(&mut self, link: &mut Link, window: Window) -> Result<(), lapin::Error> {
        let Window { messages, mut asker } = window;
        let exchange = self.broker.exchange();
        let channel = link.channel.clone();
        let mut sending = pin!(send(&channel, &exchange, &messages));
        let mut patience = pin!(tokio::time::sleep(self.broker.confirm_within));
        loop {
            tokio::select! {
                confirmed = &mut sending => {
                    let (answers, ended) = answers(&messages, confirmed);
                    if self.doubted && answers.iter().any(Result::is_ok) {
                        self.trust();
                    }
                    asker.tell(answers);
                    return ended;
                }
                change = link.change() => match change {
                    Ok(change) => {
                        if matches!(change, Change::Blocked(_)) {
                            asker.refuse(PublishError::Blocked);
                        }
                        self.note(change);
                        patience.set(tokio::time::sleep(self.broker.confirm_within));
                    }
                    Err(error) => {
                        if let Ok(last) = tokio::time::timeout(LAST_CONFIRMS_WITHIN, sending).await {
                            asker.tell(answers(&messages, last).0);
                        }
                        asker.refuse(PublishError::Unconfirmed);
                        return Err(error);
                    }
                },
                () = &mut patience, if !self.is_blocked() => {
                    asker.refuse(PublishError::Unconfirmed);
                    return Err(io::Error::from(io::ErrorKind::TimedOut).into());
                }
                // What the broker has of a window that it blocked in is confirmed some time; nobody waits for that.
                () = self.stop.cancelled(), if asker.is_told() => return Ok(()),
                Some(order) = self.orders.recv(), if asker.is_told() => {
                    self.put_off(order, PublishError::Blocked);
                }
            }
        }
    }

    /// What can't be done now: queues are kept for later, messages go back to their writer.
    fn put_off(&mut self, order: Order, why: PublishError) {
        match order {
            Order::Declare(spec) => self.keep(spec),
            Order::Publish(mut window) => window.asker.refuse(why),
        }
    }

    /// Waits and refuses what comes meanwhile; `None` when there is nothing to wait for any more.
    async fn refuse_for(&mut self, pause: Duration) -> Option<()> {
        let mut over = pin!(tokio::time::sleep(pause));
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                () = &mut over => return Some(()),
                order = self.orders.recv() => self.put_off(order?, PublishError::Away),
            }
        }
    }
}

/// Sends all, then waits for what the broker says of each.
async fn send(
    channel: &Channel,
    exchange: &str,
    messages: &[Message],
) -> Vec<Result<Confirmation, lapin::Error>> {
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let mut sent = Vec::with_capacity(messages.len());
    for message in messages {
        let (exchange, key) = (wire::short(exchange), wire::short(&message.routing_key));
        sent.push(
            channel.basic_publish(exchange, key, options, &message.body, wire::properties(message)).await,
        );
    }
    let mut confirmed = Vec::with_capacity(sent.len());
    for confirm in sent {
        confirmed.push(match confirm {
            Ok(confirm) => confirm.await,
            Err(error) => Err(error),
        });
    }
    confirmed
}

/// One answer a message, and the error that ended the connection.
///
/// lapin gives a returned message to whichever confirmation comes next, so that only a whole window tells which ones
/// came back: by their ids and routing keys.
fn answers(
    messages: &[Message],
    confirmed: Vec<Result<Confirmation, lapin::Error>>,
) -> (Answers, Result<(), lapin::Error>) {
    let mut returned = HashSet::new();
    let mut ended = Ok(());
    let mut verdicts = Vec::with_capacity(messages.len());
    for confirmation in confirmed {
        verdicts.push(match &confirmation {
            Ok(Confirmation::Ack(_)) => Ok(()),
            Ok(Confirmation::Nack(_)) => Err(PublishError::Refused),
            Ok(Confirmation::NotRequested) | Err(_) => Err(PublishError::Unconfirmed),
        });
        match confirmation {
            Ok(confirmation) => {
                let back = confirmation.take_message();
                returned.extend(back.map(|back| wire::identity(&back.delivery)));
            }
            Err(error) => ended = Err(error),
        }
    }
    let with_returns = messages.iter().zip(verdicts).map(|(message, verdict)| {
        let came_back = returned.contains(&(message.id, message.routing_key.clone()));
        if came_back { Err(PublishError::Unroutable) } else { verdict }
    });
    (with_returns.collect(), ended)
}
