//! An event source mapping in a template.

use serde_json::{Value, json};

use super::Trigger;
use super::action::Action;
use super::desired::{Start, TriggerSpec, UNLIMITED};
use crate::export::{Declared, Ids, Template, block, reference_to, tags};
use crate::resources::Plan;
use crate::resources::kind::Exported;
use crate::stack::Tags;

impl Exported for Trigger {
    type Action = Action;

    fn declare(ids: Ids<'_>, action: &Action, _: &Plan, template: &mut Template) {
        let Action::Create { function, spec, tags, .. } = action else { return };
        template.declare(trigger(ids, function, spec, tags));
    }
}

fn trigger(ids: Ids<'_>, function: &str, spec: &TriggerSpec, of: &Tags) -> Declared {
    let alias = ids.alias(function);
    let metrics: &[&str] = if spec.event_counts.value { &["EventCount"] } else { &[] };
    let seconds = match spec.start {
        Start::TrimHorizon => None,
        Start::At(seconds) => Some(seconds),
    };
    let on_failure = spec.on_failure.value.as_ref();
    let some = |value: bool, then: Value| if value { then } else { Value::Null };
    Declared::new(ids.trigger(function))
        .cloudformation(
            "AWS::Lambda::EventSourceMapping",
            json!({
                "FunctionName": { "Ref": alias },
                "EventSourceArn": { "Fn::GetAtt": [Ids::STREAM, "Arn"] },
                "StartingPosition": spec.start.position(),
                "StartingPositionTimestamp": seconds,
                "BatchSize": spec.batch_size.value,
                "MaximumBatchingWindowInSeconds": spec.window_seconds.value,
                "ParallelizationFactor": spec.parallelization.value,
                "BisectBatchOnFunctionError": spec.bisect.value,
                "MaximumRetryAttempts": UNLIMITED,
                "MaximumRecordAgeInSeconds": spec.max_age_seconds,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "MetricsConfig": some(!metrics.is_empty(), json!({ "Metrics": metrics })),
                "DestinationConfig": on_failure.map(|arn| json!({ "OnFailure": { "Destination": arn } })),
                "Tags": tags(of),
            }),
        )
        .terraform(
            "aws_lambda_event_source_mapping",
            json!({
                "function_name": reference_to("aws_lambda_alias", &alias, "arn"),
                "event_source_arn": reference_to("aws_kinesis_stream", Ids::STREAM, "arn"),
                "starting_position": spec.start.position(),
                "starting_position_timestamp": spec.start.time(),
                "batch_size": spec.batch_size.value,
                "maximum_batching_window_in_seconds": spec.window_seconds.value,
                "parallelization_factor": spec.parallelization.value,
                "bisect_batch_on_function_error": spec.bisect.value,
                "maximum_retry_attempts": UNLIMITED,
                "maximum_record_age_in_seconds": spec.max_age_seconds,
                "function_response_types": ["ReportBatchItemFailures"],
                "metrics_config": some(!metrics.is_empty(), block(json!({ "metrics": metrics }))),
                "destination_config": on_failure
                    .map(|arn| block(json!({ "on_failure": block(json!({ "destination_arn": arn })) }))),
                "tags": of,
            }),
        )
}
