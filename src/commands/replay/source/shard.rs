//! One shard of a stream, read from a time on without slowing the trigger, which reads it, too.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::Gone;
use crate::aws::error::{INVALID_RESPONSE, Operation};
use crate::aws::records::{Page, ShardOfTime, StoredRecord, get_records, iterator_behind, shard_iterator};
use crate::aws::{Aws, AwsError};

/// Minimum time between two reads. A shard takes five a second from all who read it: see "Quotas and limits" in the
/// Kinesis developer guide.
const PAUSE: Duration = Duration::from_millis(500);
/// Maximum number of bytes that are read in a second: half of what a shard gives, by the same page.
const BYTES_A_SECOND: usize = 1 << 20;
/// Number of bytes that a read of one shard, and those of all shards together, aim at. A read of 10 MB would keep
/// everyone from reading the shard for five seconds.
const PAGE: usize = 512 << 10;
const PAGES: usize = 256 << 20;
/// Number of records of the first read, when nobody knows how large they are, and of any.
const FIRST: usize = 50;
const RECORDS: usize = 1000;
/// How much earlier than one before it a record of a shard may say that it arrived, in milliseconds: Kinesis calls these
/// times approximate, and its own order are the sequence numbers.
pub(super) const APART: i64 = 5000;
/// How much older than what the stream keeps the beginning may be, in milliseconds: who gives `--since 24h` for a stream
/// of 24 hours means all of it.
const GRACE: i64 = 60_000;
/// Maximum number of reads in a row that get nowhere: two minutes of them.
const FRUITLESS: u32 = 240;

/// What is read of every shard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// From this time on, in milliseconds since 1970, and up to which; what has it is included.
    pub(super) span: (i64, i64),
    /// How long the stream keeps records, in milliseconds.
    pub(super) kept: i64,
    /// The number of shards.
    pub(super) shards: usize,
}

/// A shard, read up to some point.
pub(super) struct Shard {
    /// Its id.
    pub(super) id: String,
    /// What it was split or merged from: all of their records are older.
    pub(super) parents: Vec<String>,
    iterator: Option<String>,
    /// The sequence number of the last record that was read, and when that arrived, in milliseconds since 1970.
    last: Option<String>,
    arrived: i64,
    /// Everything that arrived before this time was read, in milliseconds since 1970; none before the first read.
    read_to: Option<i64>,
    /// Where it begins; later than the span where what it comes from was read.
    begin: i64,
    gone: Option<Gone>,
    /// Read and not handed out, with the times of their arrival.
    records: VecDeque<(i64, StoredRecord)>,
    /// Number of records of the next read, and when it may be.
    limit: usize,
    next: Instant,
    /// The least that a read was behind the newest record, in milliseconds, and the reads since then that got nowhere.
    behind: i64,
    fruitless: u32,
    /// Whether nothing follows that is meant.
    is_at_end: bool,
}

impl Shard {
    /// One that is read from a time on, in milliseconds since 1970.
    pub(super) fn new(ShardOfTime { id, parents }: ShardOfTime, since: i64) -> Self {
        Self {
            id,
            parents,
            iterator: None,
            last: None,
            arrived: since,
            read_to: None,
            begin: since,
            gone: None,
            records: VecDeque::new(),
            limit: FIRST,
            next: Instant::now(),
            behind: i64::MAX,
            fruitless: 0,
            is_at_end: false,
        }
    }

    /// Whether all of it is handed out.
    pub(super) fn is_done(&self) -> bool {
        self.is_at_end && self.is_empty()
    }

    /// Whether there is nothing to hand out before the next read.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// When the next record to hand out arrived.
    pub(super) fn front(&self) -> Option<i64> {
        self.records.front().map(|(arrived, _)| *arrived)
    }

    /// When the last record that was read arrived.
    pub(super) fn arrived(&self) -> i64 {
        self.arrived
    }

    /// Notes that everything is newer than a time, in milliseconds since 1970: what it comes from was read up to then.
    pub(super) fn follow(&mut self, time: i64) {
        self.begin = self.begin.max(time);
    }

    /// What may have left the stream before it was read.
    pub(super) fn gone(&self) -> Option<Gone> {
        self.gone
    }

    /// Hands out the next record.
    pub(super) fn pop(&mut self) -> Option<(i64, StoredRecord)> {
        self.records.pop_front()
    }

