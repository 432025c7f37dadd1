//! The program, its guild, and somebody in front of a browser.

use super::chromium::Browser;
use super::page::DESKTOP;
use crate::api::Person;
use crate::guild::Guild;
use crate::program::{Home, Program};
use jiff::SignedDuration;
use practice::cast;
use serde_json::json;

/// Where a story plays.
pub(crate) struct Stage {
    pub(crate) program: Program,
    pub(crate) guild: Guild,
    pub(crate) browser: Browser,
    home: Home,
}

impl Stage {
    /// Nothing where there is no browser.
    pub(crate) async fn open() -> Option<Self> {
        let browser = Browser::start().await?;
        browser.show_on(DESKTOP).await;
        let home = Home::watched();
        let program = home.up().await;
        let guild = Guild::at(program.http.clone(), program.address("practice"));
        let stage = Self { program, guild, browser, home };
        stage.program.knows_guild(&stage.person("Ada").await).await;
        Some(stage)
    }

    pub(crate) async fn close(self) {
        self.browser.close().await;
        self.program.stop().await;
    }

    /// One of the people, by the API.
    pub(crate) async fn person(&self, name: &str) -> Person {
        self.program.person(&self.home.token(name).await)
    }

    /// An address of the dashboard.
    pub(crate) fn dashboard(&self, path: &str) -> String {
        format!("{}{path}", self.program.address("dashboard"))
    }

    /// Signs in by the form.
    pub(crate) async fn sign_in(&self, name: &str) {
        self.browser.open(&self.dashboard("/sign-in")).await;
        self.browser.click(&format!("//button[.//span[normalize-space(.)=\"{name}\"]]")).await;
        self.browser.sees("Sign out").await;
    }

    /// Opens a channel of the practice Discord as somebody, or their direct messages.
    pub(crate) async fn visit_guild(&self, name: &str, place: &str) {
        let address = self.program.address("practice");
        self.browser.open(&format!("{address}/?as={}&at={place}", name.to_lowercase())).await;
    }

    /// What to put into a field to mean so many minutes from now, in UTC, to the minute before.
    pub(crate) async fn in_minutes(&self, minutes: i64) -> String {
        let moment = self.guild.now().await + SignedDuration::from_mins(minutes);
        moment.strftime("%Y-%m-%dT%H:%M").to_string()
    }

    /// Makes a game by the API, that many seats, tomorrow; gives its id.
    pub(crate) async fn plan(&self, host: &Person, title: &str, seats: u32) -> String {
        let start = self.guild.now().await + SignedDuration::from_hours(24);
        host.create(&json!({
            "guild": cast::GUILD_ID.to_string(),
            "title": title,
            "description": "A mission on the frontier. Bring a pilot.",
            "place": "Table 3",
            "start": start,
            "seats": seats,
        }))
        .await
    }
}
