//! One subscription filter in the place of another.

use std::collections::BTreeSet;

use super::filter::{delete_filter, filters, put as put_as_it_was, put_filter};
use crate::aws::wait::{Look, Wait};
use crate::aws::{Aws, Notice};
use crate::error::{Code, Error, Result};
use crate::resources::ObservedFilter;
use crate::resources::filter::desired::{Distribution, FilterExtras, FilterSpec};
use crate::resources::restore::{quoted, with_fate};

/// Puts a filter in the place of the one of this name. Whether there is room is AWS's to say: the new one is put first,
/// and the old one is deleted before it only where that is refused for the limit.
///
/// # Errors
///
/// Whatever the put fails with; the hint says whether the old one is there.
pub(crate) async fn filter(aws: Aws<'_>, name: &str, put: &FilterSpec) -> Result<()> {
    let log_group = &put.log_group;
    match put_filter(aws, put).await {
        Ok(()) => return delete_filter(aws, log_group, name).await,
        Err(error) if error.code != Code::FilterLimit => return Err(error),
        Err(_) => {}
    }
    let there = filters(aws, log_group).await?.unwrap_or_default();
    let known: BTreeSet<String> = there.iter().map(|filter| filter.name.clone()).collect();
    let old = there.into_iter().find(|filter| filter.name == name);
    if let Some(old) = &old {
        (aws.notice)(Notice::GivesWay { restore: &command_for(log_group, old) });
    }
    delete_filter(aws, log_group, name).await?;
    let why = "AWS to make room for the subscription filter";
    let wait = Wait { resource: log_group, why, made: false };
    let is_put = aws.until(wait, || async {
        match put_filter(aws, put).await {
            Ok(()) => Ok(Look::Ready(())),
            // AWS may count the deleted one for a while, unless somebody else has taken its place.
            Err(error) if error.code == Code::FilterLimit => {
                let now = filters(aws, log_group).await?.unwrap_or_default();
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
    let back = put_as_it_was(aws.mending(), log_group, &old).await;
    Err(with_fate(error, name, &command_for(log_group, &old), back.map_err(Error::from)))
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
