//! Every row of the table that retries a call, with the words of AWS.

use std::time::Duration;

use proptest::prelude::*;

use super::super::error_table::{TABLE, retry};
use super::super::retry::{Backoff, Retry};
use super::said;

/// One example a row: service, operation, code, message, status.
const EXAMPLES: &[(&str, &str, &str, &str, u16)] = &[
    (
        "logs",
        "PutSubscriptionFilter",
        "InvalidParameterException",
        "Could not deliver test message to specified Kinesis stream. Check if the given kinesis stream is in ACTIVE state. ",
        400,
    ),
    (
        "logs",
        "PutSubscriptionFilter",
        "ValidationException",
        "Make sure you have given CloudWatch Logs permission to assume the provided role.",
        400,
    ),
    (
        "logs",
        "PutSubscriptionFilter",
        "OperationAbortedException",
        "A conflicting operation is currently in progress against this resource. Please try again.",
        400,
    ),
    (
        "kinesis",
        "UpdateShardCount",
        "ResourceInUseException",
        "Stream s under account 123456789012 not ACTIVE, instead in state UPDATING",
        400,
    ),
    (
        "kinesis",
        "DescribeStreamSummary",
        "LimitExceededException",
        "Rate exceeded for stream s under account 123456789012.",
        400,
    ),
    ("kinesis", "CreateStream", "LimitExceededException", "Rate exceeded for account 123456789012.", 400),
    (
        "kinesis",
        "CreateStream",
        "LimitExceededException",
        "Only 5 streams may simultaneously be in CREATING or DELETING state",
        400,
    ),
    (
        "lambda",
        "CreateFunction",
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
        400,
    ),
    (
        "lambda",
        "CreateFunction",
        "InvalidParameterValueException",
        "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
        400,
    ),
    (
        "lambda",
        "UpdateFunctionConfiguration",
        "InvalidParameterValueException",
        "Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant.",
        400,
    ),
    (
        "lambda",
        "CreateEventSourceMapping",
        "InvalidParameterValueException",
        "Cannot access stream arn:aws:kinesis:eu-west-1:123456789012:stream/s. Please ensure the role can perform the \
         GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM.",
        400,
    ),
    (
        "lambda",
        "Invoke",
        "Cwl2le.InvalidConfiguration",
        "destinations.default.token: SSM parameter `/t` cannot be read: ssm:GetParameter on /t failed: AccessDeniedException: \
         User: arn:aws:sts::1:assumed-role/r/f is not authorized to perform: ssm:GetParameter",
        0,
    ),
    (
        "lambda",
        "Invoke",
        "Cwl2le.InvalidConfiguration",
        "hash_key: SSM parameter `/t` cannot be read: ssm:GetParameter on /t failed: UnrecognizedClientException: The security \
         token included in the request is invalid.",
        0,
    ),
    (
        "lambda",
        "CreateAlias",
        "ResourceNotFoundException",
        "Function not found: arn:aws:lambda:eu-west-1:1:function:f:8",
        404,
    ),
    (
        "lambda",
        "DeleteEventSourceMapping",
        "ResourceInUseException",
        "Cannot delete the event source mapping because it is in use.",
        400,
    ),
    (
        "lambda",
        "UpdateFunctionConfiguration",
        "ResourceConflictException",
        "The operation cannot be performed at this time. An update is in progress for resource: arn",
        409,
    ),
    (
        "lambda",
        "UpdateFunctionCode",
        "ResourceConflictException",
        "The operation cannot be performed at this time. The function is currently in the following state: Pending",
        409,
    ),
    ("iam", "DeleteRole", "DeleteConflict", "Cannot delete entity, must delete policies first.", 409),
    ("iam", "PutRolePolicy", "NoSuchEntity", "The role with name cwl-to-kinesis cannot be found.", 404),
    (
        "iam",
        "DeleteRolePolicy",
        "ConcurrentModificationException",
        "The request was rejected because multiple requests to change this object were submitted simultaneously.",
        409,
    ),
    ("iam", "CreateRole", "Throttling", "Rate exceeded", 400),
    ("logs", "DescribeLogGroups", "Http502", "AWS gave no message", 502),
    ("kinesis", "CreateStream", "Unreachable", "Connection refused (os error 111)", 0),
];

