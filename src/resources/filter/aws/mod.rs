//! CloudWatch Logs: the log groups of a region and their subscription filters.

mod act;
mod filter;
mod replace;

pub(crate) use act::act;
pub use filter::{LogGroup, list_log_groups};
#[cfg(test)]
pub(crate) use filter::{delete_filter, put_filter};
pub(crate) use filter::{filters, log_group, observe_group, with_filters};
#[cfg(test)]
pub(crate) use replace::filter as replace_filter;
