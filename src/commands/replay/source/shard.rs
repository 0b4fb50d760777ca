//! One shard of a stream, read from a time on without slowing the trigger, which reads it, too.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

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
/// Maximum number of reads in a row that get nowhere: two minutes of them.
const FRUITLESS: u32 = 240;

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

    /// Hands out the next record.
    pub(super) fn pop(&mut self) -> Option<(i64, StoredRecord)> {
        self.records.pop_front()
    }

    /// Reads the next page, when it is its turn, of one of so many shards.
    ///
    /// # Errors
    /// What the calls fail with; [`INVALID_RESPONSE`] where they lead nowhere.
    pub(super) async fn read(
        &mut self,
        aws: Aws<'_>,
        stream: &str,
        (since, until): (i64, i64),
        shards: usize,
    ) -> Result<(), AwsError> {
        let operation = Operation { service: "kinesis", name: "GetRecords", resource: stream };
        let pause = self.next.saturating_duration_since(Instant::now());
        aws.rest(pause).await.map_err(|_| AwsError::interrupted(operation))?;
        let iterator = match (self.iterator.take(), &self.last) {
            (Some(iterator), _) => Some(iterator),
            (None, Some(last)) => iterator_behind(aws, stream, &self.id, last).await?,
            (None, None) => shard_iterator(aws, stream, &self.id, since).await?,
        };
        let Some(iterator) = iterator else {
            self.is_at_end = true;
            return Ok(());
        };
        let limit = i32::try_from(self.limit).unwrap_or(i32::MAX);
        let read = get_records(aws, stream, &iterator, limit).await;
        self.next = Instant::now() + PAUSE;
        match read {
            Ok(page) => self.take(page, (since, until), shards),
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

    fn take(&mut self, page: Page, (since, until): (i64, i64), shards: usize) {
        let is_further = !page.records.is_empty() || page.behind < self.behind;
        self.fruitless = if is_further { 0 } else { self.fruitless + 1 };
        self.behind = self.behind.min(page.behind);
        self.pace(&page, shards);
        for record in page.records {
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds of our time fit")]
            let arrived = record.arrived.map_or(self.arrived, |seconds| (seconds * 1000.0).round() as i64);
            if arrived > until {
                self.is_at_end = true;
                return;
            }
            self.arrived = arrived;
            self.last = Some(record.sequence.clone());
            if arrived >= since {
                self.records.push_back((arrived, record));
            }
        }
        // What is read up to now is read up to `until`, which has passed.
        self.is_at_end = page.next.is_none() || page.behind == 0;
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
