//! The quotas of the account that a stack takes from.

use super::answers::{FunctionQuota, StreamQuota};
use super::{Aws, AwsError};

/// Reads the quotas of Kinesis.
///
/// # Errors
///
/// Whatever `kinesis:DescribeLimits` fails with.
pub(crate) async fn stream_quota(aws: Aws<'_>) -> Result<StreamQuota, AwsError> {
    let kinesis = aws.session.kinesis();
    let read = aws.call("kinesis", "DescribeLimits", "the account", || kinesis.describe_limits().send());
    let limits = read.await?;
    Ok(StreamQuota {
        most_shards: number(limits.shard_limit),
        shards: number(limits.open_shard_count),
        most_on_demand: number(limits.on_demand_stream_count_limit),
        on_demand: number(limits.on_demand_stream_count),
    })
}

/// Reads the quotas of Lambda.
///
/// # Errors
///
/// Whatever `lambda:GetAccountSettings` fails with.
pub(crate) async fn function_quota(aws: Aws<'_>) -> Result<FunctionQuota, AwsError> {
    let lambda = aws.session.lambda();
    let read =
        aws.call("lambda", "GetAccountSettings", "the account", || lambda.get_account_settings().send());
    let settings = read.await?;
    let limit = settings.account_limit.as_ref();
    let usage = settings.account_usage.as_ref();
    let bytes = |bytes: Option<i64>| u64::try_from(bytes.unwrap_or_default()).unwrap_or_default();
    Ok(FunctionQuota {
        concurrency: limit.map_or(0, |limit| number(limit.concurrent_executions)),
        unreserved: limit.map_or(0, |limit| number(limit.unreserved_concurrent_executions.unwrap_or(0))),
        most_code: bytes(limit.map(|limit| limit.total_code_size)),
        code: bytes(usage.map(|usage| usage.total_code_size)),
    })
}

fn number(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::testing::{Answer, FakeAws};

    #[tokio::test]
    async fn the_quotas_are_read_as_the_services_answer_them() {
        let aws = FakeAws::new(|request| {
            Answer::Json(match request.operation.as_str() {
                "DescribeLimits" => json!({"ShardLimit": 200, "OpenShardCount": 7, "OnDemandStreamCount": 1,
                                           "OnDemandStreamCountLimit": 50}),
                _ => {
                    json!({"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900,
                                             "TotalCodeSize": 80_530_636_800_u64},
                            "AccountUsage": {"TotalCodeSize": 5_000_000, "FunctionCount": 3}})
                }
            })
        });
        let session = aws.session();
        let aws = Aws::from(&session);
        let streams = StreamQuota { most_shards: 200, shards: 7, most_on_demand: 50, on_demand: 1 };
        assert_eq!(stream_quota(aws).await.expect("read"), streams);
        let functions =
            FunctionQuota { concurrency: 1000, unreserved: 900, most_code: 80_530_636_800, code: 5_000_000 };
        assert_eq!(function_quota(aws).await.expect("read"), functions);
    }
}
