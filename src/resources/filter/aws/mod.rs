//! CloudWatch Logs: the log groups of a region and their subscription filters.

mod act;
mod filter;
mod replace;

pub(crate) use act::act;
#[cfg(test)]
pub(crate) use filter::delete_filter;
pub use filter::{LogGroup, list_log_groups};
pub(crate) use filter::{filters, log_group, observe_group, put_filter, with_filters};
pub(crate) use filter::{first_log_groups, log_groups_like, test_patterns};
#[cfg(test)]
pub(crate) use replace::filter as replace_filter;
