//! How a run ends: its exit code; and if it failed, one error with a code, and the AWS error that caused it.

mod aws;
mod code;
mod command;
mod exit;

pub use aws::AwsError;
pub use code::Code;
pub(crate) use code::UNKNOWN_LOG_GROUP_HINT;
pub use command::{Error, Failure, InFile, Result};
pub use exit::Exit;
