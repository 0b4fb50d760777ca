//! Subscriptions: filters of log groups, and the account policy beside them.

#[cfg(test)]
mod aws_tests;
pub(crate) mod plan;
#[cfg(test)]
pub(crate) mod plan_tests;
#[cfg(test)]
mod replace_tests;
