//! The dashboard in a template.

use serde_json::json;

use super::Dashboard;
use super::action::Action;
use crate::export::{Declared, Ids, Template};
use crate::resources::Plan;
use crate::resources::kind::Exported;

impl Exported for Dashboard {
    type Action = Action;

    fn declare(_: Ids<'_>, action: &Action, _: &Plan, template: &mut Template) {
        let Action::Create { name, body, .. } = action else { return };
        let body = body.to_string();
        template.declare(
            Declared::new("Dashboard")
                .cloudformation(
                    "AWS::CloudWatch::Dashboard",
                    json!({ "DashboardName": name, "DashboardBody": body }),
                )
                .terraform(
                    "aws_cloudwatch_dashboard",
                    json!({ "dashboard_name": name, "dashboard_body": body }),
                ),
        );
    }
}
