//! Kinesis: the stream.

use std::time::Duration;

use aws_sdk_kinesis::types::{
    EncryptionType, ScalingType, StreamDescriptionSummary, StreamMode as SdkMode, StreamModeDetails,
    StreamStatus as SdkStatus,
};

use super::action::Action;
use crate::aws::call::{Failed, Need};
use crate::aws::error::{found, gone};
use crate::aws::owner::check_owner;
use crate::aws::wait::{Look, Wait};
use crate::aws::{Aws, AwsError, Notice};
use crate::error::Result;
use crate::resources::{ObservedStream, StreamMode, StreamStatus, next_shard_count};
use crate::stack::Tags;

const SERVICE: &str = "kinesis";
/// Tags that `AddTagsToStream` takes in one call.
const TAGS_PER_CALL: usize = 10;

/// Carries a change out.
pub(crate) async fn act(aws: Aws<'_>, action: &Action) -> Result<()> {
    match action {
        Action::Create { name, mode, tags } => create_stream(aws, name, *mode, tags).await,
        Action::Await { name } => await_active(aws, name).await.map(|_| ()),
        Action::AwaitGone { name } => await_gone(aws, name).await,
        Action::SetMode { arn, name, mode } => set_mode(aws, arn, name, *mode).await,
        Action::SetShards { name, to, .. } => set_shards(aws, name, *to).await,
        Action::SetRetention { name, to_hours, .. } => set_retention(aws, name, *to_hours).await,
        Action::SetKey { name, to, .. } => set_key(aws, name, to.as_deref()).await,
        Action::Tag { name, tags } => tag_stream(aws, name, tags).await,
        Action::Delete { name, force_consumers } => delete_stream(aws, name, *force_consumers).await,
    }
}

/// The stream, where it exists. Its consumers are read on request only.
pub(crate) async fn observe_stream(
    aws: Aws<'_>,
    name: &str,
    consumers: bool,
) -> Result<Option<ObservedStream>, AwsError> {
    let (summary, tags) = tokio::join!(summary(aws, name), tags(aws, name));
    let Some(summary) = summary? else { return Ok(None) };
    let consumers = if consumers { self::consumers(aws, &summary.stream_arn).await? } else { Vec::new() };
    let open_shards = u32::try_from(summary.open_shard_count).unwrap_or_default();
    Ok(Some(ObservedStream {
        status: status(&summary.stream_status),
        mode: match summary.stream_mode_details.map(|details| details.stream_mode) {
            Some(SdkMode::OnDemand) => StreamMode::OnDemand,
            _ => StreamMode::Provisioned { shards: open_shards },
        },
        open_shards,
        retention_hours: u32::try_from(summary.retention_period_hours).unwrap_or_default(),
        kms_key: summary.key_id.filter(|_| summary.encryption_type == Some(EncryptionType::Kms)),
        arn: summary.stream_arn,
        // A stream that went away between the two reads has no tags.
        tags: tags?.unwrap_or_default(),
        consumers,
    }))
}

fn status(status: &SdkStatus) -> StreamStatus {
    match status {
        SdkStatus::Creating => StreamStatus::Creating,
        SdkStatus::Deleting => StreamStatus::Deleting,
        SdkStatus::Active => StreamStatus::Active,
        _ => StreamStatus::Updating,
    }
}

async fn summary(aws: Aws<'_>, name: &str) -> Result<Option<StreamDescriptionSummary>, AwsError> {
    let kinesis = aws.session.kinesis();
    let read = aws.call(SERVICE, "DescribeStreamSummary", name, || {
        kinesis.describe_stream_summary().stream_name(name).send()
    });
    Ok(found(read.await)?.and_then(|answer| answer.stream_description_summary))
}

/// The stream with this ARN, as a call needs it: it exists and is to stay.
pub(crate) fn needed(arn: &str) -> Need<'_> {
    Need::new("stream", arn, |aws, name| {
        Box::pin(async move {
            let summary = summary(aws, name).await?;
            Ok(summary.is_some_and(|summary| status(&summary.stream_status) != StreamStatus::Deleting))
        })
    })
}

async fn tags(aws: Aws<'_>, name: &str) -> Result<Option<Tags>, AwsError> {
    let kinesis = aws.session.kinesis();
    let tags = aws.pages(
        SERVICE,
        "ListTagsForStream",
        name,
        |after| {
            let request = kinesis.list_tags_for_stream().stream_name(name).limit(50);
            request.set_exclusive_start_tag_key(after).send()
        },
        |page| {
            let last = page.tags.last().map(|tag| tag.key.clone());
            (page.tags, last.filter(|_| page.has_more_tags))
        },
    );
    let tags = found(tags.await)?;
    Ok(tags.map(|tags| tags.into_iter().map(|tag| (tag.key, tag.value.unwrap_or_default())).collect()))
}

