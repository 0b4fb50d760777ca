//! Carries out the changes to the account policy.

use super::{policy, replace};
use crate::aws::Aws;
use crate::error::Result;
use crate::resources::account_policy::Action;

/// Carries a change out.
pub(crate) async fn act(aws: Aws<'_>, action: &Action) -> Result<()> {
    match action {
        Action::Put { policy, no_longer } => policy::put(aws, policy, no_longer).await,
        Action::LeaveOut { policy, log_groups } => policy::leave_out(aws, policy, log_groups).await,
        Action::StopLeavingOut { policy, log_group } => {
            policy::stop_leaving_out(aws, policy, log_group).await
        }
        Action::Replace { name, put } => replace::account_policy(aws, name, put).await,
        Action::Delete { name } => policy::delete(aws, name).await,
    }
}
