//! A CloudWatch Logs destination of a central account, made by hand for any members.

use aws_config::SdkConfig;
use serde_json::{Value, json};

use super::REGION;

/// Its name.
const NAME: &str = "cwl-from-accounts";
/// The role that puts records into the stream.
const ROLE: &str = "for-members";

/// A destination, and the central account that it is in.
pub(crate) struct Destination {
    pub(crate) arn: String,
    config: SdkConfig,
}

impl Destination {
    /// One that leads into a stream of the account, for members with these ids. It accepts nobody yet.
    pub(crate) async fn make(config: SdkConfig, account: &str, stream: &str, members: &[&str]) -> Self {
        let iam = aws_sdk_iam::Client::new(&config);
        let allow =
            |statement: Value| json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let senders = members.iter().copied().chain([account]);
        let sources: Vec<String> = senders.map(|id| format!("arn:aws:logs:{REGION}:{id}:*")).collect();
        let trust = allow(json!({
            "Effect": "Allow", "Principal": { "Service": "logs.amazonaws.com" }, "Action": "sts:AssumeRole",
            "Condition": { "StringLike": { "aws:SourceArn": sources } },
        }));
        let role = iam.create_role().role_name(ROLE).assume_role_policy_document(trust);
        let role = role.send().await.expect("a role").role.expect("a role");
        let write = allow(json!({ "Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": "*" }));
        let policy = iam.put_role_policy().role_name(ROLE).policy_name("write").policy_document(write);
        policy.send().await.expect("a policy");
        let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
        let put = logs.put_destination().destination_name(NAME).role_arn(role.arn);
        let stream = format!("arn:aws:kinesis:{REGION}:{account}:stream/{stream}");
        put.target_arn(stream).send().await.expect("a destination");
        Self { arn: format!("arn:aws:logs:{REGION}:{account}:destination:{NAME}"), config }
    }

    /// Accepts an account by its id.
    pub(crate) async fn accept_account(&self, account: &str) {
        self.accept(json!({ "Principal": { "AWS": account } })).await;
    }

    /// Accepts an organization.
    pub(crate) async fn accept_organization(&self, organization: &str) {
        let condition = json!({ "StringEquals": { "aws:PrincipalOrgID": organization } });
        self.accept(json!({ "Principal": "*", "Condition": condition })).await;
    }

    async fn accept(&self, mut statement: Value) {
        statement["Effect"] = json!("Allow");
        statement["Action"] = json!("logs:PutSubscriptionFilter");
        statement["Resource"] = json!(self.arn);
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let logs = aws_sdk_cloudwatchlogs::Client::new(&self.config);
        let put = logs.put_destination_policy().destination_name(NAME).access_policy(policy);
        put.force_update(true).send().await.expect("an access policy");
    }
}
