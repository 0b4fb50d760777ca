//! What was read, or why it is not known.

use serde::Serialize;

/// The result of reading one thing. A person on call may have half of the permissions: each thing is read by itself,
/// and what cannot be read leaves the rest as it is.
pub(crate) type Probe<T> = std::result::Result<T, Unknown>;

/// Why something is not known. It is shown as `?`, never as zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Unknown {
    /// What happened, in one sentence without a full stop: AWS denied it, did not answer in time, or shows only a part.
    pub why: String,
    /// The IAM action that would allow it, such as `cloudwatch:GetMetricData`, where AWS denied it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
}

impl Unknown {
    /// Something that no permission would help with.
    pub(crate) fn because(why: impl Into<String>) -> Self {
        Self { why: why.into(), action: None }
    }
}
