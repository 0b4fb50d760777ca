//! What an invocation did, and what AWS is told about it.

use std::time::Duration;

use serde::Serialize;

use super::account::Account;
use super::canary::Canary;
use super::fate::Fate;
use crate::net::Failure;
use crate::quarantine::{self, Rejection};
use crate::record::event::{Invocation, compare_sequences};

/// What AWS is told: `{"batchItemFailures":[{"itemIdentifier":"..."}]}`. Any other shape counts as success.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// Empty, or the checkpoint: everything from this record on comes again.
    pub batch_item_failures: Vec<ItemFailure>,
}

/// A record that is not delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemFailure {
    /// Its sequence number; never empty, because that fails the whole batch.
    pub item_identifier: String,
}

/// Records without a sequence number were not delivered, so there is no checkpoint to report: the invocation has to
/// fail as a whole. The payload of a direct subscription is such a record, also when it was set aside and S3 does not
/// have it: no stream keeps it, but Lambda retries the event and hands it to the function's on-failure destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} records without a sequence number were not delivered; the whole invocation has to be retried")]
pub struct NoCheckpoint(pub usize);

/// What an invocation did.
#[derive(Debug)]
pub struct Outcome {
    /// The answer to AWS.
    pub response: Result<Response, NoCheckpoint>,
    /// What became of every record.
    pub account: Account,
    /// What each destination did.
    pub lanes: Vec<LaneReport>,
    /// What became of the records that had to be set aside, where there is a quarantine.
    pub quarantine: Option<quarantine::Report>,
    /// The number of parts that were left for another invocation, because they are more than
    /// [`Cap::parts`](crate::record::payload::Cap::parts).
    pub postponed: usize,
    /// The canaries that were looked at, up to [`MOST`](super::canary::MOST).
    pub canaries: Vec<Canary>,
}

/// What a lane did in one invocation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LaneReport {
    /// The name of the destination.
    pub destination: String,
    /// Events with a receipt.
    pub events: u64,
    /// Bytes that the network took, sent again or not.
    pub bytes: u64,
    /// Attempts beyond the first.
    pub retries: u64,
    /// Events of which a part was taken out because own expressions took too long; once for each time they were sent.
    pub cut_short: u64,
    /// Connections made.
    pub connections: u64,
    /// Events that were sent, wholly or in part, and got no receipt: they may arrive twice.
    pub possible_duplicates: u64,
    /// Receipts of a service that has never closed its side of a connection: its kernel has acknowledged everything,
    /// and nothing shows that a process has read it.
    pub receipts_unproven: u64,
    /// Whether `receipts_unproven` is above zero for the first time in this process.
    pub first_unproven: bool,
    /// How long the last receipt took.
    pub receipt: Option<Duration>,
    /// Why it gave up, if it did.
    pub failure: Option<Failure>,
    /// The first hundred events that will never be delivered.
    pub rejections: Vec<Rejection>,
}

/// The lowest sequence number that failed.
pub(super) fn respond(invocation: &Invocation, account: &Account) -> Result<Response, NoCheckpoint> {
    let failed = || account.fates().enumerate().filter(|(_, fate)| *fate.0 == Fate::Failed).map(|(at, _)| at);
    let nameless = failed().filter(|at| invocation.sequence(*at).is_none()).count();
    if nameless > 0 {
        return Err(NoCheckpoint(nameless));
    }
    let lowest = failed().filter_map(|at| invocation.sequence(at)).min_by(|a, b| compare_sequences(a, b));
    let failures = lowest.map(|sequence| ItemFailure { item_identifier: sequence.to_owned() });
    Ok(Response { batch_item_failures: failures.into_iter().collect() })
}
