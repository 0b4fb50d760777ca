//! What `cwl2le logs` reports beside the lines.

use std::fmt;

use serde::Serialize;

/// The report of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct LogsReport {
    /// The log groups that were read.
    pub log_groups: Vec<String>,
    /// How many lines were shown.
    pub lines: u64,
    /// Whether there are older lines, which `-n` leaves out.
    pub has_more: bool,
    /// What to say about that; none where everything was shown, or lines were followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl fmt::Display for LogsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.note.as_deref().unwrap_or_default())
    }
}
