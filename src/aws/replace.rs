//! One subscription in the place of another: what gives way comes back when the new one fails.

use std::collections::BTreeSet;

use super::{Aws, account_policy, logs};
use crate::error::{Code, Error, Result};
use crate::stack::{AccountPolicy, FilterSpec};

/// Puts a filter in the place of the one of this name. Where there is room is AWS' to say: the new one is put first, and the
/// old one goes before it only where that is refused for the limit.
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
    let old = there.into_iter().find(|filter| filter.name == name);
    logs::delete_filter(aws, log_group, name).await?;
    let Err(error) = logs::put_filter(aws, put).await else { return Ok(()) };
    let Some(old) = old else { return Err(error) };
    let back = logs::put(aws.mending(), log_group, &old).await;
    Err(with_fate(error, name, &format!("to {}", old.destination_arn), back.map_err(Error::from)))
}

/// Puts the account policy in the place of the one of this name. AWS has room for one.
///
/// # Errors
///
/// Whatever the put fails with; the hint says whether the old one is there.
pub(crate) async fn account_policy(aws: Aws<'_>, name: &str, put: &AccountPolicy) -> Result<()> {
    let old = account_policy::as_it_is(aws).await?.filter(|policy| policy.policy_name() == Some(name));
    account_policy::delete(aws, name).await?;
    let Err(error) = account_policy::put(aws, put, &BTreeSet::new()).await else { return Ok(()) };
    let Some(old) = old else { return Err(error) };
    let what = format!("with the document {}", old.policy_document().unwrap_or_default());
    Err(with_fate(error, name, &what, account_policy::restore(aws.mending(), &old).await))
}

/// The error, with what became of what had given way.
fn with_fate(error: Error, name: &str, what: &str, back: Result<()>) -> Error {
    let fate = match back {
        Ok(()) => format!("`{name}`, which had given way, is there again"),
        Err(second) => {
            format!("`{name}` {what} had given way and could not be put back, do it by hand: {second}")
        }
    };
    let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    error.hint(format!("{fate}{hint}"))
}
