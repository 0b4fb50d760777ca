//! CloudWatch Logs: the log groups of a region and their subscription filters.

mod act;
mod filter;
mod replace;

pub(crate) use act::act;
#[cfg(test)]
pub(crate) use filter::delete_filter;
pub(crate) use filter::log_groups_like;
pub use filter::{LogGroup, list_log_groups};
pub(crate) use filter::{filters, log_group, observe_group, put_filter, with_filters};
#[cfg(test)]
pub(crate) use replace::filter as replace_filter;
