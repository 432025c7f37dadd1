//! Sessions and tokens.

use actions::people;
use jiff::SignedDuration;
use telemetry::{Secret, ServiceName};
use testkit::{House, person};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const INSTANT: SignedDuration = SignedDuration::from_micros(1);

async fn house() -> House {
    let house = House::open(ServiceName::Api).await;
    house.know_the_guild().await;
    house
}

#[tokio::test]
async fn a_session_that_is_not_used_for_a_day_ends() {
    let house = house().await;
    let token = people::sign_in(&house.ctx, person("dana"), "Dana").await.unwrap();
    house.clock.advance(HOUR * 24);
    assert!(people::by_session(&house.ctx, &token).await.unwrap().is_some());
    house.clock.advance(HOUR * 24 + INSTANT);
    assert_eq!(people::by_session(&house.ctx, &token).await.unwrap(), None);
    house.close().await;
}

#[tokio::test]
async fn a_session_that_is_used_every_day_ends_after_thirty() {
    let house = house().await;
    let token = people::sign_in(&house.ctx, person("dana"), "Dana").await.unwrap();
    for day in 1..=30 {
        house.clock.advance(HOUR * 24);
        assert!(people::by_session(&house.ctx, &token).await.unwrap().is_some(), "day {day}");
    }
    house.clock.advance(INSTANT);
    assert_eq!(people::by_session(&house.ctx, &token).await.unwrap(), None);
    house.close().await;
}

#[tokio::test]
async fn who_signs_out_is_out_and_others_are_not() {
    let house = house().await;
    let first = people::sign_in(&house.ctx, person("dana"), "Dana").await.unwrap();
    let second = people::sign_in(&house.ctx, person("dana"), "Dana").await.unwrap();
    let csrf =
        async |token| people::by_session(&house.ctx, token).await.unwrap().and_then(|signed| signed.csrf);
    assert_ne!(csrf(&first).await, csrf(&second).await);
    people::sign_out(&house.ctx, &first).await.unwrap();
    assert_eq!(csrf(&first).await, None);
    assert!(csrf(&second).await.is_some());
    house.close().await;
}

#[tokio::test]
async fn a_token_that_nobody_was_given_is_nobodys() {
    let house = house().await;
    let times = (&house.ctx.clock, &house.ctx.chance);
    let token = people::create_token(&house.ctx.store, (person("dana"), "Dana"), times).await.unwrap();
    let signed = people::by_token(&house.ctx, &token).await.unwrap().unwrap();
    assert_eq!((signed.user, signed.name.as_str(), signed.csrf), (person("dana"), "Dana", None));

    for guess in ["", "muster_", "muster_0000", &token.expose().to_uppercase()] {
        let guess = Secret::new(guess.to_owned());
        assert_eq!(people::by_token(&house.ctx, &guess).await.unwrap(), None);
        assert_eq!(people::by_session(&house.ctx, &guess).await.unwrap(), None);
    }
    // Neither is good for the other.
    let session = people::sign_in(&house.ctx, person("dana"), "Dana").await.unwrap();
    assert_eq!(people::by_session(&house.ctx, &token).await.unwrap(), None);
    assert_eq!(people::by_token(&house.ctx, &session).await.unwrap(), None);
    house.close().await;
}