    /// Reads the next page, when it is its turn, of one of so many shards.
    ///
    /// # Errors
    /// What the calls fail with; [`INVALID_RESPONSE`] where they lead nowhere.
    pub(super) async fn read(&mut self, aws: Aws<'_>, stream: &str, bounds: Bounds) -> Result<(), AwsError> {
        let operation = Operation { service: "kinesis", name: "GetRecords", resource: stream };
        let pause = self.next.saturating_duration_since(Instant::now());
        aws.rest(pause).await.map_err(|_| AwsError::interrupted(operation))?;
        self.miss(now(aws), bounds);
        let iterator = match (self.iterator.take(), &self.last) {
            (Some(iterator), _) => Some(iterator),
            (None, Some(last)) => iterator_behind(aws, stream, &self.id, last).await?,
            (None, None) => {
                let since = bounds.span.0.saturating_sub(APART).max(0);
                shard_iterator(aws, stream, &self.id, since).await?
            }
        };
        let Some(iterator) = iterator else {
            self.is_at_end = true;
            return Ok(());
        };
        let limit = i32::try_from(self.limit).unwrap_or(i32::MAX);
        let read = get_records(aws, stream, &iterator, limit).await;
        self.next = Instant::now() + PAUSE;
        match read {
            Ok(page) => self.take(page, now(aws), bounds),
            // Iterators are good for five minutes, and a slow log service takes longer for what was read with this one.
            Err(error) if error.is(&["ExpiredIteratorException"]) => self.fruitless += 1,
            Err(error) => return Err(error),
        }
        if self.fruitless < FRUITLESS {
            return Ok(());
        }
        let why = format!("{FRUITLESS} reads of {} in a row found nothing and came no further", self.id);
        Err(AwsError::new(operation, INVALID_RESPONSE, why))
    }

    /// Notes what has left the stream since it was read up to some time. AWS does not say that: it goes on with the oldest
    /// record that is left.
    fn miss(&mut self, now: i64, Bounds { span: (_, until), kept, .. }: Bounds) {
        let (since, grace) = self.read_to.map_or((self.begin, GRACE), |read_to| (read_to, 0));
        let left = now.saturating_sub(kept).min(until);
        if since < left - grace {
            self.gone = Some(Gone { since, until: left }.with(self.gone));
        }
        self.read_to = Some(since.max(left));
    }

    fn take(&mut self, page: Page, now: i64, Bounds { span: (since, until), shards, .. }: Bounds) {
        let behind = page.behind.unwrap_or(i64::MAX);
        let is_further = !page.records.is_empty() || behind < self.behind;
        self.fruitless = if is_further { 0 } else { self.fruitless + 1 };
        self.behind = self.behind.min(behind);
        self.pace(&page, shards);
        let is_closed = page.next.is_none();
        for record in page.records {
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds of our time fit")]
            let arrived = record.arrived.map_or(self.arrived, |seconds| (seconds * 1000.0).round() as i64);
            if arrived > until.saturating_add(APART) {
                self.is_at_end = true;
                return;
            }
            self.arrived = arrived;
            self.last = Some(record.sequence.clone());
            if (since..=until).contains(&arrived) {
                self.records.push_back((arrived, record));
            }
        }
        // A closed shard is not behind, however old its last record is.
        let reached = page.behind.filter(|_| !is_closed).map_or(self.arrived, |behind| now - behind);
        self.read_to = self.read_to.max(Some(self.arrived.max(reached)));
        // What is read up to now is read up to `until`, which has passed.
        self.is_at_end = page.next.is_none() || page.behind == Some(0);
        self.iterator = page.next;
    }

    /// Says when the next read may be, and how many records it may have to be about as large as it should.
    fn pace(&mut self, page: &Page, shards: usize) {
        let bytes: usize = page.records.iter().map(|record| record.data.len()).sum();
        #[expect(clippy::cast_precision_loss, reason = "a page is small")]
        let seconds = bytes as f64 / BYTES_A_SECOND as f64;
        self.next = Instant::now() + Duration::from_secs_f64(seconds).max(PAUSE);
        let Some(size) = bytes.checked_div(page.records.len()) else { return };
        let page = PAGE.min(PAGES / shards.max(1));
        self.limit = (page / size.max(1)).clamp(1, RECORDS);
    }
}

/// What time it is for AWS, in milliseconds since 1970.
fn now(aws: Aws<'_>) -> i64 {
    i64::try_from(aws.session.time()).unwrap_or_default() * 1000
}
