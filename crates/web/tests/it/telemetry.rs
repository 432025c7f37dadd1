//! What a request leaves in traces and logs.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use web::App;

use crate::house::House;

const STRANGER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn a_request_is_one_trace_and_its_id_is_the_request_id() {
    let house = House::open().await;
    let dana = house.person("Dana").await;
    house.captured.clear();
    let request = dana.request("GET", "/api/v1/games?limit=5").header("traceparent", STRANGER);
    let answer = house.send(request.body(Body::empty()).unwrap()).await;
    insta::assert_snapshot!(house.captured.shape(), @r"
    GET /api/v1/games SERVER [http.request.method, http.response.status_code, http.route, network.protocol.version, server.address, server.port, url.path, url.scheme, user.id] links=1
      SELECT sessions CLIENT [db.collection.name, db.namespace, db.operation.name, db.query.summary, db.query.text, db.response.returned_rows, db.system.name] links=0
      games.list INTERNAL [muster.action, muster.outcome, user.id] links=0
        SELECT games CLIENT [db.collection.name, db.namespace, db.operation.name, db.query.summary, db.query.text, db.response.returned_rows, db.system.name] links=0
        SELECT games CLIENT [db.collection.name, db.namespace, db.operation.name, db.query.summary, db.query.text, db.response.returned_rows, db.system.name] links=0
    ");
    let spans = house.captured.spans();
    let server = spans.iter().find(|span| span.name == "GET /api/v1/games").unwrap();
    assert_eq!(answer.headers["x-request-id"], server.trace_id.as_str());
    assert_ne!(server.trace_id, &STRANGER[3..35]);
    assert_eq!(server.links, [&STRANGER[36..52]]);
    assert_eq!(server.attributes["url.path"], "/api/v1/games");
    house.close().await;
}

/// The address says nothing of the guild: the verb finds it out, also where it refuses.
#[tokio::test]
async fn a_request_about_a_game_says_its_guild() {
    let house = House::open().await;
    let ada = house.person("Ada").await;
    let game = ada.game("Winterhold", 2).await;
    let path = format!("/api/v1/games/{game}");
    let guild = testkit::GUILD.to_string();
    let parts = ["", "/participants", "/deliveries"].map(|part| (path.clone() + part, "GET"));
    let deeds = ["/join", "/join", "/leave"].map(|deed| (path.clone() + deed, "POST"));
    let ends = [(path.clone(), "DELETE"), (path.clone() + "/join", "POST")];
    for (path, method) in parts.into_iter().chain(deeds).chain(ends) {
        house.captured.clear();
        let answer = house.send(ada.request(method, &path).body(Body::empty()).unwrap()).await;
        let spans = house.captured.spans();
        let server = spans.iter().find(|span| span.name.starts_with(&format!("{method} /api")));
        let said = server.unwrap().attributes.get("discord.guild.id");
        assert_eq!(said, Some(&guild), "{method} {path}: {}", answer.text);
    }
    house.captured.clear();
    assert_eq!(ada.look(&format!("/games/{game}")).await.status, 200);
    let spans = house.captured.spans();
    let page = spans.iter().find(|span| span.name == "GET /games/{id}").unwrap();
    assert_eq!(page.attributes["discord.guild.id"], guild);
    house.close().await;
}

#[tokio::test]
async fn an_unknown_address_has_no_name_of_its_own() {
    let house = House::open().await;
    house.send(Request::get("/wp-admin/canary/setup.php?token=canary").body(Body::empty()).unwrap()).await;
    let spans = house.captured.spans();
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].name, "GET");
    assert_eq!(spans[0].attributes["http.response.status_code"], "404");
    assert_eq!(spans[0].attributes["url.path"], "/wp-admin/…");
    assert!(spans[0].attributes.values().all(|value| !value.contains("canary")));
    house.close().await;
}

#[tokio::test]
async fn a_request_that_nobody_waits_for_is_told_of_too() {
    let house = House::open().await;
    let never = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let request = Request::post("/api/v1/auth/practice").header("content-type", "application/json");
    let answering = house.send(request.body(never).unwrap());
    // The client goes while the rest of its body is waited for.
    assert!(answering.now_or_never().is_none());
    let spans = house.captured.spans();
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].name, "POST /api/v1/auth/practice");
    assert_eq!(spans[0].attributes["http.response.status_code"], "499");
    house.close().await;
}

async fn broken() -> String {
    panic!("the key is {}", ["c4nary", "5e5e"].join("-"))
}

#[tokio::test]
async fn a_handler_that_panics_tells_nothing_of_what_it_held() {
    telemetry::tell_panics();
    let house = House::open().await;
    let _logs = tracing::dispatcher::set_default(&house.ctx.telemetry.log_dispatch());
    let app = App { extra: Router::new().route("/broken", get(broken)), ..house.app() };
    let router = web::router(app, house.stop.clone());
    let answer = router.oneshot(Request::get("/broken").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 500);
    let body = answer.into_body().collect().await.unwrap().to_bytes();

    let (spans, logs) = (house.captured.spans(), house.captured.logs());
    let told = logs.iter().find(|log| log.name.as_deref() == Some("process.panicked")).unwrap();
    assert!(told.attributes["code.file.path"].ends_with("tests/it/telemetry.rs"), "{told:?}");
    let everything = format!("{spans:?} {logs:?} {}", String::from_utf8_lossy(&body));
    assert!(!everything.contains("5e5e"), "{everything}");
    house.close().await;
}

#[tokio::test]
async fn assets_and_health_checks_leave_no_trace() {
    let house = House::open().await;
    for path in ["/livez", "/readyz", "/version", "/assets/muster.css"] {
        assert_eq!(house.send(Request::get(path).body(Body::empty()).unwrap()).await.status, 200, "{path}");
    }
    assert!(house.captured.spans().is_empty());
    house.close().await;
}
