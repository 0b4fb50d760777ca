//! A forwarder's log group in a template.

use serde_json::json;

use super::LogGroup;
use super::action::Action;
use crate::export::{Declared, Ids, Template, tags};
use crate::resources::Plan;
use crate::resources::kind::Exported;

impl Exported for LogGroup {
    type Action = Action;

    fn declare(ids: Ids<'_>, action: &Action, _: &Plan, template: &mut Template) {
        let Action::Create { name, retention_days, tags: of } = action else { return };
        template.declare(
            Declared::new(ids.log_group(name))
                .cloudformation(
                    "AWS::Logs::LogGroup",
                    json!({ "LogGroupName": name, "RetentionInDays": retention_days, "Tags": tags(of) }),
                )
                .terraform(
                    "aws_cloudwatch_log_group",
                    json!({ "name": name, "retention_in_days": retention_days, "tags": of }),
                ),
        );
    }
}
