//! `api-service`: the dashboard with its API, and the listener for siblings.

use super::{Plan, beside, boxed, finish};
use crate::failure::Failure;
use crate::listeners::Bound;
use crate::service::Service;
use actions::relay;
use axum::Router;
use axum::extract::Request;
use axum::middleware::map_request;
use clock::Clock;
use collector::Frame;
use domain::UserId;
use sibling::Verifier;
use std::net::SocketAddr;
use telemetry::Telemetry;
use tokio_util::sync::CancellationToken;
use web::{App, Live, PracticePerson, PracticeSignIn, SignedIn, WebConfig};

impl Plan<'_> {
    /// Serves people on `dashboard`, and siblings on `internal`.
    pub(crate) fn api(
        &self,
        telemetry: &Telemetry,
        (dashboard, internal): (Bound, Bound),
        observatory: Router,
    ) -> Result<Service, Failure> {
        let ctx = self.rooms.ctx(telemetry);
        let stop = self.stop.clone();
        let live = Live::new();
        let app = App {
            ctx: ctx.clone(),
            config: self.web_config(dashboard.address)?,
            live: live.clone(),
            extra: framed(observatory, self.practice_url()),
        };
        // By the machine's clock, as the daemons sign.
        let verifier = Verifier::new(self.key.clone(), Clock::System);
        let work = async move {
            let follow = relay::follow(ctx.clone(), stop.clone(), move |event| live.tell(event));
            let siblings = serve_siblings(internal, (app.clone(), verifier), stop.clone());
            let beside = beside(&ctx, &stop, [boxed(follow), boxed(siblings)]);
            let listener = dashboard.into_tokio().map_err(|error| error.to_string())?;
            let served = web::serve(listener, app, stop.clone()).await;
            finish(ctx, beside).await;
            served.map_err(|error| error.to_string())
        };
        Service::start((telemetry, self.settings.workers), work)
    }

    fn web_config(&self, dashboard: SocketAddr) -> Result<WebConfig, Failure> {
        let people = practice::cast::people().iter().map(|person| PracticePerson {
            id: UserId::new(person.id),
            name: person.global_name.to_owned(),
            about: about(person),
        });
        Ok(WebConfig {
            public_url: self.public_url(dashboard)?,
            practice_url: self.practice_url(),
            practice: self.practice.as_ref().map(|_| PracticeSignIn { people: people.collect() }),
            version: crate::VERSION.to_owned(),
        })
    }

    fn practice_url(&self) -> Option<String> {
        self.practice.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned())
    }
}

/// Answers our own services. Without it hints are lost, and nothing else is.
async fn serve_siblings(internal: Bound, app: (App, Verifier), stop: CancellationToken) {
    let served = match internal.into_tokio() {
        Ok(listener) => web::serve_internal(listener, app, stop).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(reason) = served {
        tracing::error!(name: "internal.stopped", { reason }, "The internal listener stopped.");
    }
}

/// The Observatory in the dashboard's frame. Its pages travel compressed, so they carry no form's token.
fn framed(observatory: Router, practice_url: Option<String>) -> Router {
    observatory.layer(map_request(move |mut request: Request| {
        let viewer = request.extensions().get().map(|it: &SignedIn| (it.name.clone(), String::new()));
        let frame = Frame { viewer, practice_url: practice_url.clone(), ..Frame::default() };
        request.extensions_mut().insert(frame);
        std::future::ready(request)
    }))
}

/// Who somebody is in the practice guild, in a few words.
fn about(person: &practice::cast::Person) -> String {
    if person.is_owner {
        return "Owner".to_owned();
    }
    let roles = practice::cast::roles().iter().filter(|role| person.roles.contains(&role.id));
    let names: Vec<_> = roles.map(|role| role.name).collect();
    if names.is_empty() { "Member".to_owned() } else { names.join(", ") }
}
