//! CloudWatch Logs: the destination.

use std::collections::BTreeSet;

use aws_sdk_cloudwatchlogs::types::Destination;
use serde_json::Value;

use super::action::Action;
use super::observed::ObservedDestination;
use crate::aws::error::{found, gone};
use crate::aws::owner::check_owner;
use crate::aws::{Aws, AwsError, Notice};
use crate::error::Result;
use crate::resources::role::aws as role;
use crate::resources::stream::aws as stream;
use crate::stack::Tags;

const SERVICE: &str = "logs";

/// Carries a change out.
pub(crate) async fn act(aws: Aws<'_>, action: &Action) -> Result<()> {
    match action {
        Action::Create { name, arn, stream_arn, role_arn, tags } => {
            create(aws, name, arn, stream_arn, role_arn, tags).await
        }
        Action::Put { name, stream_arn, role_arn } => Ok(put(aws, name, stream_arn, role_arn).await?),
        Action::Tag { arn, tags } => Ok(tag(aws, arn, tags).await?),
        Action::SetPolicy { name, policy, force, .. } => Ok(set_policy(aws, name, policy, *force).await?),
        Action::Delete { name } => delete(aws, name).await,
    }
}

/// Creates the destination with its tags. PutDestination changes one that is there without a word, so this looks first.
async fn create(
    aws: Aws<'_>,
    name: &str,
    arn: &str,
    stream_arn: &str,
    role_arn: &str,
    tags: &Tags,
) -> Result<()> {
    if let Some(there) = observe(aws, name, stream_arn).await?.0 {
        // Without tags, it was left by a run that was interrupted.
        let is_half_made =
            there.stream_arn == stream_arn && there.role_arn == role_arn && there.tags.is_empty();
        if !is_half_made {
            check_owner("logs destination", name, tags, &there.tags)?;
        }
        (aws.notice)(Notice::Found);
    } else {
        put(aws, name, stream_arn, role_arn).await?;
        (aws.notice)(Notice::Made);
    }
    Ok(tag(aws, arn, tags).await?)
}

/// Creates or changes the destination. CloudWatch Logs sends a test message to the stream with the role.
async fn put(aws: Aws<'_>, name: &str, stream_arn: &str, role_arn: &str) -> Result<(), AwsError> {
    let logs = aws.session.logs();
    aws.needing(&[role::needed(role_arn), stream::needed(stream_arn)])
        .call(SERVICE, "PutDestination", name, || {
            logs.put_destination().destination_name(name).target_arn(stream_arn).role_arn(role_arn).send()
        })
        .await?;
    Ok(())
}

async fn tag(aws: Aws<'_>, arn: &str, tags: &Tags) -> Result<(), AwsError> {
    let logs = aws.session.logs();
    aws.call(SERVICE, "TagResource", arn, || {
        logs.tag_resource().resource_arn(arn).set_tags(Some(tags.clone().into_iter().collect())).send()
    })
    .await?;
    Ok(())
}

async fn set_policy(aws: Aws<'_>, name: &str, policy: &Value, force: bool) -> Result<(), AwsError> {
    let logs = aws.session.logs();
    let policy = policy.to_string();
    aws.call(SERVICE, "PutDestinationPolicy", name, || {
        logs.put_destination_policy()
            .destination_name(name)
            .access_policy(&policy)
            .set_force_update(force.then_some(true))
            .send()
    })
    .await?;
    Ok(())
}

/// Deletes the destination; one that is gone already is no error.
async fn delete(aws: Aws<'_>, name: &str) -> Result<()> {
    let logs = aws.session.logs();
    let deleted = aws
        .call(SERVICE, "DeleteDestination", name, || logs.delete_destination().destination_name(name).send());
    Ok(gone(deleted.await.map(|_| ()))?)
}

/// The destination of this name with its tags, where it exists, and the names of the others that lead to a stream.
pub(crate) async fn observe(
    aws: Aws<'_>,
    name: &str,
    stream_arn: &str,
) -> Result<(Option<ObservedDestination>, BTreeSet<String>), AwsError> {
    let logs = aws.session.logs();
    let listed = aws.pages(
        SERVICE,
        "DescribeDestinations",
        name,
        |next| logs.describe_destinations().set_next_token(next).send(),
        |page| (page.destinations.unwrap_or_default(), page.next_token),
    );
    let is_it = |one: &Destination| one.destination_name.as_deref() == Some(name);
    let (it, others): (Vec<_>, Vec<_>) = listed.await?.into_iter().partition(is_it);
    let leads_here = |one: &Destination| one.target_arn.as_deref() == Some(stream_arn);
    let others = others.into_iter().filter(leads_here).filter_map(|one| one.destination_name).collect();
    match it.into_iter().next() {
        Some(there) => Ok((with_tags(aws, there).await?, others)),
        None => Ok((None, others)),
    }
}

/// A destination that was listed, with its tags; none where it is gone by now.
async fn with_tags(aws: Aws<'_>, there: Destination) -> Result<Option<ObservedDestination>, AwsError> {
    let logs = aws.session.logs();
    let arn = there.arn.unwrap_or_default();
    let tags = aws.call(SERVICE, "ListTagsForResource", &arn, || {
        logs.list_tags_for_resource().resource_arn(&arn).send()
    });
    let Some(tags) = found(tags.await)? else { return Ok(None) };
    Ok(Some(ObservedDestination {
        stream_arn: there.target_arn.unwrap_or_default(),
        role_arn: there.role_arn.unwrap_or_default(),
        policy: there.access_policy.filter(|text| !text.is_empty()).map(document),
        tags: tags.tags.unwrap_or_default().into_iter().collect(),
        arn,
    }))
}

fn document(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}
