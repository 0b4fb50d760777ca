//! What a source of records is.

use futures_util::future::LocalBoxFuture;
use serde::Serialize;

use crate::aws::Aws;
use crate::error::Result;

/// A record, as it is to be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Parcel {
    /// Its data as its producer wrote it. What a producer has packed into one record is not taken apart.
    pub(in super::super) data: Vec<u8>,
    /// Its partition key in the stream, or one that keeps the events of a log stream in one shard.
    pub(in super::super) key: String,
    /// Its position in its portion.
    pub(in super::super) at: u32,
    /// How many events it has.
    pub(in super::super) events: u64,
    /// The log groups that these are from.
    pub(in super::super) log_groups: Vec<String>,
    /// Whether the run has handed out the same record before: it is not sent, and done when what came before it is.
    pub(in super::super) is_copy: bool,
}

/// A record that is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Left {
    /// Why.
    pub(in super::super) why: String,
    /// How many events it has, as far as these can be counted.
    pub(in super::super) events: u64,
}

/// What a source hands out at once, such as an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Portion {
    /// Its number, for [`Source::settle`].
    pub(in super::super) id: usize,
    /// Its name, such as the key of an object.
    pub(in super::super) name: String,
    /// When it was kept, in milliseconds since 1970.
    pub(in super::super) time: i64,
    /// Its size in bytes where it was kept.
    pub(in super::super) bytes: u64,
    /// Why it was kept.
    pub(in super::super) reasons: Vec<String>,
    /// Records that an earlier run has sent.
    pub(in super::super) sent_before: u64,
    /// What is to be sent, in this order.
    pub(in super::super) parcels: Vec<Parcel>,
    /// What is not to be sent.
    pub(in super::super) left: Vec<Left>,
    /// Why it cannot be read. Then there is nothing in it.
    pub(in super::super) unreadable: Option<String>,
}

/// What a source found before any record was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Found {
    /// Where it looked.
    pub places: Vec<String>,
    /// Objects that are chosen by their times, and not sent as a whole by an earlier run.
    pub objects: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// When the oldest of them was kept, in milliseconds since 1970.
    #[serde(skip)]
    pub oldest: Option<i64>,
    /// See `oldest`.
    #[serde(skip)]
    pub newest: Option<i64>,
    /// Objects that an earlier run has sent.
    pub sent_before: u64,
}

/// Where another run goes on, for a source that keeps no notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Resume {
    /// The time of the oldest record that is not done, in milliseconds since 1970.
    pub(in super::super) since: i64,
    /// The end of the time that this run was about.
    pub(in super::super) until: i64,
}

/// A time, in milliseconds since 1970, of which records may have left their source before they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone {
    /// From when on.
    pub(in super::super) since: i64,
    /// Up to when.
    pub(in super::super) until: i64,
}

impl Gone {
    /// From the beginning of the earlier to the end of the later of two.
    pub(super) fn with(self, other: Option<Self>) -> Self {
        let Some(other) = other else { return self };
        Self { since: self.since.min(other.since), until: self.until.max(other.until) }
    }
}

/// Hands out records in the order in which they are to be sent.
pub(in super::super) trait Source {
    /// What there is.
    fn found(&self) -> &Found;

    /// Gets ready to be told what is sent.
    ///
    /// # Errors
    /// What keeps a run from writing down what it sends: then nothing is sent.
    fn begin<'a>(&'a mut self, _: Aws<'a>) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// The next portion; none at the end.
    ///
    /// # Errors
    /// What keeps everything that follows from being read.
    fn next<'a>(&'a mut self, aws: Aws<'a>) -> LocalBoxFuture<'a, Result<Option<Portion>>>;

    /// Asks before each batch whether this run may go on sending: nobody else has begun to since it was looked last.
    ///
    /// # Errors
    /// Another run sends the same. Nothing more may be sent.
    fn check<'a>(&'a mut self, _: Aws<'a>) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Does `sending`, and meanwhile shows others that this run goes on, however long that takes.
    fn while_sending<'a>(
        &'a mut self,
        _: Aws<'a>,
        sending: LocalBoxFuture<'a, ()>,
    ) -> LocalBoxFuture<'a, ()> {
        sending
    }

    /// Notes what is done: taken by the stream or delivered. `done` is the number of a portion and a position in it,
    /// each once. Also called where the user has asked to stop.
    ///
    /// # Errors
    /// It could not be written down: another run sends this again.
    fn settle<'a>(&'a mut self, aws: Aws<'a>, done: &'a [(usize, u32)]) -> LocalBoxFuture<'a, Result<()>>;

    /// Ends the notes of the run.
    ///
    /// # Errors
    /// It could not be written down that the run has ended.
    fn end<'a>(&'a mut self, _: Aws<'a>) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Where the notes of this run are, if the source keeps any.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// What may have left the source before it was read.
    fn gone(&self) -> Option<Gone> {
        None
    }

    /// The log groups that are named and of which there is no record, once all of them were read.
    fn absent(&self) -> Vec<String> {
        Vec::new()
    }

    /// Where another run goes on; none where that finds it in the notes.
    fn resume(&self) -> Option<Resume> {
        None
    }
}
