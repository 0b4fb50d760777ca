//! The event source mapping.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::primitives::DateTime;
use aws_sdk_lambda::types::{
    DestinationConfig, EventSourceMappingConfiguration, EventSourceMappingMetric,
    EventSourceMappingMetricsConfig, EventSourcePosition, FilterCriteria, FunctionResponseType, OnFailure,
};

use super::action::Action;
use crate::aws::error::{found, gone};
use crate::aws::wait::{Look, Wait};
use crate::aws::{Aws, AwsError, Notice};
use crate::error::{Code, Error, Result};
use crate::resources::alias::observed::LIVE;
use crate::resources::function::aws::needed as function_needed;
use crate::resources::numbers::{number, sdk_number};
use crate::resources::stream::aws as stream;
use crate::resources::{ObservedTrigger, Start, TriggerSpec, TriggerState, UNLIMITED};
use crate::stack::Tags;
use crate::stack::arn::Arn;

const SERVICE: &str = "lambda";

/// Carries a change out.
pub(crate) async fn act(aws: Aws<'_>, action: &Action) -> Result<()> {
    match action {
        Action::Create { function, stream_arn, spec, tags } => {
            create_trigger(aws, function, stream_arn, spec, tags).await
        }
        Action::Await { uuid } => await_enabled(aws, uuid).await,
        Action::AwaitGone { uuid } => await_gone(aws, uuid).await,
        Action::Update { uuid, function, spec } => update_trigger(aws, uuid, function.as_deref(), spec).await,
        Action::Delete { uuid } => delete_trigger(aws, uuid).await,
    }
}

/// The mappings from a stream, by the name of the function that they call.
pub(crate) type Mappings = BTreeMap<String, Vec<ObservedTrigger>>;

/// The mappings from a stream to a function, the ARNs of all functions that the stream triggers, and the mappings of
/// those; with `from_anywhere` also the function's mappings from elsewhere.
pub(crate) async fn observe_triggers(
    aws: Aws<'_>,
    stream_arn: &str,
    function: &str,
    from_anywhere: bool,
) -> Result<(Vec<ObservedTrigger>, BTreeSet<String>, Mappings), AwsError> {
    // AWS lists the mappings of an alias apart from those of its function.
    let alias = format!("{function}:{LIVE}");
    let from_elsewhere = async |function: &str| {
        if from_anywhere { mappings(aws, None, Some(function)).await } else { Ok(Vec::new()) }
    };
    let (mappings, mut of_function, of_alias) = tokio::try_join!(
        mappings(aws, Some(stream_arn), None),
        from_elsewhere(function),
        from_elsewhere(&alias)
    )?;
    for mapping in of_alias {
        if !of_function.iter().any(|known| known.uuid == mapping.uuid) {
            of_function.push(mapping);
        }
    }
    let elsewhere = of_function.into_iter().filter(|m| m.event_source_arn.as_deref() != Some(stream_arn));
    let readers = mappings.iter().filter_map(|mapping| mapping.function_arn.clone()).collect();
    let mut by_function = Mappings::new();
    for mapping in mappings {
        let name = function_name(mapping.function_arn.as_deref().unwrap_or_default());
        by_function.entry(name).or_default().push(observed(mapping));
    }
    let ours = by_function.remove(function).unwrap_or_default();
    Ok((ours.into_iter().chain(elsewhere.map(observed)).collect(), readers, by_function))
}

/// The id of the mapping from a stream to a function, if there is one that is to stay.
pub(crate) async fn uuid_of(
    aws: Aws<'_>,
    stream_arn: &str,
    function: &str,
) -> Result<Option<String>, AwsError> {
    let (ours, ..) = observe_triggers(aws, stream_arn, function, false).await?;
    let living = ours.into_iter().find(|trigger| trigger.state != TriggerState::Deleting);
    Ok(living.map(|trigger| trigger.uuid))
}

