//! A dashboard with everything that it needs, and people who use it.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use domain::UserId;
use http_body_util::BodyExt;
use practice::cast;
use serde_json::Value;
use std::ops::Deref;
use telemetry::ServiceName;
use tower::ServiceExt;
use web::{App, Live, PracticePerson, PracticeSignIn, WebConfig};

/// The dashboard in a house.
pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) live: Live,
    rooms: testkit::House,
}

impl Deref for House {
    type Target = testkit::House;

    fn deref(&self) -> &testkit::House {
        &self.rooms
    }
}

impl House {
    pub(crate) async fn open() -> Self {
        let house = testkit::House::open(ServiceName::Api).await;
        house.know_the_guild().await;
        let live = Live::new();
        let router = web::router(app(&house, &live), house.stop.clone());
        Self { router, live, rooms: house }
    }

    /// The same dashboard, to be served by a listener.
    pub(crate) fn app(&self) -> App {
        app(&self.rooms, &self.live)
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Somebody who is signed in by the API.
    pub(crate) async fn person(&self, name: &str) -> Person<'_> {
        let body = format!("{{\"person\": \"{}\"}}", testkit::person(name));
        let request = Request::post("/api/v1/auth/practice")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body))
            .unwrap();
        let answer = self.send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        Person { house: self, cookie: cookie.split(';').next().unwrap().to_owned() }
    }

    pub(crate) async fn close(self) {
        self.rooms.close().await;
    }
}

fn app(house: &testkit::House, live: &Live) -> App {
    App { ctx: house.ctx.clone(), config: config(), live: live.clone(), extra: Router::new() }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }

    /// A problem on one line, without what differs from run to run.
    pub(crate) fn problem(&self) -> String {
        let body = self.json();
        let text = |key: &str| body[key].as_str().unwrap_or("-").to_owned();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let errors: Vec<_> = errors
            .iter()
            .map(|error| {
                let place = error["pointer"].as_str().or(error["parameter"].as_str()).unwrap_or("-");
                format!(" | {place}: {}", error["detail"].as_str().unwrap_or("-"))
            })
            .collect();
        format!("{} {}: {}{}", self.status.as_u16(), text("type"), text("detail"), errors.concat())
    }

    pub(crate) fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }
}

/// Somebody who uses the dashboard.
pub(crate) struct Person<'a> {
    house: &'a House,
    pub(crate) cookie: String,
}

impl Person<'_> {
    pub(crate) fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder().method(method).uri(path).header(header::COOKIE, &self.cookie)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.house.send(self.request("GET", path).body(Body::empty()).unwrap()).await
    }

    /// A page, as a browser asks for it.
    pub(crate) async fn look(&self, path: &str) -> Answer {
        let request = self.request("GET", path).header(header::ACCEPT, "text/html,*/*;q=0.8");
        self.house.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header(header::CONTENT_TYPE, "application/json");
        self.house.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.house.send(self.request("POST", path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form from a page of ours, with the token that the page has.
    pub(crate) async fn submit(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.look(page).await.text;
        let csrf = between(&shown, "name=\"csrf\" value=\"", "\"").to_owned();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let body = form.append_pair("csrf", &csrf).extend_pairs(fields).finish();
        let request = self
            .request("POST", path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "text/html")
            .header("sec-fetch-site", "same-origin");
        self.house.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Makes a game tomorrow at noon; gives its id.
    pub(crate) async fn game(&self, title: &str, seats: u32) -> String {
        let body = serde_json::json!({
            "guild": cast::GUILD_ID.to_string(), "title": title, "start": "2026-06-02T12:00:00Z", "seats": seats,
        });
        let answer = self.json("POST", "/api/v1/games", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}

/// What stands between two texts.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {text}"));
    rest.split_once(after).unwrap().0
}

fn config() -> WebConfig {
    let person = |person: &cast::Person| PracticePerson {
        id: UserId::new(person.id),
        name: person.global_name.to_owned(),
        about: if person.is_owner { "owner".to_owned() } else { "member".to_owned() },
    };
    WebConfig {
        public_url: "http://127.0.0.1:8080".parse().unwrap(),
        practice_url: Some("http://127.0.0.1:8081".to_owned()),
        practice: Some(PracticeSignIn { people: cast::people().iter().map(person).collect() }),
        version: "0.1.0-test".to_owned(),
    }
}
