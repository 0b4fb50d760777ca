//! The quantities that AWS charges for: those of a stack, and what log groups have logged.

mod group_usage;
mod span;
mod usage;

pub(crate) use group_usage::{GroupUsage, GroupsUsage, logged_by, of_filters};
pub(crate) use span::Span;
pub(crate) use usage::{Usage, lately, usage};
