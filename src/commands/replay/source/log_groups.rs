//! Log groups as a source: what their subscription filters would have let through, however long ago. CloudWatch Logs keeps
//! events for as long as the log group does, which is usually longer than any stream.
//!
//! Groups are read side by side and handed out a minute at a time, so that one time says where another run goes on.

use std::collections::VecDeque;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};

use super::position::Positions;
use super::{Found, Parcel, Portion, Resume, Source};
use crate::aws::{Aws, Event, EventQuery, filter_log_events};
use crate::commands::replay::reading::key_of;
use crate::error::Result;
use crate::events::{Origin, Record, SavedEvent};

/// Maximum number of events of a page, for one group and for all of them together: they are held in memory.
const PAGE: usize = 5000;
const PAGES: usize = 50_000;
/// Groups that are read at the same time. CloudWatch Logs takes 5 to 25 reads a second, by the region.
const AT_ONCE: usize = 5;
/// How long the events of one group are that are handed out at once, in milliseconds.
const SPAN: i64 = 60_000;
/// Maximum number of events and bytes of messages of a record, about as many as CloudWatch Logs puts there.
const EVENTS: usize = 500;
const BYTES: usize = 256 * 1024;

/// A subscription filter, or an account policy for one log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Subscribed {
    /// The log group.
    pub(in super::super) log_group: String,
    /// The name of the filter or of the policy.
    pub(in super::super) filter: String,
    /// Its pattern; empty for every event.
    pub(in super::super) pattern: String,
}

impl Subscribed {
    /// One of these.
    pub(in super::super) fn new(log_group: &str, filter: &str, pattern: &str) -> Self {
        let [log_group, filter, pattern] = [log_group, filter, pattern].map(ToOwned::to_owned);
        Self { log_group, filter, pattern }
    }
}

/// The events of log groups within a time.
pub(in super::super) struct LogGroups {
    /// The account that owns them.
    owner: String,
    found: Found,
    /// From this time on, in milliseconds since 1970.
    since: i64,
    /// Up to this time; what has it is included.
    until: i64,
    groups: Vec<Group>,
    positions: Positions,
}

/// A log group, read up to some point.
struct Group {
    of: Subscribed,
    events: VecDeque<Event>,
    /// The token of the next page; none at the beginning.
    next: Option<String>,
    is_at_end: bool,
}

impl LogGroups {
    /// Of these subscriptions.
    pub(in super::super) fn new(
        owner: &str,
        subscribed: Vec<Subscribed>,
        (since, until): (i64, i64),
    ) -> Self {
        let groups = subscribed.into_iter().map(|of| Group {
            of,
            events: VecDeque::new(),
            next: None,
            is_at_end: false,
        });
        let groups: Vec<Group> = groups.collect();
        let found = Found {
            places: groups.iter().map(|group| group.of.log_group.clone()).collect(),
            objects: groups.len() as u64,
            oldest: Some(since),
            newest: Some(until),
            ..Found::default()
        };
        Self { owner: owner.to_owned(), found, since, until, groups, positions: Positions::new(since, until) }
    }

    /// Reads until each group has an event to hand out, or is at its end: then the oldest of them is known.
    async fn fill(&mut self, aws: Aws<'_>) -> Result<()> {
        let page = (PAGES / self.groups.len().max(1)).clamp(100, PAGE);
        let (since, until) = (self.since, self.until);
        loop {
            let empty = self.groups.iter_mut().filter(|group| !group.is_at_end && group.events.is_empty());
            let reads: Vec<_> = empty.map(|group| group.read(aws, (since, until), page)).collect();
            if reads.is_empty() {
                return Ok(());
            }
            iter(reads).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
        }
    }

    /// The oldest events, all of one group and of one minute.
    fn take(&mut self) -> Option<(Subscribed, Vec<Event>)> {
        let front = |group: &Group| group.events.front().map(|event| event.timestamp);
        let oldest =
            self.groups.iter_mut().filter(|group| front(group).is_some()).min_by_key(|group| front(group))?;
        let limit = front(oldest)?.saturating_add(SPAN);
        let mut taken = Vec::new();
        while front(oldest).is_some_and(|time| time < limit) {
            taken.extend(oldest.events.pop_front());
        }
        Some((oldest.of.clone(), taken))
    }

    fn portion(&mut self, of: &Subscribed, events: Vec<Event>) -> Portion {
        let id = self.positions.begin();
        let first = events.first().map_or(self.since, |event| event.timestamp);
        let last = events.last().map_or(first, |event| event.timestamp);
        let mut portion = Portion { id, name: of.log_group.clone(), time: last, ..Portion::default() };
        for ((log_stream, events), at) in records(events).into_iter().zip(0..) {
            let origin = Origin {
                owner: &self.owner,
                log_group: &of.log_group,
                log_stream: &log_stream,
                filter: &of.filter,
            };
            let Record::Data(data) = Record::of(origin, &events) else { continue };
            let time = events.first().and_then(|event| event.timestamp).unwrap_or(first);
            self.positions.hand_out((id, at), time);
            portion.bytes += data.len() as u64;
            portion.parcels.push(Parcel {
                data,
                key: key_of(&of.log_group, &log_stream),
                at,
                events: events.len() as u64,
                log_groups: vec![of.log_group.clone()],
                is_copy: false,
            });
        }
        let fronts = self.groups.iter().filter_map(|group| Some(group.events.front()?.timestamp));
        self.positions.read_to(fronts.min().unwrap_or(last).min(last));
        portion
    }
}

/// Puts events into records: each is of one log stream, and those of a log stream stay in their order.
fn records(events: Vec<Event>) -> Vec<(String, Vec<SavedEvent>)> {
    let mut records: Vec<(String, Vec<SavedEvent>)> = Vec::new();
    let mut bytes: Vec<usize> = Vec::new();
    for event in events {
        let saved = SavedEvent { id: event.id, timestamp: Some(event.timestamp), message: event.message };
        // The last record of the log stream is the one that is open.
        let open = records.iter().rposition(|(log_stream, _)| *log_stream == event.log_stream);
        match open.filter(|at| records[*at].1.len() < EVENTS && bytes[*at] + saved.message.len() <= BYTES) {
            Some(at) => {
                bytes[at] += saved.message.len();
                records[at].1.push(saved);
            }
            None => {
                bytes.push(saved.message.len());
                records.push((event.log_stream, vec![saved]));
            }
        }
    }
    records
}

impl Group {
    /// Reads the next page.
    async fn read(&mut self, aws: Aws<'_>, (since, until): (i64, i64), page: usize) -> Result<()> {
        let Subscribed { log_group, pattern, .. } = &self.of;
        let pattern = Some(pattern.as_str()).filter(|pattern| !pattern.is_empty());
        let query = EventQuery { log_group, from: since, until, pattern, newest_first: false };
        let (events, next) = filter_log_events(aws, query, page, self.next.take()).await?;
        self.events.extend(events);
        self.is_at_end = next.is_none();
        self.next = next;
        Ok(())
    }
}

impl Source for LogGroups {
    fn found(&self) -> &Found {
        &self.found
    }

    fn next<'a>(&'a mut self, aws: Aws<'a>) -> LocalBoxFuture<'a, Result<Option<Portion>>> {
        Box::pin(async move {
            self.fill(aws).await?;
            Ok(match self.take() {
                Some((of, events)) => Some(self.portion(&of, events)),
                None => {
                    self.positions.read_to(self.until);
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
        Some(self.positions.resume())
    }
}
