//! A request to stop: the call in flight finishes, no further one begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// Shared between whoever hears Ctrl-C and everything that waits or calls. Clones are the same stop.
#[derive(Debug, Clone)]
pub struct Stop {
    requested: watch::Sender<bool>,
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
        Self { requested: watch::Sender::new(false), idle: Arc::default() }
    }

    /// Asks everything to stop. Asking again changes nothing.
    pub fn request(&self) {
        self.requested.send_replace(true);
    }

    /// Whether it has been asked for.
    pub fn requested(&self) -> bool {
        *self.requested.borrow()
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
        // The sender lives as long as `self`, so waiting cannot end in another way.
        let _ = self.requested.subscribe().wait_for(|stop| *stop).await;
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}
