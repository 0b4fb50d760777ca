//! Where events come from that do not say so themselves.

use super::record::Origin;
use crate::error::{Code, Error, Result};

/// What the flags say about events that do not say themselves where they come from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hints {
    /// The log group; needed for events that are listed or exported.
    pub(crate) log_group: Option<String>,
    /// The log stream of events without one.
    pub(crate) log_stream: String,
}

impl Hints {
    /// Where events come from that do not say so themselves.
    ///
    /// # Errors
    /// [`Code::Usage`]: no log group was named.
    pub(super) fn origin(&self) -> Result<Origin<'_>> {
        let Some(log_group) = &self.log_group else {
            let message = "these events do not say which log group they come from";
            return Err(Error::new(Code::Usage, message)
                .hint("name it with --log-group: routes and rules depend on it"));
        };
        Ok(Origin { log_group, log_stream: &self.log_stream, ..Origin::default() })
    }
}
