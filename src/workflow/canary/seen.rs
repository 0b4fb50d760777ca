//! What exists of a stack, as far as it could be read. Values only.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::resources::{Observed, Stack, Unread};

/// What exists of a stack.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) stack: Stack,
    pub(super) observed: Observed,
    /// What could not be read: it is missing in `observed`.
    pub(super) unread: BTreeMap<Unread, Error>,
}

impl Seen {
    /// Whether this was read, so that what is missing does not exist.
    pub(super) fn has_read(&self, what: Unread) -> bool {
        !self.unread.contains_key(&what)
    }

    /// What could not be read and matters to a canary, in words.
    pub(super) fn unread(&self) -> Vec<String> {
        let matters = |what: &&Unread| {
            matches!(what, Unread::Roles | Unread::Stream | Unread::Triggers | Unread::Isolated)
        };
        let unread = self.unread.iter().filter(|(what, _)| matters(what));
        unread.map(|(what, error)| format!("{}: {}", what.name(), error.message)).collect()
    }

    /// Name and pattern of the account policy that leads a log group into the stream, where there is one.
    pub(super) fn covered_by(&self, log_group: &str) -> Option<(&str, &str)> {
        let policy = self.observed.policy_of(log_group, &self.stack.names.stream_arn(&self.stack.target))?;
        Some((policy.name.as_str(), policy.pattern.as_str()))
    }
}
