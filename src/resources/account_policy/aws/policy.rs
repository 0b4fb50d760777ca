//! Reads and writes the account policy.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::{AccountPolicy as SdkAccountPolicy, PolicyType, Scope};
use tokio::time::Instant;

use crate::aws::error::{found, gone};
use crate::aws::retry::SHOWS;
use crate::aws::wait::{Look, Wait};
use crate::aws::{Aws, AwsError, Notice};
use crate::error::{Code, Error, Result};
use crate::resources::AccountPolicy;
use crate::resources::restore::quoted;
use crate::resources::to_destination::explained;

const SERVICE: &str = "logs";
const KIND: PolicyType = PolicyType::SubscriptionFilterPolicy;
/// What the policies are read of, as errors name it.
const ACCOUNT: &str = "the account";
/// Maximum number of writes while somebody else writes the policy as well.
const WRITES: u32 = 5;
/// Pause between a write and the read that checks it: as a rule, who read the policy before the write has written by
/// then. It grows by as much with every read, up to [`LONGEST`].
const SETTLES: Duration = Duration::from_millis(400);
/// Maximum pause between a write and the read that checks it.
const LONGEST: Duration = Duration::from_secs(5);

/// The subscription policy of the account and region, where there is one.
pub(crate) async fn observe(aws: Aws<'_>) -> Result<Option<AccountPolicy>, AwsError> {
    Ok(as_it_is(aws).await?.as_ref().map(account_policy))
}

