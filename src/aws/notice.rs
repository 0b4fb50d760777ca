//! What a call or a step tells whoever shows progress.

use std::time::Duration;

/// Something that takes time, for whoever shows progress; and what became of a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice<'a> {
    /// A call is retried, or a resource is not ready yet.
    Waiting {
        /// What is waited for, as in "waiting for ...".
        why: &'a str,
        /// Since when.
        elapsed: Duration,
    },
    /// A creation made its resource. What the step still has to do to it may fail.
    Made,
    /// A creation found its resource there already: another run of the same stack made it since it was read.
    Found,
    /// A resource of somebody else is about to be deleted to make room for a new one. It is restored if the new one
    /// fails, unless the process is killed meanwhile.
    GivesWay {
        /// The command that restores it.
        restore: &'a str,
    },
    /// Many things are read, one by one.
    Read {
        /// How many have been read.
        done: usize,
        /// How many there are.
        total: usize,
    },
}
