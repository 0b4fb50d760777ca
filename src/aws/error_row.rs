//! A row of the table of errors: which errors it is about, and what it says about them.

use super::AwsError;
use super::retry::{Cause, Retry};
use crate::error::Code;

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    /// The service; empty for every service.
    service: &'static str,
    /// The operations; empty for every operation.
    operations: &'static [&'static str],
    /// The codes, with or without `Exception`; empty for every code. [`ANY_5XX`] stands for an HTTP status.
    codes: &'static [&'static str],
    /// What the message must contain, in any case of letters; empty for any message.
    fragment: &'static str,
    /// Why and how long the call is retried.
    pub(super) retry: Option<Retry>,
    /// Our code, and the hint.
    pub(super) meaning: Option<(Code, &'static str)>,
}

/// Stands among the codes of a row for every error with an HTTP status of 500 or more.
pub(super) const ANY_5XX: &str = "5xx";

/// A row for some errors of a service.
pub(super) const fn on(
    service: &'static str,
    operations: &'static [&'static str],
    codes: &'static [&'static str],
) -> Row {
    Row { service, operations, codes, fragment: "", retry: None, meaning: None }
}

/// A row for errors of every service.
pub(super) const fn any(codes: &'static [&'static str]) -> Row {
    on("", &[], codes)
}

impl Row {
    /// Only where the message contains this.
    pub(super) const fn saying(self, fragment: &'static str) -> Self {
        Self { fragment, ..self }
    }

    /// Such a call is retried, while it waits for `why`.
    pub(super) const fn retried(self, cause: Cause, why: &'static str) -> Self {
        Self { retry: Some(Retry { cause, why }), ..self }
    }

    /// Such an error has this code, and this hint.
    pub(super) const fn means(self, code: Code, hint: &'static str) -> Self {
        Self { meaning: Some((code, hint)), ..self }
    }

    /// Whether a message has the fragment: for a retry in these letters, because a call that can never succeed may have
    /// similar words; for a meaning alone in capital letters, too.
    fn is_said_in(&self, message: &str) -> bool {
        match self.retry {
            Some(_) => message.contains(self.fragment),
            None => message.to_ascii_lowercase().contains(&self.fragment.to_ascii_lowercase()),
        }
    }

    /// Whether the row is about an error, which came with this HTTP status.
    pub(super) fn matches(&self, error: &AwsError, status: Option<u16>) -> bool {
        let is_5xx = status.is_some_and(|status| status >= 500) && self.codes.contains(&ANY_5XX);
        (self.service.is_empty() || self.service == error.service)
            && (self.operations.is_empty() || self.operations.contains(&error.operation))
            && (self.codes.is_empty() || is_5xx || error.is(self.codes))
            && self.is_said_in(&error.message)
    }
}
