//! What a person does with a page: reads, presses, follows, fills in.
//!
//! Everything is found by what it is called, and waited for until it is there.

use super::chromium::Browser;
use crate::program::eventually;
use serde_json::{Value, json};
use thirtyfour::error::WebDriverResult;
use thirtyfour::{By, Key, WebElement};

/// What a browser pretends to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    pub(crate) name: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) colours: &'static str,
}

/// A desktop by day.
pub(crate) const DESKTOP: Screen = Screen { name: "desktop", width: 1280, height: 900, colours: "light" };
/// The same by night.
pub(crate) const DARK: Screen = Screen { name: "dark", colours: "dark", ..DESKTOP };
/// A telephone.
pub(crate) const PHONE: Screen = Screen { name: "phone", width: 390, height: 844, colours: "light" };

impl Browser {
    /// Goes to an address.
    pub(crate) async fn open(&self, address: &str) {
        self.driver.goto(address).await.unwrap();
    }

    pub(crate) async fn reload(&self) {
        self.driver.refresh().await.unwrap();
    }

    pub(crate) async fn address(&self) -> String {
        self.driver.current_url().await.unwrap().to_string()
    }

    /// Has a screen of that kind from now on.
    pub(crate) async fn show_on(&self, screen: Screen) {
        let Screen { width, height, colours, .. } = screen;
        let mobile = width < DESKTOP.width;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.tool("Emulation.setDeviceMetricsOverride", size).await;
        // No picture of a colour on its way to another.
        let still = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        let features = json!([{ "name": "prefers-color-scheme", "value": colours }, still]);
        self.tool("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Runs no script of a page any more.
    pub(crate) async fn forget_scripts(&self) {
        self.tool("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// Asks Chromium's own tools.
    pub(crate) async fn tool(&self, method: &str, arguments: Value) -> Value {
        self.driver.cdp().send_raw(method, arguments).await.unwrap()
    }

    /// What a script returns on the page.
    pub(crate) async fn ask(&self, script: &str) -> Value {
        self.driver.execute(script, Vec::new()).await.unwrap().json().clone()
    }

    /// What is to be read on the page.
    pub(crate) async fn text(&self) -> String {
        let text = self.ask("return document.body?.innerText ?? ''").await;
        text.as_str().unwrap().to_owned()
    }

    /// Waits until the page says it.
    pub(crate) async fn sees(&self, words: &str) {
        until(&format!("{words:?} on the page"), async || self.text().await.contains(words)).await;
    }

    /// Waits until the page doesn't say it any more.
    pub(crate) async fn sees_no(&self, words: &str) {
        until(&format!("a page without {words:?}"), async || !self.text().await.contains(words)).await;
    }

    /// Loads the page again until it says it: for what comes a moment later, on pages that don't follow.
    pub(crate) async fn sees_after_reload(&self, words: &str) {
        until(&format!("{words:?} after a reload"), async || {
            let is_there = self.text().await.contains(words);
            if !is_there {
                self.reload().await;
            }
            is_there
        })
        .await;
    }

    /// Waits for the page with that heading.
    pub(crate) async fn arrives_at(&self, heading: &str) {
        let script =
            "return document.readyState === 'complete' && document.querySelector('main h1')?.innerText";
        until(&format!("the page {heading:?}"), async || self.ask(script).await == heading).await;
    }

    /// Presses the button that is called so.
    pub(crate) async fn press(&self, name: &str) {
        self.click(&format!("//button[normalize-space(.)=\"{name}\"]")).await;
    }

    /// Follows the link that is called so.
    pub(crate) async fn follow(&self, name: &str) {
        self.click(&format!("//a[normalize-space(.)=\"{name}\"]")).await;
    }

    /// Clicks the first thing in sight that an `XPath` finds; after a live update, the one that stands there then.
    pub(crate) async fn click(&self, path: &str) {
        eventually(&format!("something to click at {path}"), async || {
            let found = self.driver.find_all(By::XPath(path)).await.ok()?;
            for element in found {
                if element.is_displayed().await.unwrap_or(false) {
                    return element.click().await.ok();
                }
            }
            None
        })
        .await;
    }

    /// The control that has that label.
    async fn control(&self, label: &str) -> WebElement {
        let path = format!("//label[starts-with(normalize-space(.), \"{label}\")]");
        let find = async || -> WebDriverResult<WebElement> {
            let label = self.driver.find(By::XPath(path.as_str())).await?;
            let id = label.attr("for").await?.unwrap_or_default();
            self.driver.find(By::Id(id)).await
        };
        eventually(&format!("a field {label:?}"), async || find().await.ok()).await
    }

    /// Fills in a field; what was there goes.
    pub(crate) async fn fill(&self, label: &str, value: &str) {
        let control = self.control(label).await;
        control.clear().await.unwrap();
        if control.attr("type").await.unwrap().as_deref() == Some("datetime-local") {
            // Which keys it takes depends on the language; the keyboard's own story types them.
            let script = "arguments[0].value = arguments[1];
                arguments[0].dispatchEvent(new Event('input', { bubbles: true }))";
            let arguments = vec![control.to_json().unwrap(), value.into()];
            self.driver.execute(script, arguments).await.unwrap();
        } else {
            control.send_keys(value).await.unwrap();
        }
    }

    /// What stands in a field.
    pub(crate) async fn value(&self, label: &str) -> String {
        self.control(label).await.value().await.unwrap().unwrap_or_default()
    }

    /// What is said beside a field: its help and what is wrong with it.
    pub(crate) async fn hint(&self, label: &str) -> String {
        let control = self.control(label).await;
        let script = "return (arguments[0].getAttribute('aria-describedby') ?? '').split(' ')
            .map((id) => document.getElementById(id)?.innerText ?? '').join(' ')";
        let said = self.driver.execute(script, vec![control.to_json().unwrap()]).await.unwrap();
        said.json().as_str().unwrap().to_owned()
    }

    /// Types on the keyboard, wherever the focus is.
    pub(crate) async fn type_keys(&self, keys: &str) {
        self.driver.action_chain().send_keys(keys).perform().await.unwrap();
    }

    /// Presses one key.
    pub(crate) async fn key(&self, key: Key) {
        self.type_keys(&char::from(key).to_string()).await;
    }
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    eventually(what, async || is_so().await.then_some(())).await;
}
