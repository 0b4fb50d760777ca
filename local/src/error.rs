//! The one error of the local world.

use std::fmt;

/// Why something of the local world could not be installed, started or reached.
///
/// `Display` gives what failed and why on one line; [`LocalError::hint`] says what to do next, for
/// the caller to print the way it prints hints.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LocalError {
    what: String,
    cause: String,
    hint: Option<String>,
}

impl LocalError {
    /// `what` failed because of `cause`.
    pub fn new(what: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self { what: what.into(), cause: cause.to_string(), hint: None }
    }

    /// Adds what the person who sees the error can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What was being done, for example `cannot start the local AWS`.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Why it failed.
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// What to do next, if there is anything to do.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for LocalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.cause)
    }
}
