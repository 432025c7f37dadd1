//! Prometheus and its tool for rules: others' eyes on what we export and on our alerts.

use crate::run::which;
use std::path::PathBuf;

/// What the tests of rules and of our metrics' form want: the path of `promtool`.
pub(crate) const TOOL_VARIABLE: &str = "MUSTER_TEST_PROMTOOL";
/// What the test that has itself scraped wants: the path of `prometheus`.
pub(crate) const SERVER_VARIABLE: &str = "MUSTER_TEST_PROMETHEUS";

/// Where the tool is.
pub(crate) fn tool() -> Option<PathBuf> {
    which("promtool")
}

/// Where the server is.
pub(crate) fn server() -> Option<PathBuf> {
    which("prometheus")
}
