//! Everything that was read of a running stack, each thing by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::load::ShardLoads;
use super::metric::Metrics;
use super::probe::{Probe, Unknown};
use crate::journal::Entry;
pub(crate) use crate::resources::kept::Why as KeptWhy;
use crate::resources::{Observed, ObservedTrigger, Unread};
use crate::stack::{Names, RoleScope, StackName, Target, owns};

/// What a line of a log says, with the time at which it was written, in milliseconds since 1970.
pub(crate) type Line = (i64, Entry);

/// What a running stack shows of itself.
#[derive(Debug, Clone)]
pub(crate) struct Signals {
    /// When it was read by AWS's clock, in milliseconds since 1970.
    pub now: i64,
    /// The resources.
    pub chain: Chain,
    /// The metrics of the last hour, or of a longer window where one is asked for.
    pub metrics: Probe<Metrics>,
    /// How full each shard is; none where they were not looked into.
    pub shards: Option<Probe<ShardLoads>>,
    /// The log groups whose events came in by subscription filters of this stack lately.
    pub log_groups: Probe<ActiveGroups>,
    /// The newest lines of each forwarder's own log: those of the main function first.
    pub logs: Vec<ForwarderLog>,
    /// The places in S3 where records are kept that were not delivered.
    pub kept: Vec<KeptPlace>,
    /// The alarms on this stack.
    pub alarms: Probe<Alarms>,
}

/// The resources of a stack, as far as they could be read.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    /// The stack.
    pub stack: StackName,
    /// Its account and region.
    pub target: Target,
    /// Which of the two pairs of role names it has.
    pub scope: RoleScope,
    /// The names of its resources.
    pub names: Names,
    /// What exists. Where a read failed, this has nothing, and `unread` says so.
    pub observed: Observed,
    /// The reads that failed.
    pub unread: BTreeMap<Unread, Unknown>,
}

impl Chain {
    /// What a read found, or why it failed.
    pub(crate) fn read<'a, T>(&'a self, what: Unread, of: impl FnOnce(&'a Observed) -> T) -> Probe<T> {
        match self.unread.get(&what) {
            Some(unknown) => Err(unknown.clone()),
            None => Ok(of(&self.observed)),
        }
    }

    /// The names and the destination of each function of an isolated destination that this stack has.
    pub(crate) fn isolated(&self) -> impl Iterator<Item = (Names, &String)> {
        let ours = self.observed.isolated.iter().filter(|(_, own)| {
            let tags = own.function.as_ref().map(|function| &function.tags);
            tags.is_some_and(|tags| owns(&self.stack, &self.target.region, tags))
        });
        ours.map(|(destination, _)| (self.names.isolated(destination), destination))
    }

    /// The version that gets the records, of the main function or of that of an isolated destination; none where the
    /// function itself gets them.
    pub(crate) fn live(&self, isolated: Option<&str>) -> Option<u64> {
        let function = match isolated {
            Some(destination) => self.observed.isolated.get(destination)?.function.as_ref(),
            None => self.observed.function.as_ref(),
        };
        function?.live()?.number()
    }

    /// How long the event source mappings wait for a batch to fill, in milliseconds: the longest of them.
    pub(crate) fn batching(&self) -> i64 {
        self.mappings().map(|mapping| i64::from(mapping.window_seconds) * 1000).max().unwrap_or_default()
    }

    /// The event source mappings from the stream to the functions of the stack: that of the main one first.
    pub(crate) fn mappings(&self) -> impl Iterator<Item = &ObservedTrigger> {
        let stream = self.names.stream_arn(&self.target);
        let main = self.observed.triggers.iter();
        let all = main.chain(self.observed.isolated.values().flat_map(|own| &own.triggers));
        all.filter(move |mapping| mapping.source_arn == stream)
    }
}

/// Log groups that lead into the chain.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ActiveGroups {
    /// Their names: those that CloudWatch forwarded events of within the last three hours.
    pub names: BTreeSet<String>,
    /// Whether these are all.
    pub is_whole: bool,
}

/// The newest lines of a forwarder's own log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ForwarderLog {
    /// The function.
    pub function: String,
    /// The isolated destination that it serves; none of the main function.
    pub isolated: Option<String>,
    /// The log group that it writes to.
    pub log_group: String,
    /// Since when its configuration and code are as they are, in milliseconds since 1970, where AWS says so. What failed
    /// before may be fixed.
    pub modified: Option<i64>,
    /// The lines, in the order of their times.
    pub lines: Probe<Lines>,
}

/// Lines that were read of a log.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Lines {
    /// From this time on every line was read, in milliseconds since 1970.
    pub from: i64,
    /// The lines, in the order of their times.
    pub lines: Vec<Line>,
    /// Whether these are all lines from then on.
    pub is_whole: bool,
}

/// A place in S3 where records are kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptPlace {
    /// Why records are there.
    pub why: KeptWhy,
    /// The place as `s3://BUCKET/PREFIX`, or the ARN of an on-failure destination that is no bucket.
    pub place: String,
    /// What is there.
    pub objects: Probe<Kept>,
}

/// Objects of a place.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Kept {
    /// Number of objects that were listed.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the oldest and the newest of them were written, in milliseconds since 1970.
    pub oldest: Option<i64>,
    /// See `oldest`.
    pub newest: Option<i64>,
    /// Whether these are all; otherwise there are more.
    pub is_whole: bool,
    /// What `replay` has sent of them; none where nobody has looked.
    pub replayed: Option<Probe<Replayed>>,
}

/// What `replay` has sent of the objects of a place.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Replayed {
    /// Number of objects of which it has sent every record.
    pub objects: u64,
    /// When the newest of the others was written, in milliseconds since 1970.
    pub newest_left: Option<i64>,
}

/// The alarms on a stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Alarms {
    /// Those whose metric is about the stream, a forwarder or its event source mapping.
    pub alarms: Vec<Alarm>,
    /// Whether all alarms of the account were looked at.
    pub is_whole: bool,
}

/// An alarm.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Alarm {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Since when it is in this state, in milliseconds since 1970.
    pub since: Option<i64>,
    /// The name of its metric.
    pub metric: Option<String>,
    /// Whether it tells anybody: it has actions, and they are enabled.
    pub notifies: bool,
}
