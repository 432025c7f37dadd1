//! People who use the JSON API.

use reqwest::header::{HeaderMap, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

/// Somebody who is signed in, or nobody.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    http: Client,
    dashboard: String,
    /// A header that proves who it is.
    proof: Option<(&'static str, String)>,
}

impl Person {
    pub(crate) fn nobody(http: Client, dashboard: &str) -> Self {
        Self { http, dashboard: dashboard.to_owned(), proof: None }
    }

    pub(crate) fn with_token(http: Client, dashboard: &str, token: &str) -> Self {
        let proof = Some(("authorization", format!("Bearer {token}")));
        Self { proof, ..Self::nobody(http, dashboard) }
    }

    /// Signs in with the form of the page, as a browser does.
    pub(crate) async fn by_form(http: Client, dashboard: &str, id: u64) -> Self {
        let stranger = Self::nobody(http, dashboard);
        let form = [("person", id.to_string()), ("next", "/games".to_owned())];
        let answer = Answer::of(stranger.request(Method::POST, "/api/v1/auth/practice").form(&form)).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/games"), "{}", answer.text);
        stranger.with_cookie(&answer)
    }

    /// Signs in by JSON.
    pub(crate) async fn by_json(http: Client, dashboard: &str, id: u64) -> Self {
        let stranger = Self::nobody(http, dashboard);
        let wanted = serde_json::json!({ "person": id.to_string() });
        let answer = stranger.post("/api/v1/auth/practice", &wanted).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        stranger.with_cookie(&answer)
    }

    fn with_cookie(self, answer: &Answer) -> Self {
        let cookie = answer.headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap();
        Self { proof: Some(("cookie", cookie.to_owned())), ..self }
    }

    /// The same person, where the dashboard is now.
    pub(crate) fn at(self, dashboard: &str) -> Self {
        Self { dashboard: dashboard.to_owned(), ..self }
    }

    /// What proves who it is: a bearer token or a session's.
    pub(crate) fn secret(&self) -> &str {
        let (_, proof) = self.proof.as_ref().unwrap();
        proof.rsplit([' ', '=']).next().unwrap()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.dashboard));
        match &self.proof {
            Some((header, proof)) => request.header(*header, proof),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    /// A body as it is, said to be JSON.
    pub(crate) async fn post_text(&self, path: &str, body: &'static str) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", "application/json");
        Answer::of(request.body(body)).await
    }

    /// Makes a game; gives its id.
    pub(crate) async fn create(&self, game: &Value) -> String {
        let made = self.post("/api/v1/games", game).await.is(201);
        made["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn join(&self, game: &str) -> Value {
        self.post(&format!("/api/v1/games/{game}/join"), &Value::Null).await.is(200)
    }

    /// What became of every notice about a game: `kind state` with the recipient's name, in the order of the text.
    pub(crate) async fn deliveries(&self, game: &str) -> Vec<Value> {
        let all = self.get(&format!("/api/v1/games/{game}/deliveries")).await.is(200);
        all["deliveries"].as_array().unwrap().clone()
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }

    /// The body, given the status.
    pub(crate) fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// A problem on one line, without what differs from run to run.
    pub(crate) fn problem(&self) -> String {
        let body = self.json();
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        assert_eq!(body["status"], self.status, "{}", self.text);
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let errors = body["errors"].as_array().into_iter().flatten();
        let errors: Vec<_> = errors.map(|error| format!(" at {}", text(&error["pointer"]))).collect();
        format!("{} {}{}", self.status, text(&body["type"]), errors.concat())
    }
}
