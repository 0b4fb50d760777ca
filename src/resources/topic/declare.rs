//! The topic of the alarms in a template.

use serde_json::json;

use super::Topic;
use super::action::Action;
use crate::export::{Declared, Ids, Template, reference_to, tags};
use crate::resources::Plan;
use crate::resources::kind::Exported;

impl Exported for Topic {
    type Action = Action;

    fn declare(ids: Ids<'_>, action: &Action, _: &Plan, template: &mut Template) {
        match action {
            Action::Create { name, tags: of, .. } => template.declare(
                Declared::new(Ids::TOPIC)
                    .cloudformation("AWS::SNS::Topic", json!({ "TopicName": name, "Tags": tags(of) }))
                    .terraform("aws_sns_topic", json!({ "name": name, "tags": of })),
            ),
            Action::Subscribe { address, .. } => template.declare(
                Declared::new(ids.one_of("Mail", address))
                    .cloudformation(
                        "AWS::SNS::Subscription",
                        json!({ "TopicArn": { "Ref": Ids::TOPIC }, "Protocol": "email", "Endpoint": address }),
                    )
                    .terraform(
                        "aws_sns_topic_subscription",
                        json!({
                            "topic_arn": reference_to("aws_sns_topic", Ids::TOPIC, "arn"),
                            "protocol": "email",
                            "endpoint": address,
                        }),
                    ),
            ),
            Action::Tag { .. } | Action::Delete { .. } => {}
        }
    }
}