/// As [`observe`], with all that AWS says of it.
pub(crate) async fn as_it_is(aws: Aws<'_>) -> Result<Option<SdkAccountPolicy>, AwsError> {
    let logs = aws.session.logs();
    let policies = aws.pages(
        SERVICE,
        "DescribeAccountPolicies",
        ACCOUNT,
        |next| logs.describe_account_policies().policy_type(KIND).set_next_token(next).send(),
        |page| {
            let policies = page.account_policies.unwrap_or_default();
            // A page may be empty though another one follows.
            let next = page.next_token.filter(|_| policies.is_empty());
            (policies, next)
        },
    );
    Ok(found(policies.await)?.and_then(|policies| policies.into_iter().next()))
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
/// Where there is another one, the error names it. [`Code::Changed`], [`Code::NotReady`]
pub(crate) async fn put(aws: Aws<'_>, policy: &AccountPolicy, no_longer: &BTreeSet<String>) -> Result<()> {
    bring(aws, &policy.name, None, |now| policy.over(now, no_longer)).await.map_err(|failed| failed.error)
}

/// As [`put`], after this run has deleted the policy of the name `deleted` to make room for this one.
pub(crate) async fn put_after(
    aws: Aws<'_>,
    policy: &AccountPolicy,
    deleted: &str,
) -> Result<(), FailedWrite> {
    bring(aws, &policy.name, Some(deleted), |now| policy.over(now, &BTreeSet::new())).await
}

/// Has the account policy of this name leave these log groups out as well. One that is gone by now covers nothing.
///
/// # Errors
///
/// [`Code::Changed`], [`Code::NotReady`]
pub(crate) async fn leave_out(aws: Aws<'_>, name: &str, log_groups: &BTreeSet<String>) -> Result<()> {
    let left = |now: Option<&AccountPolicy>| now.filter(|is| is.name == name)?.leaving_out(log_groups);
    bring(aws, name, None, left).await.map_err(|failed| failed.error)
}

/// Has the account policy of this name no longer leave this log group out. One that is gone by now is not made again.
///
/// # Errors
///
/// [`Code::Changed`], [`Code::NotReady`]
pub(crate) async fn stop_leaving_out(aws: Aws<'_>, name: &str, log_group: &str) -> Result<()> {
    let left = |now: Option<&AccountPolicy>| now.filter(|is| is.name == name)?.not_leaving_out(log_group);
    bring(aws, name, None, left).await.map_err(|failed| failed.error)
}

/// Why the account policy is not as it should be.
pub(crate) struct FailedWrite {
    pub(crate) error: Error,
    /// Whether AWS accepted a write before that.
    pub(crate) written: bool,
}

/// A write that AWS accepted.
struct Written {
    /// What was there before, as far as it was shown.
    before: Option<AccountPolicy>,
    /// AWS's time of the write, in milliseconds since 1970.
    time: Option<i64>,
    /// When it was accepted here.
    at: Instant,
}

/// How what AWS shows relates to a write.
#[derive(PartialEq)]
enum Shown {
    /// It is from before the write.
    Older,
    /// It may be from before the write, or somebody else has restored that.
    Unclear,
    /// Somebody else has written since.
    Newer,
}

impl Written {
    fn is_shown_by(&self, now: Option<&SdkAccountPolicy>, deleted: Option<&str>) -> Shown {
        let Some(now) = now else { return Shown::Unclear };
        match (now.last_updated_time(), self.time) {
            (Some(shown), Some(written)) if shown < written => return Shown::Older,
            (Some(_), Some(_)) => return Shown::Newer,
            _ => {}
        }
        let is_before = self.before.as_ref().is_some_and(|before| *before == account_policy(now));
        if is_before || now.policy_name() == deleted { Shown::Unclear } else { Shown::Newer }
    }
}

/// Writes what is left to be written over what is there now, until nothing is. AWS has no conditional put: a write of
/// somebody else who read the policy before ours takes ours back, and shows when it is read again. So does a read that
/// AWS answers from before our write; that one is waited for.
async fn bring(
    aws: Aws<'_>,
    name: &str,
    deleted: Option<&str>,
    left: impl Fn(Option<&AccountPolicy>) -> Option<AccountPolicy>,
) -> Result<(), FailedWrite> {
    let (mut last, mut others, mut pause): (Option<Written>, u32, _) = (None, 0, SETTLES);
    let since = Instant::now();
    loop {
        let written = last.is_some();
        let failed = |error: Error| FailedWrite { error, written };
        let now = as_it_is(aws).await.map_err(|error| failed(error.into()))?;
        let before = now.as_ref().map(account_policy);
        let Some(policy) = left(before.as_ref()) else { return Ok(()) };
        let shown = last.as_ref().map(|last| last.is_shown_by(now.as_ref(), deleted));
        if shown.is_some() && since.elapsed() > aws.session.patience() {
            let waited = since.elapsed().as_secs_f64();
            let message = format!(
                "timed out after {waited:.0} s: AWS still shows the account policy as it was before the write"
            );
            return Err(failed(Error::new(Code::NotReady, message).on(name).hint(SEE)));
        }
        let is_old = last.as_ref().is_some_and(|last| last.at.elapsed() >= SHOWS);
        if shown == Some(Shown::Older) || shown == Some(Shown::Unclear) && !is_old {
            (aws.notice)(Notice::Waiting { why: "AWS to show the account policy", elapsed: since.elapsed() });
        } else {
            others += u32::from(shown == Some(Shown::Newer));
            if others >= WRITES {
                let message = format!(
                    "another program is changing the account policy at the same time: {WRITES} writes were overwritten"
                );
                let error = Error::new(Code::Changed, message).on(name);
                return Err(failed(
                    error.hint("wait until the other run has ended, then run the same command again"),
                ));
            }
            let time = write(aws, &policy, deleted).await.map_err(failed)?;
            if !written {
                let there = before.as_ref().is_some_and(|is| is.name == name);
                (aws.notice)(if there { Notice::Found } else { Notice::Made });
            }
            last = Some(Written { before, time, at: Instant::now() });
        }
        aws.rest(pause).await.map_err(|_| FailedWrite {
            error: Error::new(
                Code::Interrupted,
                "stopped before AWS showed the account policy as it was written",
            )
            .on(name)
            .hint(SEE),
            written: true,
        })?;
        pause = (pause + SETTLES).min(LONGEST);
    }
}

/// What to do where it is not known which policy is in effect.
const SEE: &str = "run the same command again: it reads the policy and continues from there";

/// Writes the policy, and returns AWS's time of the write. CloudWatch Logs tests the stream with a message of its own.
///
/// AWS has room for one policy. Where this run has deleted another one, AWS may count it for a while.
async fn write(aws: Aws<'_>, policy: &AccountPolicy, deleted: Option<&str>) -> Result<Option<i64>> {
    let why = "AWS to make room for the account policy";
    let wait = Wait { resource: &policy.name, why, made: false };
    aws.until(wait, || async {
        let error = match write_once(aws, policy).await {
            Ok(time) => return Ok(Look::Ready(time)),
            Err(error) => error,
        };
        if !error.is(&["LimitExceededException"]) {
            return Err(explained(aws, error, &policy.destination_arn));
        }
        // The first error stays if this fails as well.
        let there = observe(aws).await.unwrap_or_default();
        let is_others = there.as_ref().is_some_and(|there| Some(there.name.as_str()) != deleted);
        if deleted.is_some() && !is_others {
            return Ok(Look::NotYet);
        }
        Err(refused_for(error, there.as_ref()).into())
    })
    .await
}

/// "Resource limit exceeded." helps nobody: the error says what is there.
fn refused_for(mut error: AwsError, there: Option<&AccountPolicy>) -> AwsError {
    if let Some(there) = there {
        let message = error.message.trim_end_matches('.');
        error.message = format!("{message}; there is `{}` to {}", there.name, there.destination_arn);
    }
    error
}

async fn write_once(aws: Aws<'_>, policy: &AccountPolicy) -> Result<Option<i64>, AwsError> {
    let (logs, selection) = (aws.session.logs(), policy.selection());
    let put = aws
        .call(SERVICE, "PutAccountPolicy", &policy.name, || {
            logs.put_account_policy()
                .policy_name(&policy.name)
                .policy_type(KIND)
                .policy_document(&policy.document)
                .selection_criteria(&selection)
                .scope(Scope::All)
                .send()
        })
        .await?;
    Ok(put.account_policy().and_then(SdkAccountPolicy::last_updated_time))
}

/// Puts back one that was deleted.
pub(crate) async fn restore(aws: Aws<'_>, policy: &SdkAccountPolicy) -> Result<()> {
    let logs = aws.session.logs();
    let put = aws.call(SERVICE, "PutAccountPolicy", policy.policy_name().unwrap_or_default(), || {
        logs.put_account_policy()
            .set_policy_name(policy.policy_name.clone())
            .policy_type(KIND)
            .set_policy_document(policy.policy_document.clone())
            .set_selection_criteria(policy.selection_criteria.clone())
            .scope(Scope::All)
            .send()
    });
    let Err(error) = put.await else { return Ok(()) };
    // An answer may have been lost, and the new one be there after all.
    let there =
        if error.is(&["LimitExceededException"]) { observe(aws).await.unwrap_or_default() } else { None };
    Err(refused_for(error, there.as_ref()).into())
}

/// The command of the AWS CLI that creates this policy.
pub(crate) fn command_for(policy: &SdkAccountPolicy) -> String {
    let mut command = format!(
        "aws logs put-account-policy --policy-name {} --policy-type {} --scope ALL --policy-document {}",
        quoted(policy.policy_name().unwrap_or_default()),
        KIND.as_str(),
        quoted(policy.policy_document().unwrap_or_default()),
    );
    if let Some(selection) = policy.selection_criteria() {
        command += &format!(" --selection-criteria {}", quoted(selection));
    }
    command
}

/// Deletes the account policy; one that is gone already is no error.
pub(crate) async fn delete(aws: Aws<'_>, name: &str) -> Result<()> {
    let logs = aws.session.logs();
    let deleted = aws.call(SERVICE, "DeleteAccountPolicy", name, || {
        logs.delete_account_policy().policy_name(name).policy_type(KIND).send()
    });
    Ok(gone(deleted.await.map(|_| ()))?)
}
