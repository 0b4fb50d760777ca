//! A subscription filter in a template.

use serde_json::json;

use super::Filter;
use super::action::Action;
use super::desired::{FilterExtras, FilterSpec};
use crate::export::{Declared, Ids, Template, reference_to};
use crate::resources::Plan;
use crate::resources::kind::Exported;

/// What must exist before a log group is led into the stream, besides stream and role: no record is written before a
/// function reads it, and CloudWatch Logs tries the role at once.
pub(crate) fn before_subscriptions(ids: Ids<'_>, template: &Template) -> Vec<String> {
    before_records(ids, &ids.names.logs_role, template)
}

/// The same for whatever has this role write to the stream.
pub(crate) fn before_records(ids: Ids<'_>, role: &str, template: &Template) -> Vec<String> {
    [ids.policy(role)].into_iter().chain(template.ids_of("AWS::Lambda::EventSourceMapping")).collect()
}

impl Exported for Filter {
    type Action = Action;

    fn declare(ids: Ids<'_>, action: &Action, _: &Plan, template: &mut Template) {
        let (Action::Put(put) | Action::Replace { put, .. }) = action else { return };
        let FilterSpec { log_group, name, pattern, distribution, extras, .. } = &**put;
        let role = ids.role(&ids.names.logs_role);
        let FilterExtras { apply_on_transformed_logs, emit_system_fields, field_selection_criteria } = extras;
        let transformed = apply_on_transformed_logs.then_some(true);
        let fields = Some(emit_system_fields).filter(|fields| !fields.is_empty());
        template.declare(
            Declared::new(ids.filter(log_group, name))
                .after(before_subscriptions(ids, template))
                .cloudformation(
                    "AWS::Logs::SubscriptionFilter",
                    json!({
                        "LogGroupName": log_group,
                        "FilterName": name,
                        "FilterPattern": pattern.value,
                        "Distribution": distribution.value.in_aws(),
                        "DestinationArn": { "Fn::GetAtt": [Ids::STREAM, "Arn"] },
                        "RoleArn": { "Fn::GetAtt": [role, "Arn"] },
                        "ApplyOnTransformedLogs": transformed,
                        "EmitSystemFields": fields,
                        "FieldSelectionCriteria": field_selection_criteria,
                    }),
                )
                .terraform(
                    "aws_cloudwatch_log_subscription_filter",
                    json!({
                        "log_group_name": log_group,
                        "name": name,
                        "filter_pattern": pattern.value,
                        "distribution": distribution.value.in_aws(),
                        "destination_arn": reference_to("aws_kinesis_stream", Ids::STREAM, "arn"),
                        "role_arn": reference_to("aws_iam_role", &role, "arn"),
                        "apply_on_transformed_logs": transformed,
                        "emit_system_fields": fields,
                        "field_selection_criteria": field_selection_criteria,
                    }),
                ),
        );
    }
}
