//! One account policy in the place of another.

use std::collections::BTreeSet;

use super::policy;
use crate::aws::{Aws, Notice};
use crate::error::Result;
use crate::resources::account_policy::desired::AccountPolicy;
use crate::resources::restore::with_fate;

/// Puts the account policy in the place of the one of this name. AWS has room for one.
///
/// # Errors
///
/// Whatever the put fails with; the hint says whether the old one is there.
pub(crate) async fn account_policy(aws: Aws<'_>, name: &str, put: &AccountPolicy) -> Result<()> {
    let old = policy::as_it_is(aws).await?.filter(|is| is.policy_name() == Some(name));
    let Some(old) = old else {
        // Somebody deleted it. Where AWS only does not show it, the put is refused, and nothing is lost.
        return policy::put(aws, put, &BTreeSet::new()).await;
    };
    let restore = policy::command_for(&old);
    (aws.notice)(Notice::GivesWay { restore: &restore });
    policy::delete(aws, name).await?;
    match policy::put_after(aws, put, name).await {
        Ok(()) => Ok(()),
        // The new one is there.
        Err(failed) if failed.written => Err(failed.error),
        Err(failed) => {
            let back = policy::restore(aws.mending(), &old).await;
            Err(with_fate(failed.error, name, &restore, back))
        }
    }
}
