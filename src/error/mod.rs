//! How a run ends: its exit code; and if it failed, one error with a code, and the AWS error that caused it.

mod aws;
mod code;
mod command;
mod exit;
mod similar;

pub use aws::AwsError;
pub use code::Code;
pub(crate) use code::UNKNOWN_LOG_GROUP_HINT;
pub use command::{Error, Failure, More, Result, Subject};
pub use exit::Exit;
pub(crate) use similar::{did_you_mean, did_you_mean_or, listed, nearest};
