//! The stream in a template.

use serde_json::json;

use super::Stream;
use super::action::Action;
use super::desired::StreamMode;
use crate::export::{Declared, Ids, Template, block, tags};
use crate::resources::Plan;
use crate::resources::kind::Exported;

impl Exported for Stream {
    type Action = Action;

    fn declare(_: Ids<'_>, action: &Action, _: &Plan, template: &mut Template) {
        match action {
            Action::Create { name, mode, tags: of } => {
                let mode_name = match mode {
                    StreamMode::Provisioned { .. } => "PROVISIONED",
                    StreamMode::OnDemand => "ON_DEMAND",
                };
                template.declare(
                    Declared::new(Ids::STREAM)
                        .cloudformation(
                            "AWS::Kinesis::Stream",
                            json!({
                                "Name": name,
                                "StreamModeDetails": { "StreamMode": mode_name },
                                "ShardCount": mode.shards(),
                                "Tags": tags(of),
                            }),
                        )
                        .terraform(
                            "aws_kinesis_stream",
                            json!({
                                "name": name,
                                "stream_mode_details": block(json!({ "stream_mode": mode_name })),
                                "shard_count": mode.shards(),
                                "tags": of,
                            }),
                        ),
                );
            }
            Action::SetRetention { to_hours, .. } => template.amend(
                Ids::STREAM,
                json!({ "RetentionPeriodHours": to_hours }),
                json!({ "retention_period": to_hours }),
            ),
            Action::SetKey { to: Some(key), .. } => template.amend(
                Ids::STREAM,
                json!({ "StreamEncryption": { "EncryptionType": "KMS", "KeyId": key } }),
                json!({ "encryption_type": "KMS", "kms_key_id": key }),
            ),
            _ => {}
        }
    }
}
