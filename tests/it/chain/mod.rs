//! Events from a log group to a log service: the whole chain, with the forwarder running.

mod accounts;
mod alarms;
mod backfill;
mod cost;
mod delivery;
mod destinations;
mod doctor;
mod isolated;
mod kept;
mod logs;
mod preview;
mod ready;
mod references;
mod replay;
mod soak;
