//! The pages, as a browser without scripts uses them.

use axum::body::Body;
use axum::http::{Request, header};
use axum::routing::get;
use axum::{Extension, Router};
use http_body_util::BodyExt;
use tower::ServiceExt;
use web::{App, SignedIn};

use crate::house::{House, between};

#[tokio::test]
async fn who_is_not_signed_in_is_asked_who_they_are() {
    let house = House::open().await;
    let request =
        Request::get("/games?status=all").header(header::ACCEPT, "text/html").body(Body::empty()).unwrap();
    let answer = house.send(request).await;
    assert_eq!(answer.status, 303);
    insta::assert_snapshot!(answer.location(), @"/sign-in?next=%2Fgames%3Fstatus%3Dall");
    let page = house.send(Request::get(answer.location()).body(Body::empty()).unwrap()).await.text;
    assert_eq!(page.matches("name=\"person\"").count(), 8);
    let next = between(&page, "name=\"next\" value=\"", "\"");
    let form = format!("person={}&next={next}", practice::cast::find_person("Hana").unwrap().id);
    let request = Request::post("/sign-in").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = house.send(request.body(Body::from(form)).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/games?status=all"));
    assert!(answer.headers[header::SET_COOKIE].to_str().unwrap().starts_with("muster_session="));
    house.close().await;
}

#[tokio::test]
async fn a_game_is_posted_from_the_form() {
    let house = House::open().await;
    let ada = house.person("Ada").await;
    let fields = [
        ("title", "Heist <b>"),
        ("start", "2026-06-05T19:00"),
        ("zone", "Europe/Berlin"),
        ("seats", "3"),
        ("reminders", "-"),
        ("intent", "save"),
        ("key", "k"),
    ];
    let preview: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, if *name == "intent" { "preview" } else { value }))
        .collect();
    let seen = ada.submit("/games/new", "/games/new", &preview).await;
    assert_eq!(seen.status, 200);
    assert!(seen.text.contains("Friday, 5 June 2026 19:00"), "{}", seen.text);

    let made = ada.submit("/games/new", "/games/new", &fields).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let page = ada.look(made.location()).await.text;
    assert!(page.contains("Heist &lt;b&gt;") && !page.contains("Heist <b>"));
    assert!(page.contains("Fri 5 Jun 2026, 19:00 <span class=\"zone\">Europe/Berlin</span>"), "{page}");
    assert!(page.contains("0 of 3 seats"));
    assert_eq!(ada.look("/games").await.headers[header::CACHE_CONTROL], "private, no-cache");
    assert!(page.contains("Nobody has been told anything yet."));
    house.close().await;
}

#[tokio::test]
async fn a_form_that_fails_keeps_what_was_typed() {
    let house = House::open().await;
    let ada = house.person("Ada").await;
    let fields = [
        ("title", "Heist"),
        ("start", "2020-01-01T10:00"),
        ("zone", "Europe/Berlin"),
        ("seats", "900"),
        ("intent", "save"),
        ("description", "In the rain"),
    ];
    let answer = ada.submit("/games/new", "/games/new", &fields).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains("name=\"title\" value=\"Heist\""));
    assert!(answer.text.contains("In the rain</textarea>"));
    let summary = between(&answer.text, "Nothing was saved yet</h2>", "</ul>");
    insta::assert_snapshot!(summary, @r##"<ul><li><a href="#seats">Seats: Between 1 and 100.</a></li><li><a href="#start">Starts: The start has to be in the future.</a></li>"##);
    assert!(answer.text.contains("aria-describedby=\"seats-error\""));
    assert_eq!(ada.get("/api/v1/games").await.json()["total"], 0);
    house.close().await;
}

#[tokio::test]
async fn players_join_and_leave_by_buttons() {
    let house = House::open().await;
    let (ada, dana) = (house.person("Ada").await, house.person("Dana").await);
    let id = ada.game("Heist", 2).await;
    let path = format!("/games/{id}");
    assert!(dana.look("/").await.text.contains("Join<span class=\"hidden\"> of Heist</span>"));

    let joined = dana.submit("/", &format!("{path}/join"), &[]).await;
    assert_eq!((joined.status.as_u16(), joined.location()), (303, path.as_str()));
    let page = dana.look(&path).await.text;
    assert!(page.contains("You have seat 1."), "{page}");
    assert!(!page.contains("Cancel game"));

    let left = dana.submit(&path, &format!("{path}/leave"), &[]).await;
    assert_eq!(left.status, 303);
    assert!(dana.look(&path).await.text.contains("You are not on the roster."));
    house.close().await;
}

