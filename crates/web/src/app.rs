//! What the dashboard is given when it is built.

use std::sync::Arc;

use actions::{Ctx, Readiness};
use axum::Router;
use domain::UserId;
use telemetry::Telemetry;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::live::Live;

/// Everything that the dashboard needs.
#[derive(Clone, Debug)]
pub struct App {
    /// What the verbs need, of the service `api-service`; its readiness is what `/readyz` tells.
    pub ctx: Ctx,
    /// Addresses and ways to sign in.
    pub config: WebConfig,
    /// What `/api/v1/events` tells; whoever builds this tells it what comes over the bus.
    pub live: Live,
    /// Routes of other rooms on this listener, such as the Observatory; they make no spans here, and have no
    /// fallback. A [`SignedIn`](crate::SignedIn) among a request's extensions tells them who asks.
    pub extra: Router,
}

/// Addresses and ways to sign in.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// Where people reach the dashboard. With `https` the session's cookie is `Secure` and has the `__Host-`
    /// prefix.
    pub public_url: Url,
    /// Where the practice Discord's page is, when there is one.
    pub practice_url: Option<String>,
    /// Sign-in as one of the practice people.
    pub practice: Option<PracticeSignIn>,
    /// Version and source revision, for `/version`.
    pub version: String,
}

/// The people as whom anybody may sign in.
#[derive(Clone, Debug)]
pub struct PracticeSignIn {
    /// In the order in which they are offered.
    pub people: Vec<PracticePerson>,
}

/// One of the practice people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticePerson {
    /// Their Discord id.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Who they are in the practice guild, in a few words.
    pub about: String,
}

impl WebConfig {
    /// `http` or `https`.
    pub(crate) fn scheme(&self) -> &str {
        self.public_url.scheme()
    }

    /// Whether people come over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.scheme() == "https"
    }

    /// One of the practice people.
    pub(crate) fn practice_person(&self, id: UserId) -> Option<&PracticePerson> {
        self.practice.as_ref()?.people.iter().find(|person| person.id == id)
    }
}

/// The state that handlers and layers share.
#[derive(Clone, Debug)]
pub(crate) struct Web(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ctx: Ctx,
    silent: Ctx,
    config: WebConfig,
    live: Live,
    stop: CancellationToken,
}

impl Web {
    /// Takes the application apart into the shared state and the routes of others.
    pub(crate) fn new(app: App, stop: CancellationToken) -> (Self, Router) {
        let App { ctx, config, live, extra } = app;
        let silent = Ctx {
            store: ctx.quiet.clone(),
            telemetry: Telemetry::off(ctx.telemetry.service()),
            ..ctx.clone()
        };
        (Self(Arc::new(Inner { ctx, silent, config, live, stop })), extra)
    }

    pub(crate) fn ctx(&self) -> &Ctx {
        &self.0.ctx
    }

    /// The same without spans, for what nobody asked for: whether a listener may hear of an event.
    pub(crate) fn silent_ctx(&self) -> &Ctx {
        &self.0.silent
    }

    pub(crate) fn telemetry(&self) -> &Telemetry {
        &self.0.ctx.telemetry
    }

    pub(crate) fn config(&self) -> &WebConfig {
        &self.0.config
    }

    pub(crate) fn readiness(&self) -> &Readiness {
        &self.0.ctx.readiness
    }

    pub(crate) fn live(&self) -> &Live {
        &self.0.live
    }

    /// Cancelled when the listener is to stop: streams end by it.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// The current instant.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.ctx().clock.now()
    }

    /// 32 random hexadecimal digits.
    pub(crate) fn random_hex(&self) -> String {
        hex::encode(self.ctx().chance.bytes::<16>())
    }
}
