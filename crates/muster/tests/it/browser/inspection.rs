//! What holds for every page, and a picture of it.

use super::chromium::Browser;
use super::page::DESKTOP;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use thirtyfour::support::base64_decode;

/// A page with its stylesheets, its script and its pictures, as it travels.
const PAGE_BYTES: u64 = 100_000;
/// A picture ends here; longer pages repeat themselves.
const PICTURE_HEIGHT: u64 = 4_000;
/// A picture in the repository.
const KEPT_PICTURE_BYTES: usize = 200_000;
/// Asks for the pictures of the repository.
const WRITE: &str = "MUSTER_WRITE_SCREENSHOTS";
/// Finds what is wrong with a page; a sentence each.
const RULES: &str = include_str!("rules.js");
/// The bytes of what the page needed to be shown, as they travelled; what its live updates fetch comes later.
const BYTES: &str = "return performance.getEntries()
    .filter((entry) => 'encodedBodySize' in entry && entry.initiatorType !== 'fetch')
    .reduce((sum, entry) => sum + entry.encodedBodySize, 0)";

/// Milliseconds from the request: until the whole page had come, until something was painted, until all was there.
const TIMES: &str = "const page = performance.getEntriesByType('navigation')[0];
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    return [page.responseEnd, paint?.startTime ?? 0, page.domComplete].map((time) => Math.round(time - page.requestStart))";

impl Browser {
    /// Checks a page that was answered well, and keeps a picture under that name.
    pub(crate) async fn inspect(&self, name: &str) {
        self.inspect_answer(name, 200).await;
    }

    /// The same for a page that comes with another status.
    pub(crate) async fn inspect_answer(&self, name: &str, status: u16) {
        let address = self.address().await;
        self.take_picture(name).await;
        let answered = self.ask("return performance.getEntriesByType('navigation')[0].responseStatus").await;
        assert_eq!(answered, status, "{address}");
        let broken = self.ask(RULES).await;
        assert_eq!(broken, json!([]), "{name}, {address}: {broken:#}");
        let bytes = self.ask(BYTES).await.as_u64().unwrap();
        assert!((1..=PAGE_BYTES).contains(&bytes), "{name} has {bytes} bytes");
        let times = self.ask(TIMES).await;
        println!("{name}: {bytes} bytes; came, painted, complete after {times} ms");
        self.hears_no_complaint(name, status).await;
    }

    /// The console is silent: no script failed, nothing was refused by the policy. The status of the page itself is
    /// told there, too.
    async fn hears_no_complaint(&self, name: &str, status: u16) {
        let told = format!("responded with a status of {status}");
        for entry in self.driver.browser_log().await.unwrap() {
            let is_bad = ["SEVERE", "WARNING"].contains(&entry.level.as_str());
            let is_told = status >= 400 && entry.message.contains(&told);
            assert!(!is_bad || is_told, "{name}: {}", entry.message);
        }
    }

    /// Keeps a picture of the whole page in `target/screenshots/`.
    pub(crate) async fn take_picture(&self, name: &str) {
        let size = "return [innerWidth, Math.max(innerHeight, document.documentElement.scrollHeight)]";
        let size = self.ask(size).await;
        let height = size[1].as_u64().unwrap().min(PICTURE_HEIGHT);
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": height, "scale": 1 });
        let picture = self.capture(json!({ "captureBeyondViewport": true, "clip": clip })).await;
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        write(&target.join("screenshots").join(name), &picture);
    }

    /// Takes a picture for the README of what is in sight, when it is asked for: as wide as a desktop's.
    pub(crate) async fn take_picture_for_readme(&self, name: &str) {
        #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says whether to refresh them")]
        if std::env::var_os(WRITE).is_none_or(|value| value != "1") {
            return;
        }
        let size = self.ask("return [innerWidth, innerHeight, scrollY]").await;
        let scale = f64::from(DESKTOP.width) / size[0].as_f64().unwrap();
        let clip = json!({ "x": 0, "y": size[2], "width": size[0], "height": size[1], "scale": scale });
        let picture = self.capture(json!({ "clip": clip })).await;
        assert!(picture.len() <= KEPT_PICTURE_BYTES, "{name} has {} bytes", picture.len());
        write(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images").join(name), &picture);
    }

    async fn capture(&self, arguments: Value) -> Vec<u8> {
        let picture = self.tool("Page.captureScreenshot", arguments).await;
        base64_decode(picture["data"].as_str().unwrap()).unwrap()
    }
}

fn write(path: &Path, picture: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path.with_extension("png"), picture).unwrap();
}
