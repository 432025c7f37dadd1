use crate::failure::Failure;

/// As many threads as the runtime itself would ask for under this name.
const VARIABLE: &str = "TOKIO_WORKER_THREADS";
/// Threads of one service: its loops don't wait for each other, and a machine may have four services.
const DEFAULT: usize = 2;

/// How many threads each service has.
pub(super) fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<usize, Failure> {
    let Some(text) = variable(VARIABLE) else { return Ok(DEFAULT) };
    match text.trim().parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err(Failure::setting(VARIABLE, format!("{text:?} must be a number, at least 1"))),
    }
}
