//! The resources, as far as they may be read.

use std::time::Duration;

use super::probe::unknown;
use crate::aws::Aws;
use crate::error::Result;
use crate::health::Chain;
use crate::resources::{Depth, observe_what_is_allowed};
use crate::stack::{Names, StackName};

/// Reads them. Reading the filters of every log group takes as long as it takes; `limit` is for everything else.
pub(super) async fn chain(aws: Aws<'_>, stack: &StackName, depth: Depth, limit: Duration) -> Result<Chain> {
    let limit = if depth == Depth::Everything { Duration::MAX } else { limit };
    let (scope, observed, unread) = observe_what_is_allowed(aws, stack, depth, limit).await?;
    let target = aws.session.target.clone();
    Ok(Chain {
        stack: stack.clone(),
        names: Names::new(stack, &target.region, scope),
        target,
        scope,
        observed,
        unread: unread.into_iter().map(|(what, error)| (what, unknown(&error))).collect(),
    })
}
