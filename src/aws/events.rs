//! CloudWatch Logs: the events of a log group.

use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;

use super::Aws;
use super::error::Operation;
use super::pages::Tokens;
use crate::error::Result;

/// As many events as AWS puts on one page.
const PAGE: usize = 10_000;

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The id that a subscription gives it as well.
    pub id: String,
    /// The log stream.
    pub log_stream: String,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// The message.
    pub message: String,
}

impl From<FilteredLogEvent> for Event {
    fn from(event: FilteredLogEvent) -> Self {
        Self {
            id: event.event_id.unwrap_or_default(),
            log_stream: event.log_stream_name.unwrap_or_default(),
            timestamp: event.timestamp.unwrap_or_default(),
            message: event.message.unwrap_or_default(),
        }
    }
}

/// Which events of a log group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventQuery<'a> {
    /// The log group.
    pub log_group: &'a str,
    /// From this time on, in milliseconds since 1970.
    pub from: i64,
    /// Up to this time, in milliseconds since 1970; what has it is included.
    pub until: i64,
    /// Only those that match this filter pattern.
    pub pattern: Option<&'a str>,
    /// Whether the newest events come first.
    pub newest_first: bool,
}

/// One page of events, at most `limit` of them, and the token of the next page. Events come in the order of their times,
/// or the other way round where `newest_first` says so. A page may be empty before the last one.
///
/// # Errors
///
/// Whatever `logs:FilterLogEvents` fails with.
pub async fn filter_log_events<'a>(
    aws: impl Into<Aws<'a>>,
    query: EventQuery<'_>,
    limit: usize,
    next: Option<String>,
) -> Result<(Vec<Event>, Option<String>)> {
    let aws = aws.into();
    let logs = aws.session.logs();
    let limit = i32::try_from(limit.clamp(1, PAGE)).unwrap_or(i32::MAX);
    let mut tokens = Tokens::after(next.as_deref());
    let page = aws
        .call("logs", "FilterLogEvents", query.log_group, || {
            logs.filter_log_events()
                .log_group_name(query.log_group)
                .start_time(query.from)
                .end_time(query.until)
                .set_filter_pattern(query.pattern.map(ToOwned::to_owned))
                // Only where it is wanted: the oldest first is AWS's default.
                .set_start_from_head(query.newest_first.then_some(false))
                .limit(limit)
                .set_next_token(next.clone())
                .send()
        })
        .await?;
    let operation = Operation { service: "logs", name: "FilterLogEvents", resource: query.log_group };
    let next = tokens.next(operation, page.next_token.as_deref())?;
    Ok((page.events.unwrap_or_default().into_iter().map(Event::from).collect(), next))
}
