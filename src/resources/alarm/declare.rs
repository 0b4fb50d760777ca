//! An alarm in a template.

use serde_json::{Value, json};

use super::Alarm;
use super::action::Action;
use super::rule::{MAPPING, Rule, Subject};
use crate::export::{Declared, Ids, Template, reference_to, tags};
use crate::resources::Plan;
use crate::resources::kind::Exported;
use crate::stack::Tags;

impl Exported for Alarm {
    type Action = Action;

    fn declare(ids: Ids<'_>, action: &Action, _: &Plan, template: &mut Template) {
        let Action::Create { name, rule, tags } = action else { return };
        template.declare(alarm(ids, name, rule, tags));
    }
}

fn alarm(ids: Ids<'_>, name: &str, rule: &Rule, of: &Tags) -> Declared {
    let [listed, mapped] = dimensions(ids, &rule.subject);
    let mut properties = rule.members(name, listed);
    properties["Tags"] = tags(of);
    Declared::new(ids.one_of("Alarm", name))
        .after([Ids::TOPIC.to_owned()])
        .cloudformation("AWS::CloudWatch::Alarm", properties)
        .terraform(
            "aws_cloudwatch_metric_alarm",
            json!({
                "alarm_name": name,
                "alarm_description": rule.description,
                "actions_enabled": rule.enabled,
                "alarm_actions": rule.notify,
                "ok_actions": rule.notify_ok,
                "namespace": rule.namespace,
                "metric_name": rule.metric,
                "dimensions": mapped,
                "statistic": rule.statistic,
                "period": rule.period_seconds,
                "evaluation_periods": rule.periods,
                "datapoints_to_alarm": rule.datapoints,
                "threshold": rule.threshold,
                "comparison_operator": rule.comparison,
                "treat_missing_data": rule.missing,
                "tags": of,
            }),
        )
}

/// The dimensions as CloudFormation and as Terraform have them. The id of an event source mapping is known to them once
/// it exists.
fn dimensions(ids: Ids<'_>, subject: &Subject) -> [Value; 2] {
    match subject {
        Subject::Dimensions(dimensions) => [
            dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect(),
            json!(dimensions),
        ],
        Subject::Trigger { function, .. } => {
            let id = ids.trigger(function);
            [
                json!([{ "Name": MAPPING, "Value": { "Ref": id } }]),
                json!({ MAPPING: reference_to("aws_lambda_event_source_mapping", &id, "uuid") }),
            ]
        }
    }
}
