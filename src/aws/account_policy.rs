//! CloudWatch Logs: the account-level subscription policy.

use aws_sdk_cloudwatchlogs::types::{AccountPolicy as SdkAccountPolicy, PolicyType, Scope};

use super::error::{found, gone};
use super::{Aws, AwsError};
use crate::error::Result;
use crate::stack::AccountPolicy;

const SERVICE: &str = "logs";
const KIND: PolicyType = PolicyType::SubscriptionFilterPolicy;
/// What the policies are read of, as errors name it.
const ACCOUNT: &str = "the account";

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

/// Creates or replaces the account policy. CloudWatch Logs tests the stream with a message of its own.
///
/// # Errors
///
/// Where there is another one, the error names it.
pub(crate) async fn put(aws: Aws<'_>, policy: &AccountPolicy) -> Result<()> {
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
