//! Tells whoever looks at a game's story that something about the game was stored.

use std::{collections::BTreeSet, sync::Arc};

use tokio::sync::broadcast::{
    self, Receiver, Sender,
    error::RecvError::{Closed, Lagged},
};

use crate::signal::{Batch, attribute};

/// Who falls behind by more batches than this looks anyway.
const KEPT: usize = 64;

/// The games of each batch that was stored.
#[derive(Clone, Debug)]
pub(crate) struct News(Sender<Arc<BTreeSet<String>>>);

/// Hears of one game.
#[derive(Debug)]
pub(crate) struct Ear {
    game: String,
    news: Receiver<Arc<BTreeSet<String>>>,
}

impl Default for News {
    fn default() -> Self {
        Self(broadcast::channel(KEPT).0)
    }
}

impl News {
    /// Tells of what was stored; costs nothing while nobody listens.
    pub(crate) fn tell<'a>(&self, stored: impl Iterator<Item = &'a Batch>) {
        if self.0.receiver_count() == 0 {
            return;
        }
        let games: BTreeSet<String> = stored.flat_map(games).map(str::to_owned).collect();
        if !games.is_empty() {
            // An error means that the last listener has just left.
            let _ = self.0.send(Arc::new(games));
        }
    }

    /// Hears of a game from now on.
    pub(crate) fn listen(&self, game: String) -> Ear {
        Ear { game, news: self.0.subscribe() }
    }
}

impl Ear {
    /// Returns when something about the game was stored, or may have been; none when there will be nothing more.
    pub(crate) async fn hear(&mut self) -> Option<()> {
        loop {
            match self.news.recv().await {
                Ok(games) if games.contains(&self.game) => return Some(()),
                Ok(_) => (),
                Err(Lagged(_)) => return Some(()),
                Err(Closed) => return None,
            }
        }
    }
}

/// The games that a batch's spans and log records name.
fn games(batch: &Batch) -> Vec<&str> {
    let game = |attributes| attribute(attributes, "muster.game.id");
    match batch {
        Batch::Traces(request) => {
            let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
            scopes.flat_map(|scope| &scope.spans).filter_map(|span| game(&span.attributes)).collect()
        }
        Batch::Logs(request) => {
            let scopes = request.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
            scopes.flat_map(|scope| &scope.log_records).filter_map(|log| game(&log.attributes)).collect()
        }
        Batch::Metrics(_) => Vec::new(),
    }
}
