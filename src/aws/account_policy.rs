//! CloudWatch Logs: the account-level subscription policy.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::{AccountPolicy as SdkAccountPolicy, PolicyType, Scope};

use super::error::{found, gone};
use super::{Aws, AwsError, Notice};
use crate::error::{Code, Error, Result};
use crate::stack::AccountPolicy;

const SERVICE: &str = "logs";
const KIND: PolicyType = PolicyType::SubscriptionFilterPolicy;
/// What the policies are read of, as errors name it.
const ACCOUNT: &str = "the account";
/// How often the policy is written while somebody else writes it as well.
const WRITES: u32 = 5;
/// From a write to the look at what became of it: who read the policy before the write has written by then, as a rule. Grows
/// with every write.
const SETTLES: Duration = Duration::from_millis(400);

/// The subscription policy of the account and region, where there is one.
pub(crate) async fn observe(aws: Aws<'_>) -> Result<Option<AccountPolicy>, AwsError> {
    Ok(as_it_is(aws).await?.as_ref().map(account_policy))
}

/// As [`observe`], with all that AWS says of it.
pub(super) async fn as_it_is(aws: Aws<'_>) -> Result<Option<SdkAccountPolicy>, AwsError> {
    let logs = aws.session.logs();
    let mut next = None;
    loop {
        let read = aws.call(SERVICE, "DescribeAccountPolicies", ACCOUNT, || {
            logs.describe_account_policies().policy_type(KIND).set_next_token(next.clone()).send()
        });
        let Some(page) = found(read.await)? else { return Ok(None) };
        // A page may be empty though another one follows.
        if let Some(policy) = page.account_policies.unwrap_or_default().into_iter().next() {
            return Ok(Some(policy));
        }
        next = page.next_token;
        if next.is_none() {
            return Ok(None);
        }
    }
}

fn account_policy(policy: &SdkAccountPolicy) -> AccountPolicy {
    AccountPolicy::read(
        policy.policy_name().unwrap_or_default(),
        policy.policy_document().unwrap_or_default(),
        policy.selection_criteria().unwrap_or_default(),
    )
}

/// Creates or replaces the account policy: see [`AccountPolicy::over`].
///
/// # Errors
///
/// Where there is another one, the error names it. [`Code::Changed`]
pub(crate) async fn put(aws: Aws<'_>, policy: &AccountPolicy, no_longer: &BTreeSet<String>) -> Result<()> {
    bring(aws, &policy.name, |now| policy.over(now, no_longer)).await
}

/// Has the account policy of this name leave these log groups out as well. One that is gone by now covers nothing.
///
/// # Errors
///
/// [`Code::Changed`]
pub(crate) async fn leave_out(aws: Aws<'_>, name: &str, log_groups: &BTreeSet<String>) -> Result<()> {
    bring(aws, name, |now| now.filter(|is| is.name == name)?.leaving_out(log_groups)).await
}

/// Has the account policy of this name no longer leave this log group out. One that is gone by now is not made again.
///
/// # Errors
///
/// [`Code::Changed`]
pub(crate) async fn stop_leaving_out(aws: Aws<'_>, name: &str, log_group: &str) -> Result<()> {
    bring(aws, name, |now| now.filter(|is| is.name == name)?.not_leaving_out(log_group)).await
}

/// Writes what is left to be written over what is there now, until nothing is. AWS has no conditional put: a write of somebody
/// else who read the policy before ours takes ours back, and shows when it is read again.
async fn bring(
    aws: Aws<'_>,
    name: &str,
    left: impl Fn(Option<&AccountPolicy>) -> Option<AccountPolicy>,
) -> Result<()> {
    for writes in 1.. {
        let now = observe(aws).await?;
        let Some(policy) = left(now.as_ref()) else { break };
        if writes > WRITES {
            return Err(Error::new(
                Code::Changed,
                format!("somebody else changes the account policy at the same time: written {WRITES} times in vain"),
            )
            .on(name)
            .hint("let the other run end, then run the same command again"));
        }
        write(aws, &policy).await?;
        if writes == 1 {
            let there = now.is_some_and(|is| is.name == name);
            (aws.notice)(if there { Notice::Found } else { Notice::Made });
        }
        aws.rest(SETTLES * writes).await.map_err(|_| {
            Error::new(Code::Interrupted, "stopped before it was seen that the account policy stays").on(name)
        })?;
    }
    Ok(())
}

/// CloudWatch Logs tests the stream with a message of its own.
async fn write(aws: Aws<'_>, policy: &AccountPolicy) -> Result<()> {
    let (logs, selection) = (aws.session.logs(), policy.selection());
    let put = aws.call(SERVICE, "PutAccountPolicy", &policy.name, || {
        logs.put_account_policy()
            .policy_name(&policy.name)
            .policy_type(KIND)
            .policy_document(&policy.document)
            .selection_criteria(&selection)
            .scope(Scope::All)
            .send()
    });
    let Err(mut error) = put.await else { return Ok(()) };
    // "Resource limit exceeded." helps nobody: say what is there. The first error stays if that fails as well.
    if error.is(&["LimitExceededException"])
        && let Ok(Some(there)) = observe(aws).await
    {
        let message = error.message.trim_end_matches('.');
        error.message = format!("{message}; there is `{}` to {}", there.name, there.destination_arn);
    }
    Err(error.into())
}

/// Puts back one that was deleted.
pub(super) async fn restore(aws: Aws<'_>, policy: &SdkAccountPolicy) -> Result<()> {
    let logs = aws.session.logs();
    aws.call(SERVICE, "PutAccountPolicy", policy.policy_name().unwrap_or_default(), || {
        logs.put_account_policy()
            .set_policy_name(policy.policy_name.clone())
            .policy_type(KIND)
            .set_policy_document(policy.policy_document.clone())
            .set_selection_criteria(policy.selection_criteria.clone())
            .scope(Scope::All)
            .send()
    })
    .await?;
    Ok(())
}

/// Deletes the account policy; one that is gone already is no error.
pub(crate) async fn delete(aws: Aws<'_>, name: &str) -> Result<()> {
    let logs = aws.session.logs();
    let deleted = aws.call(SERVICE, "DeleteAccountPolicy", name, || {
        logs.delete_account_policy().policy_name(name).policy_type(KIND).send()
    });
    Ok(gone(deleted.await.map(|_| ()))?)
}
