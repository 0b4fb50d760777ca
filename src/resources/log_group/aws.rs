//! CloudWatch Logs: the log group of a forwarder.

use super::action::Action;
use crate::aws::error::{found, gone};
use crate::aws::owner::check_owner;
use crate::aws::{Aws, AwsError, Notice};
use crate::error::Result;
use crate::resources::ObservedLogGroup;
use crate::resources::filter::aws::{filters, log_group};
use crate::stack::{Tags, Target};

const SERVICE: &str = "logs";

/// Carries a change out.
pub(crate) async fn act(aws: Aws<'_>, action: &Action) -> Result<()> {
    match action {
        Action::Create { name, retention_days, tags } => {
            create_log_group(aws, name, *retention_days, tags).await
        }
        Action::SetRetention { name, days } => set_retention(aws, name, *days).await,
        Action::Tag { arn, tags } => tag_log_group(aws, arn, tags).await,
        Action::Delete { name } => delete_log_group(aws, name).await,
    }
}

/// The forwarder's log group with its tags and filters, where it exists.
pub(crate) async fn observe_log_group(
    aws: Aws<'_>,
    target: &Target,
    name: &str,
) -> Result<Option<ObservedLogGroup>, AwsError> {
    let arn = arn(target, name);
    let (group, tags, filters) = tokio::join!(log_group(aws, name), tags(aws, &arn), filters(aws, name));
    let Some(group) = group? else { return Ok(None) };
    let (tags, filters) = (tags?.unwrap_or_default(), filters?.unwrap_or_default());
    Ok(Some(ObservedLogGroup { name: group.name, arn, retention_days: group.retention_days, filters, tags }))
}

fn arn(target: &Target, name: &str) -> String {
    target.arn("logs", format_args!("log-group:{name}"))
}

async fn tags(aws: Aws<'_>, arn: &str) -> Result<Option<Tags>, AwsError> {
    let logs = aws.session.logs();
    let read = aws
        .call(SERVICE, "ListTagsForResource", arn, || logs.list_tags_for_resource().resource_arn(arn).send());
    Ok(found(read.await)?.map(|answer| answer.tags.unwrap_or_default().into_iter().collect()))
}

/// Creates the log group with its tags, then sets its retention. A group of this stack that is there already is taken.
pub(crate) async fn create_log_group(aws: Aws<'_>, name: &str, days: u32, wanted: &Tags) -> Result<()> {
    let logs = aws.session.logs();
    let made = aws.call(SERVICE, "CreateLogGroup", name, || {
        let request = logs.create_log_group().log_group_name(name);
        request.set_tags(Some(wanted.clone().into_iter().collect())).send()
    });
    match made.await {
        Ok(_) => (aws.notice)(Notice::Made),
        Err(error) if error.is(&["ResourceAlreadyExistsException"]) => {
            let there = tags(aws, &arn(&aws.session.target, name)).await?.ok_or(error)?;
            check_owner("log group", name, wanted, &there)?;
            (aws.notice)(Notice::Found);
        }
        Err(error) => return Err(error.into()),
    }
    set_retention(aws, name, days).await
}

/// Sets the retention.
pub(crate) async fn set_retention(aws: Aws<'_>, name: &str, days: u32) -> Result<()> {
    let logs = aws.session.logs();
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    aws.call(SERVICE, "PutRetentionPolicy", name, || {
        logs.put_retention_policy().log_group_name(name).retention_in_days(days).send()
    })
    .await?;
    Ok(())
}

/// Adds tags.
pub(crate) async fn tag_log_group(aws: Aws<'_>, arn: &str, tags: &Tags) -> Result<()> {
    let logs = aws.session.logs();
    aws.call(SERVICE, "TagResource", arn, || {
        logs.tag_resource().resource_arn(arn).set_tags(Some(tags.clone().into_iter().collect())).send()
    })
    .await?;
    Ok(())
}

/// Deletes the log group; one that is gone already is no error.
pub(crate) async fn delete_log_group(aws: Aws<'_>, name: &str) -> Result<()> {
    let logs = aws.session.logs();
    let deleted =
        aws.call(SERVICE, "DeleteLogGroup", name, || logs.delete_log_group().log_group_name(name).send());
    Ok(gone(deleted.await.map(|_| ()))?)
}

/// The tags of a log group; none where it is gone by now.
///
/// # Errors
///
/// Whatever `logs:ListTagsForResource` fails with.
pub async fn tags_of_log_group<'a>(aws: impl Into<Aws<'a>>, name: &str) -> Result<Tags> {
    let aws = aws.into();
    Ok(tags(aws, &arn(&aws.session.target, name)).await?.unwrap_or_default())
}
