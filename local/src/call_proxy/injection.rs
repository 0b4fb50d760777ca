//! A fault for the calls of one operation, by their numbers.

use super::fault::Fault;
use crate::call::Call;

/// Whether AWS carries a failing call out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It never arrives there.
    Before,
    /// It is carried out, and the answer is lost.
    After,
}

/// A fault for some calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injection {
    /// The operation whose calls are counted; none counts all of them. Calls that are made at once arrive in any order,
    /// so only one operation's number is the same in every run.
    pub of: Option<Call>,
    /// The number of the first call that fails, counted from 1.
    pub at: usize,
    /// How many calls fail from there on; the retries of the caller count as calls.
    pub times: usize,
    /// Whether AWS carries them out.
    pub when: When,
    /// What happens to them.
    pub fault: Fault,
}

impl Injection {
    /// Whether its number counts this call.
    pub(super) fn counts(&self, call: &Call) -> bool {
        self.of.as_ref().is_none_or(|of| of == call)
    }
}