async fn consumers(aws: Aws<'_>, arn: &str) -> Result<Vec<String>, AwsError> {
    let kinesis = aws.session.kinesis();
    let consumers = aws.pages(
        SERVICE,
        "ListStreamConsumers",
        arn,
        |next| kinesis.list_stream_consumers().stream_arn(arn).set_next_token(next).send(),
        |page| (page.consumers.unwrap_or_default(), page.next_token),
    );
    let consumers = found(consumers.await)?.unwrap_or_default();
    Ok(consumers.into_iter().map(|consumer| consumer.consumer_arn).collect())
}

/// Creates the stream and waits until it is ACTIVE. A stream of this stack that is there already is taken as it is;
/// one that is going away is waited for first.
pub(crate) async fn create_stream(aws: Aws<'_>, name: &str, mode: StreamMode, tags: &Tags) -> Result<()> {
    let kinesis = aws.session.kinesis();
    loop {
        let shards = match mode {
            StreamMode::Provisioned { shards } => Some(count(shards)),
            StreamMode::OnDemand => None,
        };
        let made = aws.call(SERVICE, "CreateStream", name, || {
            kinesis
                .create_stream()
                .stream_name(name)
                .set_shard_count(shards)
                .stream_mode_details(details(mode))
                .set_tags(Some(tags.clone().into_iter().collect()))
                .send()
        });
        match made.await {
            Ok(_) => {
                (aws.notice)(Notice::Made);
                break;
            }
            Err(error) if error.is(&["ResourceInUseException"]) => {
                match observe_stream(aws, name, false).await? {
                    Some(stream) if stream.status == StreamStatus::Deleting => await_gone(aws, name).await?,
                    Some(stream) => {
                        check_owner("stream", name, tags, &stream.tags)?;
                        (aws.notice)(Notice::Found);
                        break;
                    }
                    // It went away between the two calls: its name is free.
                    None => {}
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    await_status(aws, name, true).await?;
    // Endpoints other than AWS' own may ignore the tags of a creation; without them the next run would take the
    // stream for somebody else's.
    let there = self::tags(aws, name).await?.unwrap_or_default();
    if tags.iter().any(|(key, value)| there.get(key) != Some(value)) {
        tag_stream(aws, name, tags).await?;
    }
    Ok(())
}

/// Waits until the stream is ACTIVE.
pub(crate) async fn await_active(aws: Aws<'_>, name: &str) -> Result<StreamDescriptionSummary> {
    await_status(aws, name, false).await
}

/// `made` allows for a stream that was just made and is not shown yet.
async fn await_status(aws: Aws<'_>, name: &str, made: bool) -> Result<StreamDescriptionSummary> {
    let why = format!("the stream `{name}` to become ACTIVE");
    aws.until(Wait { resource: name, why: &why, made }, || async move {
        Ok(match summary(aws, name).await? {
            Some(summary) => match status(&summary.stream_status) {
                StreamStatus::Active => Look::Ready(summary),
                StreamStatus::Creating | StreamStatus::Updating => Look::NotYet,
                StreamStatus::Deleting => Look::Going,
            },
            None => Look::Missing,
        })
    })
    .await
}

/// Waits until the stream no longer exists.
pub(crate) async fn await_gone(aws: Aws<'_>, name: &str) -> Result<()> {
    let why = format!("the stream `{name}` to be deleted");
    aws.until(Wait { resource: name, why: &why, made: false }, || async move {
        Ok(if summary(aws, name).await?.is_none() { Look::Ready(()) } else { Look::NotYet })
    })
    .await
}

/// Switches between provisioned and on demand, then sets the number of shards where it is a fixed one.
pub(crate) async fn set_mode(aws: Aws<'_>, arn: &str, name: &str, mode: StreamMode) -> Result<()> {
    let kinesis = aws.session.kinesis();
    let mut lost = 0;
    loop {
        let current = await_active(aws, name).await?.stream_mode_details;
        if current.map(|details| details.stream_mode) == Some(details(mode).stream_mode) {
            break;
        }
        let switched = aws.call_once(SERVICE, "UpdateStreamMode", name, || {
            kinesis.update_stream_mode().stream_arn(arn).stream_mode_details(details(mode)).send()
        });
        look_again(aws, switched.await, &mut lost).await?;
    }
    match mode {
        StreamMode::Provisioned { shards } => set_shards(aws, name, shards).await,
        StreamMode::OnDemand => Ok(()),
    }
}

/// Changes the number of shards in steps of at most double and at least half, as AWS demands.
pub(crate) async fn set_shards(aws: Aws<'_>, name: &str, to: u32) -> Result<()> {
    let kinesis = aws.session.kinesis();
    let mut lost = 0;
    loop {
        let now = u32::try_from(await_active(aws, name).await?.open_shard_count).unwrap_or_default();
        if now == to {
            return Ok(());
        }
        let step = next_shard_count(now, to);
        let changed = aws.call_once(SERVICE, "UpdateShardCount", name, || {
            kinesis
                .update_shard_count()
                .stream_name(name)
                .target_shard_count(count(step))
                .scaling_type(ScalingType::UniformScaling)
                .send()
        });
        look_again(aws, changed.await, &mut lost).await?;
    }
}

/// Lets the caller read the stream again where a change of it may have been made, for each counts against a limit per
/// day. After a pause, since the change may have been lost with the connection.
async fn look_again<T>(aws: Aws<'_>, changed: Result<T, Failed>, lost: &mut u32) -> Result<()> {
    match changed {
        Ok(_) => *lost = 0,
        Err(failed) if failed.is_open && *lost < LOST_IN_A_ROW => {
            let pause = FIRST_PAUSE * 2_u32.pow(*lost);
            *lost += 1;
            aws.rest(pause).await.map_err(|_| AwsError::interrupted(failed.error.operation()))?;
        }
        Err(failed) => return Err(failed.error.into()),
    }
    Ok(())
}

/// Maximum number of changes in a row whose answer was lost.
const LOST_IN_A_ROW: u32 = 6;
/// The first pause after a lost answer; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Lengthens or shortens the retention and waits.
pub(crate) async fn set_retention(aws: Aws<'_>, name: &str, to_hours: u32) -> Result<()> {
    let kinesis = aws.session.kinesis();
    let now = u32::try_from(await_active(aws, name).await?.retention_period_hours).unwrap_or_default();
    let hours = count(to_hours);
    if to_hours > now {
        aws.call(SERVICE, "IncreaseStreamRetentionPeriod", name, || {
            kinesis.increase_stream_retention_period().stream_name(name).retention_period_hours(hours).send()
        })
        .await?;
    } else if to_hours < now {
        aws.call(SERVICE, "DecreaseStreamRetentionPeriod", name, || {
            kinesis.decrease_stream_retention_period().stream_name(name).retention_period_hours(hours).send()
        })
        .await?;
    } else {
        return Ok(());
    }
    await_active(aws, name).await.map(|_| ())
}

/// Encrypts with a key, or stops encrypting, and waits.
pub(crate) async fn set_key(aws: Aws<'_>, name: &str, to: Option<&str>) -> Result<()> {
    let kinesis = aws.session.kinesis();
    let now = await_active(aws, name).await?;
    let now = now.key_id.filter(|_| now.encryption_type == Some(EncryptionType::Kms));
    match (now, to) {
        (now, Some(key)) if now.as_deref() != Some(key) => {
            aws.call(SERVICE, "StartStreamEncryption", name, || {
                let request = kinesis.start_stream_encryption().stream_name(name);
                request.encryption_type(EncryptionType::Kms).key_id(key).send()
            })
            .await?;
        }
        (Some(key), None) => {
            aws.call(SERVICE, "StopStreamEncryption", name, || {
                let request = kinesis.stop_stream_encryption().stream_name(name);
                request.encryption_type(EncryptionType::Kms).key_id(&key).send()
            })
            .await?;
        }
        _ => return Ok(()),
    }
    await_active(aws, name).await.map(|_| ())
}

/// Adds tags, ten a call as AWS allows.
pub(crate) async fn tag_stream(aws: Aws<'_>, name: &str, tags: &Tags) -> Result<()> {
    let kinesis = aws.session.kinesis();
    let tags: Vec<_> = tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    for some in tags.chunks(TAGS_PER_CALL) {
        aws.call(SERVICE, "AddTagsToStream", name, || {
            let request = kinesis.add_tags_to_stream().stream_name(name);
            request.set_tags(Some(some.iter().cloned().collect())).send()
        })
        .await?;
    }
    Ok(())
}

/// Deletes the stream, once nothing else is being done to it, and waits until it is gone.
pub(crate) async fn delete_stream(aws: Aws<'_>, name: &str, force_consumers: bool) -> Result<()> {
    let kinesis = aws.session.kinesis();
    let why = format!("the stream `{name}` to be free for deletion");
    let going = aws.until(Wait { resource: name, why: &why, made: false }, || async move {
        Ok(match summary(aws, name).await? {
            None => Look::Ready(true),
            Some(summary) => match status(&summary.stream_status) {
                StreamStatus::Active => Look::Ready(false),
                StreamStatus::Deleting => Look::Ready(true),
                StreamStatus::Creating | StreamStatus::Updating => Look::NotYet,
            },
        })
    });
    if !going.await? {
        let deleted = aws.call(SERVICE, "DeleteStream", name, || {
            kinesis.delete_stream().stream_name(name).enforce_consumer_deletion(force_consumers).send()
        });
        gone(deleted.await.map(|_| ()))?;
    }
    await_gone(aws, name).await
}

fn details(mode: StreamMode) -> StreamModeDetails {
    let mode = match mode {
        StreamMode::Provisioned { .. } => SdkMode::Provisioned,
        StreamMode::OnDemand => SdkMode::OnDemand,
    };
    StreamModeDetails::builder().stream_mode(mode).build().expect("the mode is set")
}

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
