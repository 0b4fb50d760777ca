//! The stream by time: what arrived in it is sent again, whether it was delivered or not.
//!
//! The trigger reads the same shards: this takes less than half of what each gives. Shards are read side by side and
//! handed out a second at a time, so that one time says where another run goes on.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};

use super::position::Positions;
use super::shard::{APART, Bounds, Shard};
use super::{Found, Gone, Left, Parcel, Portion, Resume, Source};
use crate::aws::Aws;
use crate::aws::records::{StoredRecord, shards_of_time};
use crate::commands::replay::chosen::Chosen;
use crate::commands::replay::reading::Reading;
use crate::error::Result;

/// Shards that are read at the same time.
const AT_ONCE: usize = 8;
/// Maximum number of records that are handed out at once, and the time in which they arrived, in milliseconds.
const PORTION: usize = 500;
const SPAN: i64 = 1000;

/// The records of a stream that arrived within a time.
pub(in super::super) struct Stream {
    name: String,
    chosen: Chosen,
    reading: Reading,
    found: Found,
    /// From this time on, in milliseconds since 1970, and up to which; what has it is included.
    span: (i64, i64),
    /// How long the stream keeps records, in milliseconds.
    pub(super) kept: i64,
    /// The log groups that are named and of which no record was read, and whether all records were.
    absent: BTreeSet<String>,
    is_read: bool,
    shards: Vec<Shard>,
    positions: Positions,
}

impl Stream {
    /// Lists the shards that had records in that time. `kept` is how long the stream keeps them, in milliseconds.
    ///
    /// # Errors
    /// What the call fails with.
    pub(in super::super) async fn open(
        aws: Aws<'_>,
        name: &str,
        ((since, until), kept): ((i64, i64), i64),
        chosen: Chosen,
        reading: Reading,
    ) -> Result<Self> {
        let listed = if since > until { Vec::new() } else { shards_of_time(aws, name, since).await? };
        let shards: Vec<Shard> = listed.into_iter().map(|shard| Shard::new(shard, since)).collect();
        let found = Found {
            places: vec![name.to_owned()],
            objects: shards.len() as u64,
            oldest: Some(since),
            newest: Some(until),
            ..Found::default()
        };
        let positions = Positions::new(since, until);
        Ok(Self {
            name: name.to_owned(),
            absent: chosen.names().iter().cloned().collect(),
            is_read: false,
            chosen,
            reading,
            found,
            span: (since, until),
            kept,
            shards,
            positions,
        })
    }

    /// Reads until each shard has a record to hand out, or is at its end: then the oldest of them is known.
    async fn fill(&mut self, aws: Aws<'_>) -> Result<()> {
        let name = &self.name;
        let bounds = Bounds { span: self.span, kept: self.kept, shards: self.shards.len() };
        loop {
            let open: BTreeSet<String> =
                self.shards.iter().filter(|shard| !shard.is_done()).map(|shard| shard.id.clone()).collect();
            let ends: BTreeMap<String, i64> =
                self.shards.iter().map(|shard| (shard.id.clone(), shard.arrived())).collect();
            for shard in &mut self.shards {
                let last = shard.parents.iter().filter_map(|parent| ends.get(parent)).max();
                last.into_iter().for_each(|last| shard.follow(*last));
            }
            // A child is read when its parents are handed out: its records are newer, whatever the clocks say.
            let is_next = |shard: &&mut Shard| {
                shard.is_empty()
                    && !shard.is_done()
                    && shard.parents.iter().all(|parent| !open.contains(parent))
            };
            let reads: Vec<_> =
                self.shards.iter_mut().filter(is_next).map(|shard| shard.read(aws, name, bounds)).collect();
            if reads.is_empty() {
                return Ok(());
            }
            iter(reads).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
        }
    }

    /// The oldest record with those of its shard that follow within a second.
    fn take(&mut self) -> Option<(String, Vec<(i64, StoredRecord)>)> {
        let oldest =
            self.shards.iter_mut().filter(|shard| !shard.is_empty()).min_by_key(|shard| shard.front())?;
        let limit = oldest.front()?.saturating_add(SPAN);
        let mut taken = Vec::new();
        while taken.len() < PORTION && oldest.front().is_some_and(|arrived| arrived < limit) {
            taken.extend(oldest.pop());
        }
        Some((oldest.id.clone(), taken))
    }

    fn portion(&mut self, shard: String, records: Vec<(i64, StoredRecord)>) -> Portion {
        let id = self.positions.begin();
        let last = records.last().map_or(self.span.0, |(arrived, _)| *arrived);
        let mut portion = Portion { id, name: shard, time: last, ..Portion::default() };
        for ((arrived, record), at) in records.into_iter().zip(0..) {
            portion.bytes += record.data.len() as u64;
            let held = self.reading.look(&record.data);
            self.absent.retain(|name| !held.log_groups.contains(name));
            if self.chosen.is_of_groups() && !held.log_groups.iter().any(|group| self.chosen.has_group(group))
            {
                continue;
            }
            if let Some(why) = held.left {
                portion.left.push(Left { why: why.to_owned(), events: held.events });
                continue;
            }
            // With such a message, CloudWatch Logs tests the subscription.
            if held.events == 0 {
                continue;
            }
            self.positions.hand_out((id, at), arrived);
            let (events, log_groups) = (held.events, held.log_groups);
            let StoredRecord { data, partition_key: key, .. } = record;
            portion.parcels.push(Parcel { data, key, at, events, log_groups, is_copy: false });
        }
        let fronts = self.shards.iter().filter_map(Shard::front);
        self.positions.read_to(fronts.min().unwrap_or(last).min(last));
        portion
    }
}

impl Source for Stream {
    fn found(&self) -> &Found {
        &self.found
    }

    fn next<'a>(&'a mut self, aws: Aws<'a>) -> LocalBoxFuture<'a, Result<Option<Portion>>> {
        Box::pin(async move {
            self.fill(aws).await?;
            Ok(match self.take() {
                Some((shard, records)) => Some(self.portion(shard, records)),
                None => {
                    self.positions.read_to(self.span.1);
                    self.is_read = true;
                    None
                }
            })
        })
    }

    fn settle<'a>(&'a mut self, _: Aws<'a>, done: &'a [(usize, u32)]) -> LocalBoxFuture<'a, Result<()>> {
        self.positions.settle(done);
        Box::pin(async { Ok(()) })
    }

    fn resume(&self) -> Option<Resume> {
        let Resume { since, until } = self.positions.resume();
        Some(Resume { since: since.saturating_sub(APART).max(self.span.0), until })
    }

    fn gone(&self) -> Option<Gone> {
        self.shards.iter().filter_map(Shard::gone).reduce(|a, b| a.with(Some(b)))
    }

    fn absent(&self) -> Vec<String> {
        if self.is_read { self.absent.iter().cloned().collect() } else { Vec::new() }
    }
}
