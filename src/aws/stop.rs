//! A request to stop: the call in flight finishes, no further one begins.

use tokio::sync::watch;

/// Shared between whoever hears Ctrl-C and everything that waits or calls. Clones are the same stop.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    /// Not requested yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Asks everything to stop. Asking again changes nothing.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether it has been asked for.
    pub fn requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it is asked for; at once if it has been.
    pub async fn wait(&self) {
        // The sender lives as long as `self`, so waiting cannot end in another way.
        let _ = self.0.subscribe().wait_for(|stop| *stop).await;
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}