#[test]
fn every_row_is_reached_by_what_aws_says() {
    let rows: Vec<&Retry> = TABLE.iter().filter_map(|row| row.retry.as_ref()).collect();
    assert_eq!(EXAMPLES.len(), rows.len(), "one example a row");
    for (index, &(service, operation, code, message, status)) in EXAMPLES.iter().enumerate() {
        let found = retry(&said(service, operation, code, message), Some(status).filter(|s| *s > 0));
        let found = found.unwrap_or_else(|| panic!("row {index} is not reached by {code}: {message}"));
        assert!(std::ptr::eq(found, rows[index]), "{code}: {message} reached {found:?}");
    }
}

/// Whether two calls that fail with the same words are retried by one row.
fn wait_alike(service: &'static str, operations: [&'static str; 2], code: &str, message: &str) -> bool {
    let of = |operation| retry(&said(service, operation, code, message), Some(400)).expect("retried");
    std::ptr::eq(of(operations[0]), of(operations[1]))
}

#[test]
fn an_account_policy_waits_for_role_and_stream_as_a_filter_does() {
    for &(service, operation, code, message, _) in &EXAMPLES[..3] {
        assert!(wait_alike(service, [operation, "PutAccountPolicy"], code, message), "{code}: {message}");
    }
}

#[test]
fn a_trigger_waits_for_the_role_as_a_function_does() {
    for message in [
        "The role defined for the function cannot be assumed by Lambda.",
        "The provided execution role does not have permissions to call GetRecords on Kinesis",
    ] {
        let operations = ["CreateEventSourceMapping", "CreateFunction"];
        assert!(wait_alike("lambda", operations, "InvalidParameterValueException", message), "{message}");
    }
}

#[test]
fn what_retrying_does_not_mend_is_not_retried() {
    for (service, operation, code, message) in [
        ("kinesis", "CreateStream", "ResourceInUseException", "Stream s under account 1 already exists."),
        ("kinesis", "CreateStream", "LimitExceededException", "This request would exceed the shard limit"),
        ("lambda", "CreateFunction", "ResourceConflictException", "Function already exist: f"),
        (
            "lambda",
            "CreateEventSourceMapping",
            "ResourceConflictException",
            "An event source mapping already exists",
        ),
        ("logs", "PutSubscriptionFilter", "InvalidParameterException", "Invalid filter pattern"),
        ("logs", "PutSubscriptionFilter", "LimitExceededException", "Resource limit exceeded."),
        ("logs", "PutAccountPolicy", "LimitExceededException", "Resource limit exceeded."),
        ("iam", "GetRole", "NoSuchEntity", "The role with name x cannot be found."),
        ("iam", "PutRolePolicy", "AccessDenied", "User: u is not authorized to perform: iam:PutRolePolicy"),
        ("sts", "GetCallerIdentity", "ExpiredToken", "The security token included in the request is expired"),
    ] {
        assert!(retry(&said(service, operation, code, message), Some(400)).is_none(), "{code}: {message}");
    }
}

proptest! {
    #[test]
    fn pauses_grow_and_stay_within_the_budget(row in 0..EXAMPLES.len(), answered: bool) {
        let retry = TABLE.iter().filter_map(|row| row.retry.as_ref()).nth(row).expect("a row");
        let budget = retry.cause.budget(answered);
        let mut backoff = Backoff::new(budget);
        let pauses: Vec<Duration> = (0..50).map(|_| backoff.next()).collect();
        prop_assert!(pauses.iter().all(|p| *p > Duration::ZERO && *p <= Duration::from_secs(20)));
        prop_assert!(pauses[0] < budget.total, "there is time for at least one retry");
        prop_assert!(pauses[40] >= pauses[0]);
    }
}
