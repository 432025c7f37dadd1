//! How a service ends: what it has begun may go on for some seconds, however its engines are.

use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long what a service has begun may go on once it is asked to end: longer than a turn of a loop, and what is left
/// of it takes to be given back; shorter than the process waits for its services. What is left undone others do, or
/// the next process.
pub const ENDS_WITHIN: Duration = Duration::from_secs(6);

/// Works until it is done; none when it is not, so long after `stop`.
pub async fn unless_stopped_for<T>(
    (stop, time): (&CancellationToken, Duration),
    work: impl Future<Output = T>,
) -> Option<T> {
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(time).await;
    };
    tokio::select! {
        done = work => Some(done),
        () = late => None,
    }
}
