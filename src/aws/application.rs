//! CloudWatch Logs as an application uses it: what the demo's application writes, and the canary of `cwl2le test`.

use aws_sdk_cloudwatchlogs::types::InputLogEvent;

use super::error::gone;
use super::{Aws, AwsError};

const SERVICE: &str = "logs";

/// Creates a log group with a log stream.
pub(crate) async fn create_log_group(aws: Aws<'_>, group: &str, stream: &str) -> Result<(), AwsError> {
    let logs = aws.session.logs();
    aws.call(SERVICE, "CreateLogGroup", group, || logs.create_log_group().log_group_name(group).send())
        .await?;
    create_log_stream(aws, group, stream).await
}

/// Creates a log stream; one that is there already is no error.
pub(crate) async fn create_log_stream(aws: Aws<'_>, group: &str, stream: &str) -> Result<(), AwsError> {
    let logs = aws.session.logs();
    let made = aws.call(SERVICE, "CreateLogStream", group, || {
        logs.create_log_stream().log_group_name(group).log_stream_name(stream).send()
    });
    match made.await {
        Err(error) if !error.is(&["ResourceAlreadyExistsException"]) => Err(error),
        _ => Ok(()),
    }
}

/// Deletes a log stream with its events; one that is gone already is no error.
pub(crate) async fn delete_log_stream(aws: Aws<'_>, group: &str, stream: &str) -> Result<(), AwsError> {
    let logs = aws.session.logs();
    let deleted = aws.call(SERVICE, "DeleteLogStream", group, || {
        logs.delete_log_stream().log_group_name(group).log_stream_name(stream).send()
    });
    gone(deleted.await.map(|_| ()))
}

/// Writes events of one time, in milliseconds since 1970.
pub(crate) async fn put_log_events(
    aws: Aws<'_>,
    group: &str,
    stream: &str,
    time: i64,
    messages: &[&str],
) -> Result<(), AwsError> {
    let logs = aws.session.logs();
    let event = |message: &&str| {
        // The builder only misses what is not given.
        InputLogEvent::builder().timestamp(time).message(*message).build().ok()
    };
    aws.call(SERVICE, "PutLogEvents", group, || {
        let events = messages.iter().filter_map(event).collect();
        logs.put_log_events()
            .log_group_name(group)
            .log_stream_name(stream)
            .set_log_events(Some(events))
            .send()
    })
    .await?;
    Ok(())
}