#[tokio::test]
async fn a_host_edits_and_cancels() {
    let house = House::open().await;
    let ada = house.person("Ada").await;
    let id = ada.game("Heist", 2).await;
    let path = format!("/games/{id}");
    let form = ada.look(&format!("{path}/edit")).await.text;
    assert!(form.contains("value=\"2026-06-02T12:00\""), "{form}");
    let fields = [
        ("title", "Heist II"),
        ("start", "2026-06-02T13:00"),
        ("zone", "UTC"),
        ("seats", "4"),
        ("intent", "save"),
    ];
    let answer = ada.submit(&format!("{path}/edit"), &format!("{path}/edit"), &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert!(ada.look("/games").await.text.contains("Heist II"));

    let cancel = format!("{path}/cancel");
    assert!(ada.look(&cancel).await.text.contains("Cancel this game?"));
    assert_eq!(ada.submit(&cancel, &cancel, &[]).await.status, 303);
    assert!(ada.look(&path).await.text.contains("Cancelled"));
    assert!(ada.look("/games").await.text.contains("No game matches"));
    house.close().await;
}

#[tokio::test]
async fn a_page_that_is_not_there_says_so_nicely() {
    let house = House::open().await;
    let ada = house.person("Ada").await;
    let answer = ada.look("/games/01890000-0000-7000-8000-000000000000").await;
    assert_eq!(answer.status, 404);
    assert!(answer.text.contains("There is nothing here"));
    assert!(answer.text.contains(answer.headers["x-request-id"].to_str().unwrap()));
    assert_eq!(ada.look("/games?guild=7").await.status, 404);
    assert_eq!(ada.look("/problems/game-closed").await.status, 200);
    assert_eq!(ada.look("/problems").await.status, 200);
    house.close().await;
}

#[tokio::test]
async fn the_form_of_another_session_is_refused() {
    let house = House::open().await;
    let (ada, dana) = (house.person("Ada").await, house.person("Dana").await);
    let id = ada.game("Heist", 2).await;
    let page = ada.look("/").await.text;
    let token = between(&page, "name=\"csrf\" value=\"", "\"");
    let request = dana
        .request("POST", &format!("/games/{id}/join"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "text/html")
        .body(Body::from(format!("csrf={token}")))
        .unwrap();
    let answer = house.send(request).await;
    assert_eq!(answer.status, 403);
    assert!(answer.text.contains("This form is of an older session."));
    house.close().await;
}

#[tokio::test]
async fn who_may_not_host_is_told_so_before_typing() {
    let house = House::open().await;
    let hana = house.person("Hana").await;
    let answer = hana.look("/games/new").await;
    assert_eq!(answer.status, 403);
    assert!(answer.text.contains("are posted by its managers"), "{}", answer.text);
    house.close().await;
}

#[tokio::test]
async fn who_may_not_change_a_game_is_told_so_before_typing() {
    let house = House::open().await;
    let (ada, hana) = (house.person("Ada").await, house.person("Hana").await);
    let id = ada.game("Heist", 2).await;
    for page in ["edit", "cancel"] {
        let answer = hana.look(&format!("/games/{id}/{page}")).await;
        assert_eq!(answer.status, 403, "{page}");
        assert!(answer.text.contains("Hana") && answer.text.contains("Sign out"), "they are still signed in");
    }
    house.close().await;
}

#[tokio::test]
async fn other_rooms_on_this_listener_hear_who_asks() {
    let house = House::open().await;
    let name = async |signed: Option<Extension<SignedIn>>| signed.map_or(String::new(), |it| it.0.name);
    let extra = Router::new().route("/elsewhere", get(name));
    let router = web::router(App { extra, ..house.app() }, house.stop.clone());
    let ada = house.person("Ada").await;
    for (cookie, told) in [(ada.cookie.as_str(), "Ada"), ("muster_session=ab12", "")] {
        let request = Request::get("/elsewhere").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, told.as_bytes());
    }
    house.close().await;
}
