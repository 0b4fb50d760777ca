//! What the commonest failures become.

use super::super::AwsError;
use super::super::error::Operation;
use super::super::error_row::Row;
use super::super::error_table::{TABLE, meaning};
use super::said;
use crate::error::{Code, Error};

/// One example a row: service, operation, code, message, what it is for us, and a word of the hint.
const EXAMPLES: &[(&str, &str, &str, &str, Code, &str)] = &[
    (
        "logs",
        "PutSubscriptionFilter",
        "Vanished",
        "the stream `s`, which it needs, was deleted in the meantime",
        Code::NotFound,
        "teardown",
    ),
    (
        "sts",
        "GetCallerIdentity",
        "NoCredentials",
        "no providers in chain",
        Code::NoCredentials,
        "aws configure",
    ),
    (
        "sts",
        "GetCallerIdentity",
        "FailedCredentials",
        "the SSO session is over",
        Code::BadCredentials,
        "aws sso login",
    ),
    (
        "sts",
        "GetCallerIdentity",
        "ExpiredToken",
        "The security token included in the request is expired",
        Code::BadCredentials,
        "expired",
    ),
    (
        "sts",
        "GetCallerIdentity",
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
        Code::BadCredentials,
        "access key",
    ),
    (
        "kinesis",
        "CreateStream",
        "RequestTimeTooSkewed",
        "The difference is too large",
        Code::BadCredentials,
        "clock",
    ),
    (
        "sts",
        "GetCallerIdentity",
        "SignatureDoesNotMatch",
        "Signature expired: 20261122T010101Z is now earlier than 20261122T020202Z",
        Code::BadCredentials,
        "clock",
    ),
    (
        "sts",
        "GetCallerIdentity",
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided.",
        Code::BadCredentials,
        "secret access key",
    ),
    (
        "lambda",
        "GetFunction",
        "OptInRequired",
        "You are not subscribed",
        Code::AccessDenied,
        "sign the account up",
    ),
    (
        "sts",
        "GetCallerIdentity",
        "Http403",
        "AWS gave no message",
        Code::BadCredentials,
        "check the credentials and the endpoint",
    ),
    (
        "kinesis",
        "CreateStream",
        "AccessDeniedException",
        "User: u is not authorized to perform: kinesis:CreateStream with an explicit deny in a service control policy",
        Code::AccessDenied,
        "explicitly",
    ),
    (
        "ssm",
        "GetParameter",
        "AccessDeniedException",
        "User: u is not authorized to perform: ssm:GetParameter on resource: p",
        Code::AccessDenied,
        "ssm:GetParameter",
    ),
    (
        "secretsmanager",
        "GetSecretValue",
        "AccessDeniedException",
        "User: u is not authorized to perform: secretsmanager:GetSecretValue on resource: s",
        Code::AccessDenied,
        "secretsmanager:GetSecretValue",
    ),
    (
        "iam",
        "GetRole",
        "AccessDenied",
        "User: u is not authorized to perform: iam:GetRole on resource: role r",
        Code::AccessDenied,
        "permission",
    ),
    (
        "logs",
        "PutAccountPolicy",
        "LimitExceededException",
        "Resource limit exceeded.",
        Code::FilterLimit,
        "--per-group",
    ),
    (
        "logs",
        "PutSubscriptionFilter",
        "LimitExceededException",
        "Resource limit exceeded.",
        Code::FilterLimit,
        "--replace",
    ),
    (
        "logs",
        "PutSubscriptionFilter",
        "InvalidParameterException",
        "Could not deliver test message to specified Kinesis stream.",
        Code::NotReady,
        "cannot write to the stream",
    ),
    (
        "logs",
        "PutSubscriptionFilter",
        "ValidationException",
        "Make sure you have given CloudWatch Logs permission to assume the provided role.",
        Code::NotReady,
        "trust policy",
    ),
    (
        "logs",
        "PutSubscriptionFilter",
        "InvalidParameterException",
        "Invalid character(s) in filter pattern: '{'",
        Code::BadPattern,
        "for fields between spaces",
    ),
    (
        "logs",
        "PutSubscriptionFilter",
        "InvalidOperationException",
        "This operation is not supported for this log group class",
        Code::LogGroupClass,
        "STANDARD",
    ),
    (
        "logs",
        "PutSubscriptionFilter",
        "ResourceNotFoundException",
        "The specified log group does not exist.",
        Code::UnknownLogGroup,
        "case-sensitive",
    ),
    (
        "kinesis",
        "CreateStream",
        "LimitExceededException",
        "This request would exceed the shard limit for the account",
        Code::Aws,
        "Service Quotas",
    ),
    (
        "kinesis",
        "StartStreamEncryption",
        "KMSNotFoundException",
        "Key 'x' does not exist",
        Code::Aws,
        "--kms-key",
    ),
    (
        "lambda",
        "CreateFunction",
        "InvalidParameterValueException",
        "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The subnet ID \
         'subnet-1' does not exist",
        Code::NotFound,
        "--subnets",
    ),
    (
        "lambda",
        "UpdateFunctionConfiguration",
        "InvalidParameterValueException",
        "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. EC2 Error Message: The \
         security group 'sg-1' does not exist",
        Code::NotFound,
        "--security-groups",
    ),
    (
        "lambda",
        "CreateFunction",
        "InvalidParameterValueException",
        "Security Groups are required to be in the same VPC.",
        Code::Usage,
        "one VPC",
    ),
    (
        "lambda",
        "CreateFunction",
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda. (waited 300 s)",
        Code::NotReady,
        "trust policy",
    ),
    (
        "lambda",
        "CreateEventSourceMapping",
        "InvalidParameterValueException",
        "Please ensure the role can perform the GetRecords Action",
        Code::NotReady,
        "policy",
    ),
    (
        "lambda",
        "Invoke",
        "TooManyRequestsException",
        "Rate Exceeded.",
        Code::Throttled,
        "all of its concurrency",
    ),
    (
        "lambda",
        "PutFunctionConcurrency",
        "InvalidParameterValueException",
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below \
         its minimum value of [10].",
        Code::Aws,
        "--reserved-concurrency",
    ),
    (
        "lambda",
        "CreateFunction",
        "CodeStorageExceededException",
        "Code storage limit exceeded.",
        Code::Aws,
        "full",
    ),
    (
        "lambda",
        "CreateFunction",
        "RequestEntityTooLargeException",
        "Request too large",
        Code::BadBundle,
        "50 MB",
    ),
    (
        "iam",
        "CreateRole",
        "NoSuchEntity",
        "Scope ARN: arn:aws:iam::1:policy/p does not exist or is not attachable; policy not found",
        Code::NotFound,
        "boundary",
    ),
    (
        "iam",
        "CreateRole",
        "LimitExceeded",
        "Cannot exceed quota for ACLSizePerRole: 2048",
        Code::Aws,
        "Role trust policy length",
    ),
    (
        "iam",
        "CreateRole",
        "LimitExceeded",
        "Cannot exceed quota for RolesPerAccount: 1000",
        Code::Aws,
        "IAM quota",
    ),
    (
        "iam",
        "DeleteRole",
        "DeleteConflict",
        "Cannot delete entity, must remove roles from instance profile first.",
        Code::InUse,
        "detach",
    ),
    ("ssm", "GetParameter", "ParameterNotFound", "", Code::NotFound, "the parameter"),
    (
        "secretsmanager",
        "GetSecretValue",
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
        Code::NotFound,
        "the secret",
    ),
    ("ssm", "GetParameter", "InvalidKeyId", "The key is disabled", Code::AccessDenied, "kms:Decrypt"),
    (
        "lambda",
        "UpdateFunctionCode",
        "ResourceConflictException",
        "An update is in progress for resource",
        Code::NotReady,
        "another change",
    ),
    (
        "kinesis",
        "AddTagsToStream",
        "ResourceNotFoundException",
        "Stream s not found",
        Code::NotFound,
        "setup",
    ),
    ("iam", "CreateRole", "Throttling", "Rate exceeded", Code::Throttled, "again later"),
    (
        "kinesis",
        "ListShards",
        "LimitExceededException",
        "Rate exceeded for stream",
        Code::Throttled,
        "again later",
    ),
    ("kinesis", "CreateStream", "Timeout", "no answer within 30 s", Code::Unreachable, "in time"),
    (
        "sts",
        "GetCallerIdentity",
        "BadCertificate",
        "the certificate is not trusted: its issuer is unknown (UnknownIssuer)",
        Code::Unreachable,
        "AWS_CA_BUNDLE",
    ),
    (
        "sts",
        "GetCallerIdentity",
        "BadCertificate",
        "certificate not valid for name \"sts.eu-west-1.amazonaws.com\"",
        Code::Unreachable,
        "not AWS",
    ),
    ("kinesis", "CreateStream", "Unreachable", "Connection refused", Code::Unreachable, "--endpoint-url"),
    ("iam", "GetRole", "InvalidResponse", "HTTP 403 with a non-AWS body", Code::Unreachable, "proxy"),
    ("lambda", "CreateFunction", "ServiceException", "An error occurred", Code::Aws, "fault of AWS"),
];

