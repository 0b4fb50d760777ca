//! CloudWatch Logs: the account-level subscription policy.

mod act;
mod policy;
mod replace;

pub(crate) use act::act;
pub(crate) use policy::observe;
#[cfg(test)]
pub(crate) use policy::{delete, leave_out, put, stop_leaving_out};
#[cfg(test)]
pub(crate) use replace::account_policy as replace_account_policy;
