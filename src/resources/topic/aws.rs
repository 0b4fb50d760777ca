//! SNS: the topic.

use super::action::Action;
use super::observed::{ObservedSubscription, ObservedTopic};
use super::plan::must_see;
use crate::aws::owner::check_owner;
use crate::aws::query::Member;
use crate::aws::{Aws, AwsError, Notice};
use crate::error::Result;
use crate::resources::{Observed, Stack};
use crate::stack::Tags;

/// What SNS says of what does not exist, besides the usual.
const NOT_FOUND: &[&str] = &["NotFound", "ResourceNotFound"];

/// Carries a change out.
pub(crate) async fn act(aws: Aws<'_>, action: &Action) -> Result<()> {
    match action {
        Action::Create { name, arn, tags } => create(aws, name, arn, tags).await,
        Action::Tag { arn, tags } => {
            let fields = [vec![("ResourceArn".to_owned(), arn.as_str())], listed(tags)].concat();
            aws.ask_sns("TagResource", arn, &fields, "").await?;
            Ok(())
        }
        Action::Subscribe { arn, address } => {
            let fields = [("TopicArn", arn.as_str()), ("Protocol", "email"), ("Endpoint", address)];
            let fields = fields.map(|(name, value)| (name.to_owned(), value));
            aws.ask_sns("Subscribe", arn, &fields, "").await?;
            Ok(())
        }
        Action::Delete { arn } => {
            // SNS deletes a topic that is not there, too.
            aws.ask_sns("DeleteTopic", arn, &[("TopicArn".to_owned(), arn.as_str())], "").await?;
            Ok(())
        }
    }
}

/// Creates the topic. SNS takes the creation of a topic that is there already, so its tags are looked at before.
async fn create(aws: Aws<'_>, name: &str, arn: &str, tags: &Tags) -> Result<()> {
    if exists(aws, arn).await? {
        let there = tags_of(aws, arn).await?.unwrap_or_default();
        check_owner("topic", name, tags, &there)?;
        (aws.notice)(Notice::Found);
        return Ok(());
    }
    let fields = [vec![("Name".to_owned(), name)], listed(tags)].concat();
    aws.ask_sns("CreateTopic", name, &fields, "").await?;
    (aws.notice)(Notice::Made);
    Ok(())
}

/// Reads the topic if the plan depends on it and it was not read: no alarm notifies it yet, when it may be somebody
/// else's, or a permission was missing.
pub(crate) async fn complete(aws: Aws<'_>, stack: &Stack, observed: &mut Observed) -> Result<()> {
    if must_see(stack, observed) {
        observed.topic = observe(aws, &stack.alarm_topic_arn()).await?;
        observed.is_topic_unread = false;
    }
    Ok(())
}

/// The topic with this ARN, if it is there.
pub(crate) async fn observe(aws: Aws<'_>, arn: &str) -> Result<Option<ObservedTopic>, AwsError> {
    if !exists(aws, arn).await? {
        return Ok(None);
    }
    let Some(tags) = tags_of(aws, arn).await? else { return Ok(None) };
    let members = aws.list_of_topic("ListSubscriptionsByTopic", arn, "Subscriptions").await;
    let Some(members) = found(members)? else { return Ok(None) };
    // For a while after somebody unsubscribes, SNS still lists the address.
    let is_there = |member: &Member| member.get("SubscriptionArn").is_none_or(|arn| arn != "Deleted");
    let subscriptions = members.into_iter().filter(is_there).map(|mut member| {
        let mut take = |name: &str| member.remove(name).unwrap_or_default();
        ObservedSubscription {
            protocol: take("Protocol"),
            endpoint: take("Endpoint"),
            // Until it is confirmed, there is a word in the place of its ARN.
            is_confirmed: take("SubscriptionArn").starts_with("arn:"),
        }
    });
    Ok(Some(ObservedTopic { arn: arn.to_owned(), subscriptions: subscriptions.collect(), tags }))
}

async fn exists(aws: Aws<'_>, arn: &str) -> Result<bool, AwsError> {
    let fields = [("TopicArn".to_owned(), arn)];
    Ok(found(aws.ask_sns("GetTopicAttributes", arn, &fields, "Attributes").await)?.is_some())
}

/// The tags of a topic; none where it does not exist.
async fn tags_of(aws: Aws<'_>, arn: &str) -> Result<Option<Tags>, AwsError> {
    let fields = [("ResourceArn".to_owned(), arn)];
    let page = found(aws.ask_sns("ListTagsForResource", arn, &fields, "Tags").await)?;
    Ok(page.map(|page| {
        let tags = page.members.into_iter();
        tags.filter_map(|mut tag| Some((tag.remove("Key")?, tag.remove("Value")?))).collect()
    }))
}

#[expect(clippy::result_large_err, reason = "an error is made once, and right before the program ends")]
fn found<T>(result: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match result {
        Err(error) if error.is(NOT_FOUND) => Ok(None),
        result => result.map(Some),
    }
}

/// Tags as fields of a form.
fn listed(tags: &Tags) -> Vec<(String, &str)> {
    tags.iter()
        .enumerate()
        .flat_map(|(at, (key, value))| {
            let name = |part: &str| format!("Tags.member.{}.{part}", at + 1);
            [(name("Key"), key.as_str()), (name("Value"), value.as_str())]
        })
        .collect()
}
