//! The dashboard in a template. Terraform's provider gives a dashboard no tags, without which it would be nobody's.

use serde_json::json;

use super::Dashboard;
use super::action::Action;
use crate::export::{Declared, Ids, Template, tags};
use crate::resources::Plan;
use crate::resources::kind::Exported;

impl Exported for Dashboard {
    type Action = Action;

    fn declare(_: Ids<'_>, action: &Action, _: &Plan, template: &mut Template) {
        let Action::Create { name, body, tags: of, .. } = action else { return };
        let body = body.to_string();
        template.declare(Declared::new("Dashboard").cloudformation(
            "AWS::CloudWatch::Dashboard",
            json!({ "DashboardName": name, "DashboardBody": body, "Tags": tags(of) }),
        ));
    }
}
