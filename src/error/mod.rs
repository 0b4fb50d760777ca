//! How a verb fails: one error, with its code and, where an AWS call is behind it, what AWS said.

mod aws;
mod code;
mod command;

pub use aws::AwsError;
pub use code::Code;
pub use command::{Error, Failure, Result};
