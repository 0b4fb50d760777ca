//! One subscription in the place of another: what gives way comes back when the new one fails.

use std::collections::BTreeSet;

use crate::aws::wait::{Look, Wait};
use crate::aws::{Aws, Notice};
use crate::error::{Code, Error, Result};
use crate::resources::account_policy::aws as account_policy;
use crate::resources::log_group::aws as logs;
use crate::resources::{AccountPolicy, Distribution, FilterExtras, FilterSpec, ObservedFilter};

/// Puts a filter in the place of the one of this name. Whether there is room is AWS's to say: the new one is put first,
/// and the old one is deleted before it only where that is refused for the limit.
///
/// # Errors
///
/// Whatever the put fails with; the hint says whether the old one is there.
pub(crate) async fn filter(aws: Aws<'_>, name: &str, put: &FilterSpec) -> Result<()> {
    let log_group = &put.log_group;
    match logs::put_filter(aws, put).await {
        Ok(()) => return logs::delete_filter(aws, log_group, name).await,
        Err(error) if error.code != Code::FilterLimit => return Err(error),
        Err(_) => {}
    }
    let there = logs::filters(aws, log_group).await?.unwrap_or_default();
    let known: BTreeSet<String> = there.iter().map(|filter| filter.name.clone()).collect();
    let old = there.into_iter().find(|filter| filter.name == name);
    if let Some(old) = &old {
        (aws.notice)(Notice::GivesWay { restore: &command_for(log_group, old) });
    }
    logs::delete_filter(aws, log_group, name).await?;
    let why = "AWS to make room for the subscription filter";
    let wait = Wait { resource: log_group, why, made: false };
    let is_put = aws.until(wait, || async {
        match logs::put_filter(aws, put).await {
            Ok(()) => Ok(Look::Ready(())),
            // AWS may count the deleted one for a while, unless somebody else has taken its place.
            Err(error) if error.code == Code::FilterLimit => {
                let now = logs::filters(aws, log_group).await?.unwrap_or_default();
                if now.iter().all(|filter| known.contains(&filter.name)) {
                    Ok(Look::NotYet)
                } else {
                    Err(error)
                }
            }
            Err(error) => Err(error),
        }
    });
    let Err(error) = is_put.await else { return Ok(()) };
    let Some(old) = old else { return Err(error) };
    let back = logs::put(aws.mending(), log_group, &old).await;
    Err(with_fate(error, name, &command_for(log_group, &old), back.map_err(Error::from)))
}

/// Puts the account policy in the place of the one of this name. AWS has room for one.
///
/// # Errors
///
/// Whatever the put fails with; the hint says whether the old one is there.
pub(crate) async fn account_policy(aws: Aws<'_>, name: &str, put: &AccountPolicy) -> Result<()> {
    let old = account_policy::as_it_is(aws).await?.filter(|policy| policy.policy_name() == Some(name));
    let Some(old) = old else {
        // Somebody deleted it. Where AWS only does not show it, the put is refused, and nothing is lost.
        return account_policy::put(aws, put, &BTreeSet::new()).await;
    };
    let restore = account_policy::command_for(&old);
    (aws.notice)(Notice::GivesWay { restore: &restore });
    account_policy::delete(aws, name).await?;
    match account_policy::put_after(aws, put, name).await {
        Ok(()) => Ok(()),
        // The new one is there.
        Err(failed) if failed.written => Err(failed.error),
        Err(failed) => {
            let back = account_policy::restore(aws.mending(), &old).await;
            Err(with_fate(failed.error, name, &restore, back))
        }
    }
}

/// The error, with what became of what had given way.
fn with_fate(error: Error, name: &str, restore: &str, back: Result<()>) -> Error {
    let fate = match back {
        Ok(()) => format!("`{name}`, which was deleted to make room, is there again"),
        Err(second) => {
            format!(
                "`{name}` was deleted to make room and could not be restored ({second}); restore it with: {restore}"
            )
        }
    };
    let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    error.hint(format!("{fate}{hint}"))
}

/// The command of the AWS CLI that creates this filter.
fn command_for(log_group: &str, filter: &ObservedFilter) -> String {
    let mut command = format!(
        "aws logs put-subscription-filter --log-group-name {} --filter-name {} --filter-pattern {} --destination-arn {}",
        quoted(log_group),
        quoted(&filter.name),
        quoted(&filter.pattern),
        quoted(&filter.destination_arn),
    );
    if let Some(role) = &filter.role_arn {
        command += &format!(" --role-arn {}", quoted(role));
    }
    if filter.distribution == Distribution::Random {
        command += " --distribution Random";
    }
    let FilterExtras { apply_on_transformed_logs, emit_system_fields, field_selection_criteria } =
        &filter.extras;
    if *apply_on_transformed_logs {
        command += " --apply-on-transformed-logs";
    }
    if !emit_system_fields.is_empty() {
        let fields: Vec<String> = emit_system_fields.iter().map(|field| quoted(field)).collect();
        command += &format!(" --emit-system-fields {}", fields.join(" "));
    }
    if let Some(criteria) = field_selection_criteria {
        command += &format!(" --field-selection-criteria {}", quoted(criteria));
    }
    command
}

/// A word as a POSIX shell reads it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
