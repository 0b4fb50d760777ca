//! What is read of a running stack, and what it says: the newest lines of a forwarder's own log, metrics, kept objects,
//! alarms. Pure: no SDK, no clock.

#[cfg(test)]
pub(crate) mod fixture;
mod flow;
mod lag;
mod load;
mod loss;
mod metric;
mod probe;
mod proposal;
mod ruling;
mod said;
mod signals;
#[cfg(test)]
mod tests;
mod trial;
mod trouble;
mod verdict;

pub(crate) use flow::Flow;
pub(crate) use lag::{Lag, LagSource};
pub(crate) use load::{Load, ROOM, Senders, ShardLoad, ShardLoads};
pub(crate) use metric::{Metric, Metrics, Point, Statistic, Subject};
pub(crate) use probe::{Probe, Unknown};
pub(crate) use proposal::{DAYS, propose};
pub(crate) use ruling::Verdict;
pub(crate) use said::decided;
pub(crate) use signals::{
    ActiveGroups, Alarm, Alarms, Chain, ForwarderLog, Kept, KeptPlace, KeptWhy, Line, Lines, Replayed,
    Signals,
};
pub(crate) use trial::{KnownFailures, Trial, TrialLine};
pub(crate) use verdict::{Judgement, Limits, judge};