#[test]
fn every_row_is_reached_and_its_hint_helps() {
    let rows: Vec<&Row> = TABLE.iter().filter(|row| row.meaning.is_some()).collect();
    assert_eq!(EXAMPLES.len(), rows.len(), "one example a row");
    for (index, &(service, operation, code, message, means, word)) in EXAMPLES.iter().enumerate() {
        let said = said(service, operation, code, message);
        let row = rows.iter().position(|row| row.matches(&said, None));
        assert_eq!(row, Some(index), "{code}: {message}");
        assert_eq!(meaning(&said), rows[index].meaning, "{code}: {message}");
        let error = Error::from(said);
        assert_eq!(error.code, means, "{code}: {message}");
        let hint = error.hint.expect("a hint");
        assert!(hint.contains(word), "{code}: {hint}");
        assert!(error.message.contains(message.trim_end_matches('.')), "AWS' own words are kept");
        assert!(error.message.contains(code) && error.message.contains(operation));
    }
}

#[test]
fn a_stop_does_not_read_as_a_failure_of_aws() {
    let operation =
        Operation { service: "lambda", name: "GetFunctionConfiguration", resource: "cwl-to-logentries" };
    let stopped = AwsError::interrupted(operation);
    let error = Error::from(stopped);
    assert_eq!((error.code, error.aws, error.resource), (Code::Interrupted, None, None));
    assert_eq!(error.message, "stopped before it was done");
    assert!(error.hint.is_some_and(|hint| hint.contains("same command again")));
}

#[test]
fn what_nobody_foresaw_keeps_its_name() {
    let error = Error::from(said("kinesis", "CreateStream", "BrandNewException", "Something new."));
    assert_eq!(error.code, Code::Aws);
    assert_eq!(error.message, "kinesis:CreateStream on thing failed: BrandNewException: Something new");
    assert_eq!(error.hint, None);
    assert_eq!(error.resource.as_deref(), Some("thing"));
}
