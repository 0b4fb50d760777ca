//! What takes records.

use futures_util::future::LocalBoxFuture;
use serde::Serialize;

use super::Delivery;
use crate::aws::Aws;
use crate::commands::replay::source::Parcel;

/// Where records go, for the plan and the report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Target {
    /// What kind of place it is: `stream` or `destination`.
    pub into: String,
    /// The name of the stream or of the destination.
    pub name: String,
    /// Maximum records a second; none where the destination decides.
    pub records_a_second: Option<u32>,
    /// Whether a record that is sent has arrived at the log service. Those in the stream are on their way.
    pub has_receipts: bool,
    /// What somebody who agrees to it has to know, in sentences without a full stop.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Fate {
    /// It was taken.
    Sent,
    /// Its destination refuses all of its events for good. It is done, and no more of it is sent.
    Refused,
    /// It was not taken; why. Nothing that follows is sent.
    Failed(String),
    /// It was not tried, because the user has asked to stop or one before it failed.
    NotTried,
}

/// Takes records, in their order.
pub(in super::super) trait Sink {
    /// Where they go.
    fn target(&self) -> &Target;

    /// Whether another record fits into the batch that is filled now; the first one always does. [`Sink::send`] begins
    /// the next batch.
    fn admits(&mut self, parcel: &Parcel) -> bool;

    /// Sends a batch, when it is its turn, and says of each record what became of it.
    fn send<'a>(&'a mut self, aws: Aws<'a>, parcels: &'a [&'a Parcel]) -> LocalBoxFuture<'a, Vec<Fate>>;

    /// What became of the events so far; none where that is not known yet, as in the stream.
    fn delivery(&self) -> Option<&Delivery> {
        None
    }

    /// Events so far that may arrive twice: they were sent, and the answer that would say so was lost.
    fn possible_duplicates(&self) -> u64 {
        self.delivery().map_or(0, |delivery| delivery.possible_duplicates)
    }
}
