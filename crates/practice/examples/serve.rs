//! A practice Discord on its own: `cargo run -p practice --example serve [ADDRESS]` (127.0.0.1:8081 by default).
//! Any bot can log in with the token that it prints. Ctrl-C ends it.

use clock::{Chance, Clock, PracticeClock};
use practice::{Practice, PracticeConfig};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8081".to_owned());
    let stop = CancellationToken::new();
    let config = PracticeConfig {
        listener: TcpListener::bind(address).await?,
        clock: Clock::Practice(PracticeClock::running()),
        chance: Chance::from_os()?,
        data: None,
        strict_limits: true,
        token: None,
    };
    let practice = Practice::start(config, stop.clone()).await?;
    println!("page   http://{}/", practice.address());
    println!("api    http://{}/api/v10", practice.address());
    println!("token  {}", practice.token());
    tokio::signal::ctrl_c().await?;
    stop.cancel();
    practice.wait().await;
    Ok(())
}
