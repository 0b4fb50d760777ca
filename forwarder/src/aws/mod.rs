//! The few calls of AWS that the function makes itself: signed, retried, with errors that say what to look at.

mod arn;
mod call;
mod endpoint;
mod error;
mod objects;
mod partition;
#[cfg(test)]
pub(crate) mod tests;
mod texts;

pub use arn::{Arn, is_account_id};
pub use call::{Aws, Call, Signer};
pub use endpoint::{EndpointKind, Endpoints, Service};
pub use error::{AwsError, Cause, said};
pub use objects::Object;
pub use partition::Partition;
pub use texts::Text;
