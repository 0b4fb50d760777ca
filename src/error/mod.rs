//! How a verb fails: one error with its code, and the AWS error that caused it, if any.

mod aws;
mod code;
mod command;

pub use aws::AwsError;
pub use code::Code;
pub use command::{Error, Failure, Result};
