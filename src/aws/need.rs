//! What a call needs to succeed: while it is repeated, that must not vanish.

use super::{Aws, AwsError};
use crate::resources::function::aws as lambda;
use crate::resources::role::aws as iam;
use crate::resources::stream::aws as kinesis;

/// A resource without which repeating a call is in vain.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Need<'a> {
    /// The role with this ARN or name.
    Role(&'a str),
    /// The stream with this ARN.
    Stream(&'a str),
    /// The function with this name.
    Function(&'a str),
}

impl Need<'_> {
    async fn is_there(self, aws: Aws<'_>) -> Result<bool, AwsError> {
        match self {
            Self::Role(arn) => Ok(iam::role(aws, name(arn)).await?.is_some()),
            Self::Stream(arn) => kinesis::stays(aws, name(arn)).await,
            Self::Function(name) => lambda::is_there(aws, name).await,
        }
    }
}

impl<'a> Aws<'a> {
    /// The same, for calls that need these.
    pub(crate) fn needing(self, needs: &'a [Need<'a>]) -> Self {
        Self { needs, ..self }
    }

    /// Names what the calls need and what is not there. What cannot be looked at counts as being there.
    pub(super) async fn missing(&self) -> Option<String> {
        let aws = Aws { needs: &[], ..*self };
        for need in self.needs {
            // A call looks at its needs with calls: the recursion, of one level, goes through the heap.
            if matches!(Box::pin(need.is_there(aws)).await, Ok(false)) {
                return Some(match need {
                    Need::Role(arn) => format!("the role `{}`", name(arn)),
                    Need::Stream(arn) => format!("the stream `{}`", name(arn)),
                    Need::Function(name) => format!("the function `{name}`"),
                });
            }
        }
        None
    }
}

/// The name at the end of a role's or a stream's ARN, or the name itself.
fn name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
