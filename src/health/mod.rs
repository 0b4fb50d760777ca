//! What is read of a running stack, and what it says: the newest lines of a forwarder's own log, metrics, kept objects,
//! alarms. Pure: no SDK, no clock.

mod judge;
mod line;
mod metric;
mod probe;
mod signals;

pub(crate) use judge::{Health, Line, WINDOW};
pub(crate) use metric::{Metric, Metrics, Point, Row, Statistic, Subject};
pub(crate) use probe::{Probe, Unknown};
pub(crate) use signals::{
    ActiveGroups, Alarm, Alarms, Chain, ForwarderLog, Kept, KeptPlace, KeptWhy, Lines, Signals,
};
