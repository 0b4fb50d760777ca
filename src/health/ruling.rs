//! The verdicts.

use serde::Serialize;

use crate::output::quantity::span;

/// Whether logs flow, in the order of precedence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// The stream or the forwarder does not exist.
    NotSetUp,
    /// Lines are lost: no retry brings them back.
    Losing,
    /// Nothing reads the stream.
    Stopped,
    /// Something does not work: a log service refuses, the forwarder cannot start.
    Failing,
    /// Lines arrive too late.
    Behind,
    /// What decides could not be read.
    #[default]
    Unknown,
    /// Nothing was logged, and nothing waits.
    Quiet,
    /// Lines arrive.
    Flowing,
}

impl Verdict {
    /// The verdict as people read it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotSetUp => "not set up",
            Self::Losing => "losing",
            Self::Stopped => "stopped",
            Self::Failing => "failing",
            Self::Behind => "behind",
            Self::Unknown => "unknown",
            Self::Quiet => "quiet",
            Self::Flowing => "flowing",
        }
    }

    /// Whether all is well.
    pub(crate) fn is_good(self) -> bool {
        matches!(self, Self::Quiet | Self::Flowing)
    }
}

/// A verdict, why, and since when.
pub(super) type Ruling = (Verdict, String, Option<i64>);

/// A span of milliseconds, in words.
pub(super) fn ago(milliseconds: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "spans of our time are exact in 53 bits")]
    let seconds = (milliseconds.max(0) / 1000) as f64;
    span(seconds)
}
