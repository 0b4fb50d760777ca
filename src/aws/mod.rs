//! The edge: everything that talks to AWS.

mod error;

pub use error::AwsError;