/// The ARNs of all functions that a consumer of a stream triggers: AWS does not list them for the stream.
pub(crate) async fn readers_by(aws: Aws<'_>, consumer_arn: &str) -> Result<BTreeSet<String>, AwsError> {
    let mappings = mappings(aws, Some(consumer_arn), None).await?;
    Ok(mappings.into_iter().filter_map(|mapping| mapping.function_arn).collect())
}

/// The mappings of a source, or of a function.
async fn mappings(
    aws: Aws<'_>,
    source_arn: Option<&str>,
    function: Option<&str>,
) -> Result<Vec<EventSourceMappingConfiguration>, AwsError> {
    let lambda = aws.session.lambda();
    let of = source_arn.or(function).unwrap_or_default();
    let mappings = aws.pages(
        SERVICE,
        "ListEventSourceMappings",
        of,
        |next| {
            let request = lambda.list_event_source_mappings().set_marker(next);
            let request = request.set_event_source_arn(source_arn.map(ToOwned::to_owned));
            request.set_function_name(function.map(ToOwned::to_owned)).send()
        },
        |page| (page.event_source_mappings.unwrap_or_default(), page.next_marker),
    );
    Ok(found(mappings.await)?.unwrap_or_default())
}

/// The ARNs of stream and function of every event source mapping of the region, at most `pages` pages; the second part
/// tells whether there are more.
///
/// # Errors
///
/// Whatever `lambda:ListEventSourceMappings` fails with.
pub(crate) async fn readers_of_streams(
    aws: Aws<'_>,
    pages: usize,
) -> Result<(Vec<(String, String)>, bool), AwsError> {
    let lambda = aws.session.lambda();
    let of = "all event source mappings";
    let mappings = aws.some_pages(
        SERVICE,
        "ListEventSourceMappings",
        of,
        pages,
        |next| lambda.list_event_source_mappings().set_marker(next).send(),
        |page| {
            let mappings = page.event_source_mappings.unwrap_or_default().into_iter();
            let arns =
                mappings.filter_map(|mapping| Some((mapping.event_source_arn?, mapping.function_arn?)));
            (arns.collect(), page.next_marker)
        },
    );
    mappings.await
}

/// The name in a function's ARN, with or without an alias or version behind it.
pub(crate) fn function_name(arn: &str) -> String {
    Arn::parse(arn).map_or(arn, |arn| arn.name()).to_owned()
}

fn observed(is: EventSourceMappingConfiguration) -> ObservedTrigger {
    ObservedTrigger {
        state: state(is.state.as_deref()),
        qualifier: is
            .function_arn
            .as_deref()
            .and_then(Arn::parse)
            .and_then(|arn| arn.qualifier())
            .map(ToOwned::to_owned),
        uuid: is.uuid.unwrap_or_default(),
        source_arn: is.event_source_arn.unwrap_or_default(),
        last_result: is.last_processing_result,
        batch_size: number(is.batch_size),
        window_seconds: number(is.maximum_batching_window_in_seconds),
        parallelization: is.parallelization_factor.map_or(1, |n| number(Some(n))),
        bisect: is.bisect_batch_on_function_error.unwrap_or_default(),
        event_counts: is
            .metrics_config
            .is_some_and(|config| config.metrics().contains(&EventSourceMappingMetric::EventCount)),
        max_retries: is.maximum_retry_attempts.unwrap_or(UNLIMITED),
        max_age_seconds: is.maximum_record_age_in_seconds.unwrap_or(UNLIMITED),
        reports_item_failures: is
            .function_response_types
            .unwrap_or_default()
            .contains(&FunctionResponseType::ReportBatchItemFailures),
        is_filtered: is.filter_criteria.is_some_and(|criteria| !criteria.filters().is_empty()),
        tumbling_window_seconds: number(is.tumbling_window_in_seconds),
        starting_position: is.starting_position.map(|p| p.as_str().to_owned()).unwrap_or_default(),
        on_failure: is
            .destination_config
            .and_then(|config| config.on_failure)
            .and_then(|on_failure| on_failure.destination)
            .filter(|arn| !arn.is_empty()),
    }
}

