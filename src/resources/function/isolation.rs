//! Destinations with a forwarder function of their own.

use std::collections::BTreeSet;

use serde::Serialize;

/// Default number of seconds from planning to the time from which another function serves a destination.
pub const HANDOVER_SECONDS: u32 = 60;

/// Which destinations have a forwarder function of their own, so that each has its own checkpoint in the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Isolation {
    /// Their names.
    pub destinations: BTreeSet<String>,
    /// Seconds from planning to the time from which another function serves a destination.
    pub handover_seconds: u32,
}

impl Default for Isolation {
    fn default() -> Self {
        Self { destinations: BTreeSet::new(), handover_seconds: HANDOVER_SECONDS }
    }
}
