//! Policies of the account and region on all of its logs, which change what a chain does.

use aws_sdk_cloudwatchlogs::types::PolicyType;

use super::answers::LogPolicy;
use super::{Aws, AwsError};

/// The policy on whether CloudWatch makes metrics of logs.
///
/// # Errors
///
/// Whatever `logs:DescribeAccountPolicies` fails with.
pub(crate) async fn on_metric_extraction(aws: Aws<'_>) -> Result<Option<LogPolicy>, AwsError> {
    of(aws, &PolicyType::MetricExtractionPolicy).await
}

/// The policy on how long logs are kept.
///
/// # Errors
///
/// Whatever `logs:DescribeAccountPolicies` fails with.
pub(crate) async fn on_retention(aws: Aws<'_>) -> Result<Option<LogPolicy>, AwsError> {
    of(aws, &PolicyType::RetentionPolicy).await
}

async fn of(aws: Aws<'_>, kind: &PolicyType) -> Result<Option<LogPolicy>, AwsError> {
    let logs = aws.session.logs();
    let policies = aws.pages(
        "logs",
        "DescribeAccountPolicies",
        "the account",
        |next| logs.describe_account_policies().policy_type(kind.clone()).set_next_token(next).send(),
        |page| (page.account_policies.unwrap_or_default(), page.next_token),
    );
    let mut policies = policies.await?.into_iter();
    // Whoever does not know a kind may answer with all of them.
    let policy = policies.find(|policy| policy.policy_type.as_ref() == Some(kind));
    Ok(policy.map(|policy| LogPolicy {
        name: policy.policy_name.unwrap_or_default(),
        document: policy.policy_document.unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::testing::{Answer, FakeAws};

    #[tokio::test]
    async fn only_a_policy_of_the_kind_counts_and_it_may_stand_on_a_later_page() {
        let aws = FakeAws::new(|request| {
            let policy = |kind: &str| json!({"policyName": "p", "policyType": kind, "policyDocument": "{}"});
            Answer::Json(match (request.text("policyType"), request.text("nextToken")) {
                ("RETENTION_POLICY", "") => json!({"accountPolicies": [], "nextToken": "n"}),
                ("RETENTION_POLICY", _) => json!({"accountPolicies": [policy("RETENTION_POLICY")]}),
                _ => json!({"accountPolicies": [policy("DATA_PROTECTION_POLICY")]}),
            })
        });
        let session = aws.session();
        let found = on_retention((&session).into()).await.expect("read");
        assert_eq!(found, Some(LogPolicy { name: "p".to_owned(), document: "{}".to_owned() }));
        assert_eq!(on_metric_extraction((&session).into()).await.expect("read"), None);
    }
}
