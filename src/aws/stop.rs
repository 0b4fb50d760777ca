//! A request to stop: the call in flight finishes, no further one begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

/// Shared between whoever hears Ctrl-C and everything that waits or calls. Clones are the same stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    requested: CancellationToken,
    idle: Arc<AtomicBool>,
}

/// While it lives, no call is in flight.
#[derive(Debug)]
pub struct Idle(Arc<AtomicBool>);

impl Drop for Idle {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl Stop {
    /// Not requested yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everything to stop. Asking again changes nothing.
    pub fn request(&self) {
        self.requested.cancel();
    }

    /// Whether it has been asked for.
    pub fn requested(&self) -> bool {
        self.requested.is_cancelled()
    }

    /// Says that no call is in flight as long as the returned value lives: a question is open.
    pub fn idle(&self) -> Idle {
        self.idle.store(true, Ordering::Relaxed);
        Idle(self.idle.clone())
    }

    /// Whether no call is in flight, so that a stop takes effect at once.
    pub fn is_idle(&self) -> bool {
        self.idle.load(Ordering::Relaxed)
    }

    /// Returns when it is asked for; at once if it has been.
    pub async fn wait(&self) {
        self.requested.cancelled().await;
    }
}
