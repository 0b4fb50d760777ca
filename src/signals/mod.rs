//! Reads what a running stack shows of itself: resources, metrics, the forwarders' own logs, kept objects, alarms. Each
//! is read by itself, at the same time as the others: one that AWS denies or does not answer is an
//! [`Unknown`](crate::health::Unknown) beside the others.

mod alarms;
mod busiest;
mod chain;
pub(crate) mod cost;
mod forwarding;
mod kept;
mod logs;
mod member;
mod metrics;
mod probe;
mod reader;
pub(crate) mod replayed;
mod shards;
pub(crate) mod stacks;

pub(crate) use busiest::busiest;
pub(crate) use member::{Counts, MemberSignals, member_signals};
pub(crate) use probe::{probe, unknown};
pub(crate) use reader::{Ask, Look, Reader};