fn state(state: Option<&str>) -> TriggerState {
    match state {
        Some("Enabled") => TriggerState::Enabled,
        Some("Disabled") => TriggerState::Disabled,
        Some("Deleting") => TriggerState::Deleting,
        _ => TriggerState::InTransition,
    }
}

/// Creates the mapping to the alias of a function and waits until it is Enabled. One of this stream that is there already
/// is set as wanted instead: AWS allows one.
pub(crate) async fn create_trigger(
    aws: Aws<'_>,
    function: &str,
    stream_arn: &str,
    spec: &TriggerSpec,
    tags: &Tags,
) -> Result<()> {
    let lambda = aws.session.lambda();
    let (position, since) = match spec.start {
        Start::TrimHorizon => (EventSourcePosition::TrimHorizon, None),
        Start::At(time) => {
            let time = i64::try_from(time).unwrap_or_default();
            (EventSourcePosition::AtTimestamp, Some(DateTime::from_secs(time)))
        }
    };
    let alias = format!("{function}:{LIVE}");
    let needs = [function_needed(function), stream::needed(stream_arn)];
    let needing = aws.needing(&needs);
    let made = needing.call(SERVICE, "CreateEventSourceMapping", &alias, || {
        lambda
            .create_event_source_mapping()
            .function_name(&alias)
            .event_source_arn(stream_arn)
            // LATEST can miss records while the mapping comes up.
            .starting_position(position.clone())
            .set_starting_position_timestamp(since)
            .enabled(true)
            .batch_size(sdk_number(spec.batch_size.value))
            .maximum_batching_window_in_seconds(sdk_number(spec.window_seconds.value))
            .parallelization_factor(sdk_number(spec.parallelization.value))
            .bisect_batch_on_function_error(spec.bisect.value)
            // A new mapping has none unless they are asked for.
            .set_metrics_config(spec.event_counts.value.then(|| metrics(true)))
            .maximum_retry_attempts(UNLIMITED)
            .maximum_record_age_in_seconds(spec.max_age_seconds)
            .function_response_types(FunctionResponseType::ReportBatchItemFailures)
            .set_destination_config(spec.on_failure.value.as_deref().map(on_failure))
            .set_tags(Some(tags.clone().into_iter().collect()))
            .send()
    });
    match made.await {
        Ok(made) => {
            (aws.notice)(Notice::Made);
            settle(aws, made.uuid.unwrap_or_default(), made.state.as_deref()).await
        }
        Err(error) if error.is(&["ResourceConflictException"]) => {
            let (there, ..) = observe_triggers(aws, stream_arn, function, false).await?;
            let there = there
                .into_iter()
                .find(|t| t.qualifier.as_deref() == Some(LIVE) && t.state != TriggerState::Deleting)
                .ok_or(error)?;
            (aws.notice)(Notice::Found);
            update_trigger(aws, &there.uuid, None, spec).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Sets every field of the mapping that can be set, enables it and waits. With `function` it calls the alias of that one
/// from now on, and reads on where it was: see "UpdateEventSourceMapping" in the Lambda API Reference.
pub(crate) async fn update_trigger(
    aws: Aws<'_>,
    uuid: &str,
    function: Option<&str>,
    spec: &TriggerSpec,
) -> Result<()> {
    let lambda = aws.session.lambda();
    // An empty ARN removes the destination. Where none was asked for and none is there, nothing is sent.
    let destination = match &spec.on_failure.value {
        Some(arn) => Some(on_failure(arn)),
        None => spec.on_failure.explicit.then(|| on_failure("")),
    };
    let updated = aws
        .call(SERVICE, "UpdateEventSourceMapping", uuid, || {
            lambda
                .update_event_source_mapping()
                .uuid(uuid)
                .set_function_name(function.map(|function| format!("{function}:{LIVE}")))
                .enabled(true)
                .batch_size(sdk_number(spec.batch_size.value))
                .maximum_batching_window_in_seconds(sdk_number(spec.window_seconds.value))
                .parallelization_factor(sdk_number(spec.parallelization.value))
                .bisect_batch_on_function_error(spec.bisect.value)
                .metrics_config(metrics(spec.event_counts.value))
                .maximum_retry_attempts(UNLIMITED)
                .maximum_record_age_in_seconds(spec.max_age_seconds)
                .function_response_types(FunctionResponseType::ReportBatchItemFailures)
                // Both empty: what somebody set there would keep records from the forwarder, or hold them back.
                .filter_criteria(FilterCriteria::builder().build())
                .tumbling_window_in_seconds(0)
                .set_destination_config(destination.clone())
                .send()
        })
        .await?;
    settle(aws, uuid.to_owned(), updated.state.as_deref()).await
}

/// Waits after a change of ours: a mapping that still shows as disabled is about to be enabled.
async fn settle(aws: Aws<'_>, uuid: String, now: Option<&str>) -> Result<()> {
    if state(now) == TriggerState::Enabled {
        return Ok(());
    }
    await_state(aws, &uuid, true).await
}

/// Waits until the mapping is Enabled.
///
/// # Errors
///
/// [`Code::NotReady`] where somebody disabled or deleted it.
pub(crate) async fn await_enabled(aws: Aws<'_>, uuid: &str) -> Result<()> {
    await_state(aws, uuid, false).await
}

async fn await_state(aws: Aws<'_>, uuid: &str, enabling: bool) -> Result<()> {
    let why = "the trigger to become Enabled";
    aws.until(Wait { resource: uuid, why, made: enabling }, || async move {
        Ok(match current(aws, uuid).await? {
            Some(TriggerState::Enabled) => Look::Ready(()),
            Some(TriggerState::InTransition) => Look::NotYet,
            Some(TriggerState::Disabled) if enabling => Look::NotYet,
            Some(TriggerState::Disabled) => {
                return Err(Error::new(Code::NotReady, "the trigger was disabled in the meantime")
                    .on(uuid)
                    .hint("`cwl2le setup` enables it"));
            }
            Some(TriggerState::Deleting) => Look::Going,
            None => Look::Missing,
        })
    })
    .await
}

async fn current(aws: Aws<'_>, uuid: &str) -> Result<Option<TriggerState>, AwsError> {
    let lambda = aws.session.lambda();
    let read = aws
        .call(SERVICE, "GetEventSourceMapping", uuid, || lambda.get_event_source_mapping().uuid(uuid).send());
    Ok(found(read.await)?.map(|is| state(is.state.as_deref())))
}

/// Deletes the mapping and waits until it is gone.
pub(crate) async fn delete_trigger(aws: Aws<'_>, uuid: &str) -> Result<()> {
    let lambda = aws.session.lambda();
    let deleted = aws.call(SERVICE, "DeleteEventSourceMapping", uuid, || {
        lambda.delete_event_source_mapping().uuid(uuid).send()
    });
    gone(deleted.await.map(|_| ()))?;
    await_gone(aws, uuid).await
}

/// Waits until the mapping no longer exists.
pub(crate) async fn await_gone(aws: Aws<'_>, uuid: &str) -> Result<()> {
    let wait = Wait { resource: uuid, why: "the trigger to be deleted", made: false };
    aws.until(wait, || async move {
        Ok(if current(aws, uuid).await?.is_none() { Look::Ready(()) } else { Look::NotYet })
    })
    .await
}

/// The metrics that AWS makes of a mapping: those of its events, or none.
fn metrics(event_counts: bool) -> EventSourceMappingMetricsConfig {
    let metrics = event_counts.then_some(EventSourceMappingMetric::EventCount);
    EventSourceMappingMetricsConfig::builder().set_metrics(Some(Vec::from_iter(metrics))).build()
}

fn on_failure(arn: &str) -> DestinationConfig {
    DestinationConfig::builder().on_failure(OnFailure::builder().destination(arn).build()).build()
}
