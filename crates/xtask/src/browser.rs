//! The driver of the browser that looks at the pages; a test starts it.

use crate::run::which;
use std::path::PathBuf;

/// What the browser test wants: the path of `chromedriver`.
pub(crate) const VARIABLE: &str = "MUSTER_TEST_CHROMEDRIVER";

/// Where the driver of Chromium is.
pub(crate) fn driver() -> Option<PathBuf> {
    which("chromedriver")
}
