//! Reads everything and sends nothing, for `--list` and `--dry-run`.

use super::source::Source;
use super::tally::Tally;
use super::time::rfc3339;
use crate::aws::Aws;
use crate::error::Result;
use serde::Serialize;

/// A row of `--list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    /// The key of the object.
    pub key: String,
    /// When it was kept, RFC 3339.
    pub kept_at: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Why it was kept.
    pub reasons: Vec<String>,
    /// Records that would be sent.
    pub records: u64,
    /// Log events in them.
    pub events: u64,
    /// Records that an earlier run has sent.
    pub sent_before: u64,
    /// Records that would not be sent, each with the reason.
    pub left: Vec<String>,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// Reads everything; with rows if they are wanted.
///
/// # Errors
/// What keeps the rest from being read.
pub(super) async fn survey(
    aws: Aws<'_>,
    source: &mut dyn Source,
    has_rows: bool,
    heard: impl Fn(&Tally),
) -> Result<(Tally, Vec<Row>)> {
    let (mut tally, mut rows) = (Tally::default(), Vec::new());
    while let Some(portion) = source.next(aws).await? {
        tally.read(&portion);
        heard(&tally);
        if has_rows {
            let sent = || portion.parcels.iter().filter(|parcel| !parcel.is_copy);
            rows.push(Row {
                records: sent().count() as u64,
                events: sent().map(|parcel| parcel.events).sum(),
                left: portion.left.iter().map(|left| left.why.clone()).collect(),
                key: portion.name,
                kept_at: rfc3339(portion.time),
                bytes: portion.bytes,
                reasons: portion.reasons,
                sent_before: portion.sent_before,
                unreadable: portion.unreadable,
            });
        }
    }
    Ok((tally, rows))
}
