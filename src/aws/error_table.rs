//! What AWS's errors mean here: one table says what is retried, what an error is for us, and what to do next.
//!
//! `docs/errors.md` and the tests follow it.

use super::AwsError;
use super::error::{
    CANNOT_START, CERTIFICATE, FAILED_CREDENTIALS, INVALID_RESPONSE, NO_CREDENTIALS, TIMEOUT, UNREACHABLE,
    VANISHED,
};
use super::error_row::{ANY_5XX, Row, any, on};
use super::retry::{Cause, Retry};
use crate::error::{Code, UNKNOWN_LOG_GROUP_HINT};

const PUT_FILTER: &[&str] = &["PutSubscriptionFilter", "PutAccountPolicy"];
/// What CloudWatch Logs tests with a message at once.
const TESTED: &[&str] = &["PutSubscriptionFilter", "PutAccountPolicy", "PutDestination"];
const WITH_ROLE: &[&str] = &[
    "CreateFunction",
    "UpdateFunctionConfiguration",
    "CreateEventSourceMapping",
    "UpdateEventSourceMapping",
];
/// What names a version or an alias that the run has just made.
const WITH_VERSION: &[&str] =
    &["CreateAlias", "UpdateAlias", "CreateEventSourceMapping", "UpdateEventSourceMapping"];
// `AuthorizationError` is SNS's.
const ACCESS_DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "UnauthorizedOperation",
    "NotAuthorized",
];
const INVALID_PARAMETER: &[&str] =
    &["InvalidParameterException", "InvalidParameterValueException", "ValidationException"];

/// What to do where no policy allows a call.
pub(crate) const MISSING_PERMISSION: &str =
    "the identity above lacks this permission: ask the administrator of the account for it";

/// What to do when something disappears under a run.
pub(super) const VANISHED_HINT: &str = "another run is deleting the stack, perhaps `cwl2le teardown`: let it finish, \
    then run `cwl2le setup` to create what is missing, or `cwl2le status` to see what is left";

/// How filter patterns are written.
pub(crate) const BAD_PATTERN_HINT: &str = "write `{ $.level > 0 }` for JSON, `[a, b=*Z, c]` for fields between spaces, \
    `\"some words\"` for text";

const WRONG_CLOCK: &str = "set the clock of this machine: AWS refuses signatures that are minutes off";
const RATE_USED_UP: &str = "other programs use up the account's request rate: run the same command again later; it continues where this run stopped";
const FEWER_CALLS: &str = "AWS to take more calls";

/// The rows. Each error is looked up twice: is it retried, and what does it mean. Each time, the first matching row
/// that answers the question decides.
pub(super) static TABLE: &[Row] = &[
    any(&[VANISHED]).means(Code::NotFound, VANISHED_HINT),
    // Who we are.
    any(&[NO_CREDENTIALS]).means(
        Code::NoCredentials,
        "sign in with `aws configure`, `aws login` or `aws sso login`; or choose a profile with --profile; or set \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    any(&[FAILED_CREDENTIALS]).means(
        Code::BadCredentials,
        "sign in again with `aws login` or `aws sso login`, or check the profile; `aws sts get-caller-identity` must \
         succeed",
    ),
    any(&["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"]).means(
        Code::BadCredentials,
        "the session has expired: sign in again with `aws login` or `aws sso login`, or get new temporary credentials",
    ),
    any(&["InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"]).means(
        Code::BadCredentials,
        "check the access key: it may be wrong, disabled or from another AWS partition; or the session token is missing, \
         or the region is not enabled for the account",
    ),
    any(&["RequestTimeTooSkewed", "RequestInTheFuture"]).means(Code::BadCredentials, WRONG_CLOCK),
    any(&["SignatureDoesNotMatch", "InvalidSignatureException"])
        .saying("Signature expired")
        .means(Code::BadCredentials, WRONG_CLOCK),
    any(&["SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"])
        .means(Code::BadCredentials, "the secret access key does not belong to the access key id"),
    any(&["OptInRequired", "SubscriptionRequiredException"]).means(
        Code::AccessDenied,
        "sign the account up for this service, or enable the region in the account settings",
    ),
    // Something between here and AWS, or an endpoint other than AWS, denies access without a message.
    any(&["Http401", "Http403"]).means(Code::BadCredentials, "check the credentials and the endpoint"),
    // What we may do.
    any(ACCESS_DENIED).saying("explicit deny").means(
        Code::AccessDenied,
        "a policy denies it explicitly (organization, boundary or session): allowing it elsewhere does not help",
    ),
    on("ssm", &[], ACCESS_DENIED).means(
        Code::AccessDenied,
        "this command reads the parameter with your own credentials: you need ssm:GetParameter on it, and kms:Decrypt \
         on its key",
    ),
    on("secretsmanager", &[], ACCESS_DENIED).means(
        Code::AccessDenied,
        "this command reads the secret with your own credentials: you need secretsmanager:GetSecretValue on it, and \
         kms:Decrypt on its key",
    ),
    any(ACCESS_DENIED).means(Code::AccessDenied, MISSING_PERMISSION),
    // Subscription filters and account policies.
    on("logs", &["PutAccountPolicy"], &["LimitExceededException"]).means(
        Code::FilterLimit,
        "AWS allows one account policy in an account and region: replace the existing one with --replace NAME, or \
         subscribe each log group on its own with --per-group",
    ),
    on("logs", PUT_FILTER, &["LimitExceededException"]).means(
        Code::FilterLimit,
        "the log group has as many filters as AWS allows: delete one, or replace one with --replace NAME",
    ),
    // CloudWatch Logs tests the destination when a filter is put, with a role and a stream that may be seconds old.
    on("logs", TESTED, &["InvalidParameterException"])
        .saying("Could not deliver test message")
        .retried(Cause::Propagation, "write access to the stream"),
    on("logs", TESTED, INVALID_PARAMETER).saying("Could not deliver test message").means(
        Code::NotReady,
        "CloudWatch Logs cannot write to the stream: `cwl2le plan` shows what `cwl2le setup` would repair. If the stream is \
         encrypted, the key's policy must allow kms:GenerateDataKey to the role; if the role has a permissions boundary, \
         it must allow kinesis:PutRecord on the stream, as the one that `cwl2le policies boundary` prints",
    ),
    // `ValidationException` is not modelled on this operation; AWS sends it all the same.
    on("logs", PUT_FILTER, &["ValidationException", "InvalidParameterException"])
        .saying("permission to assume the provided role")
        .retried(Cause::Propagation, "CloudWatch Logs to be able to assume the role"),
    on("logs", PUT_FILTER, INVALID_PARAMETER).saying("permission to assume the provided role").means(
        Code::NotReady,
        "CloudWatch Logs cannot assume the role: `cwl2le plan` shows whether `cwl2le setup` has to repair its trust \
         policy; if not, run the same command again in a few minutes",
    ),
    on("logs", &["PutSubscriptionFilter", "PutAccountPolicy", "FilterLogEvents", "TestMetricFilter"], &[])
        .saying("filter pattern")
        .means(Code::BadPattern, BAD_PATTERN_HINT),
    on("logs", PUT_FILTER, &[]).saying("log group class").means(
        Code::LogGroupClass,
        "only log groups of class STANDARD can be subscribed, and AWS cannot change a class",
    ),
    on(
        "logs",
        &["PutSubscriptionFilter", "DescribeSubscriptionFilters", "DeleteSubscriptionFilter", "FilterLogEvents"],
        &["ResourceNotFoundException"],
    )
    .saying("log group")
    .means(Code::UnknownLogGroup, UNKNOWN_LOG_GROUP_HINT),
    on("logs", &[], &["OperationAbortedException"])
        .retried(Cause::Busy, "another change of the log group, the account policy or the destination"),
    // Kinesis.
    on("kinesis", &["CreateStream", "UpdateShardCount", "UpdateStreamMode"], &["LimitExceededException"]).means(
        Code::Aws,
        "a Kinesis quota is used up: shards or streams of the account, 10 changes of the shard count of a stream in 24 \
         hours, or 2 of its mode; use fewer --shards, use --on-demand, wait a day, or ask for more in Service Quotas",
    ),
    // Not on CreateStream: there it means that the name is taken.
    on(
        "kinesis",
        &[
            "AddTagsToStream",
            "DeleteStream",
            "UpdateStreamMode",
            "UpdateShardCount",
            "IncreaseStreamRetentionPeriod",
            "DecreaseStreamRetentionPeriod",
            "StartStreamEncryption",
            "StopStreamEncryption",
        ],
        &["ResourceInUseException"],
    )
    .retried(Cause::Busy, "another change of the stream"),
    // Kinesis throttles reads of its control plane with the code that elsewhere means a quota.
    on(
        "kinesis",
        &["DescribeStreamSummary", "ListTagsForStream", "ListStreamConsumers", "AddTagsToStream"],
        &["LimitExceededException"],
    )
    .retried(Cause::Throttling, FEWER_CALLS),
    on("kinesis", &[], &["LimitExceededException"])
        .saying("Rate exceeded")
        .retried(Cause::Throttling, FEWER_CALLS),
    on("kinesis", &["CreateStream", "DeleteStream"], &["LimitExceededException"])
        .saying("simultaneously be in CREATING or DELETING")
        .retried(Cause::Busy, "other streams to be created or deleted"),
    any(&[
        "KMSNotFoundException",
        "KMSInvalidStateException",
        "KMSDisabledException",
        "KMSAccessDeniedException",
    ])
    .means(
        Code::Aws,
        "check the KMS key (--kms-key): it is missing, disabled, or its policy does not let you use it",
    ),
    // Lambda.
    on("lambda", WITH_ROLE, &["InvalidParameterValueException"])
        .saying("cannot be assumed by Lambda")
        .retried(Cause::Propagation, "Lambda to be able to assume the role"),
    on("lambda", WITH_ROLE, &["InvalidParameterValueException"])
        .saying("execution role does not have permissions")
        .retried(Cause::Propagation, "the role's policy to take effect"),
    // After a role was deleted and made again under its name, the grant still names the old one for a while.
    on("lambda", &["CreateFunction", "UpdateFunctionConfiguration"], &["InvalidParameterValueException"])
        .saying("KMS key is invalid for CreateGrant")
        .retried(Cause::Propagation, "Lambda to be able to use the key with the role"),
    on("lambda", &["CreateEventSourceMapping", "UpdateEventSourceMapping"], &["InvalidParameterValueException"])
        .saying("ensure the role can perform")
        .retried(Cause::Propagation, "the role's policy to take effect"),
    // Lambda repeats what EC2 says: "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound."
    on("lambda", WITH_ROLE, INVALID_PARAMETER).saying("InvalidSubnetID").means(
        Code::NotFound,
        "a subnet does not exist in this account and region: correct --subnets, or `subnets` in [function]; \
         `aws ec2 describe-subnets` lists them",
    ),
    on("lambda", WITH_ROLE, INVALID_PARAMETER).saying("InvalidGroup").means(
        Code::NotFound,
        "a security group does not exist in this account and region: correct --security-groups, or `security_groups` in \
         [function]; `aws ec2 describe-security-groups` lists them",
    ),
    on("lambda", WITH_ROLE, INVALID_PARAMETER).saying("same VPC").means(
        Code::Usage,
        "give subnets and security groups of one VPC: `aws ec2 describe-subnets --query 'Subnets[].[SubnetId,VpcId]'` shows them",
    ),
    on("lambda", &[], INVALID_PARAMETER).saying("be assumed by Lambda").means(
        Code::NotReady,
        "Lambda cannot assume the execution role: `cwl2le plan` shows whether `cwl2le setup` has to repair its trust \
         policy; if not, run the same command again in a few minutes",
    ),
    on("lambda", &[], INVALID_PARAMETER).saying("role").means(
        Code::NotReady,
        "the execution role's policy has not taken effect, or was changed: `cwl2le plan` shows what `cwl2le setup` would \
         repair; if that is nothing, run the same command again in a few minutes",
    ),
    // The function itself fails: its role's policy, or the role itself, has not reached every service.
    on("lambda", &["Invoke"], &[CANNOT_START])
        .saying("AccessDenied")
        .retried(Cause::Granting, "the role's policy to take effect"),
    on("lambda", &["Invoke"], &[CANNOT_START])
        .saying("security token included in the request is invalid")
        .retried(Cause::Granting, "the new role to take effect"),
    on("lambda", WITH_VERSION, &["ResourceNotFoundException"])
        .saying("Function not found")
        .retried(Cause::Consistency, "Lambda to show the new version"),
    on("lambda", &["UpdateEventSourceMapping", "DeleteEventSourceMapping"], &["ResourceInUseException"])
        .retried(Cause::Busy, "another change of the trigger"),
    on("lambda", &[], &["ResourceConflictException"])
        .saying("in progress")
        .retried(Cause::Busy, "another change of the function"),
    on("lambda", &[], &["ResourceConflictException"])
        .saying("currently in the following state")
        .retried(Cause::Busy, "the function to become active"),
    on("lambda", &["Invoke"], &["TooManyRequestsException"]).means(
        Code::Throttled,
        "the function already uses all of its concurrency: give it more with --reserved-concurrency, or run the same \
         command again later",
    ),
    on("lambda", &["PutFunctionConcurrency"], &[]).saying("UnreservedConcurrentExecution").means(
        Code::Aws,
        "the account has too little concurrency to reserve any: leave out --reserved-concurrency, or ask for more in \
         Service Quotas",
    ),
    on("lambda", &[], &["CodeStorageExceededException"])
        .means(Code::Aws, "the account's code storage is full: delete old function versions"),
    on("lambda", &[], &["RequestEntityTooLarge", "RequestTooLargeException"])
        .means(Code::BadBundle, "Lambda accepts zip files of at most 50 MB: `cwl2le package` writes one that is smaller"),
    // IAM.
    on("iam", &["CreateRole", "PutRolePermissionsBoundary"], &["NoSuchEntity"]).saying("policy").means(
        Code::NotFound,
        "the permissions boundary does not exist: use the ARN of a managed policy of this account",
    ),
    on("iam", &["CreateRole", "UpdateAssumeRolePolicy"], &["LimitExceeded"]).saying("ACLSizePerRole").means(
        Code::Aws,
        "the role's trust policy, which names every accepted account, is too long: raise the quota \"Role trust policy \
         length\" to 4,096 in Service Quotas, accept fewer accounts, or accept their organization with --accept-organization",
    ),
    on("iam", &[], &["LimitExceeded"]).means(
        Code::Aws,
        "an IAM quota is used up: delete roles that nobody needs, or ask for more in Service Quotas",
    ),
    on("iam", &["DeleteRole"], &["DeleteConflict"])
        .retried(Cause::Consistency, "IAM to forget the role's policies")
        .means(Code::InUse, "something else is attached to the role: detach it, then run the same command again"),
    on(
        "iam",
        &["PutRolePolicy", "TagRole", "UpdateAssumeRolePolicy", "PutRolePermissionsBoundary"],
        &["NoSuchEntity"],
    )
    .saying("role")
    .retried(Cause::Consistency, "IAM to show the new role"),
    on("iam", &[], &["ConcurrentModification", "EntityTemporarilyUnmodifiable"])
        .retried(Cause::Busy, "another change of the role"),
    // What the configuration refers to.
    any(&["ParameterNotFound", "ParameterVersionNotFound"]).means(
        Code::NotFound,
        "create the parameter in this region, or fix its name in the configuration",
    ),
    on("secretsmanager", &[], &["ResourceNotFoundException"])
        .means(Code::NotFound, "create the secret in this region, or fix its name in the configuration"),
    any(&["InvalidKeyId", "DecryptionFailure", "DecryptionFailureException"]).means(
        Code::AccessDenied,
        "check the key that encrypts it: it is missing, disabled, or its policy does not allow you kms:Decrypt",
    ),
    // Everything else.
    any(&[
        "ResourceConflictException",
        "ResourceInUseException",
        "OperationAbortedException",
        "ConcurrentModification",
    ])
    .means(
        Code::NotReady,
        "another change is in progress, perhaps another run of cwl2le: wait until it ends, then run the same command again",
    ),
    any(&["ResourceNotFoundException", "NoSuchEntity"]).means(
        Code::NotFound,
        "it was deleted, or is in another region: `cwl2le setup` creates what is missing",
    ),
    any(&[
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
        "SlowDown",
    ])
    .retried(Cause::Throttling, FEWER_CALLS),
    any(&[
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "ProvisionedThroughputExceededException",
        "SlowDown",
    ])
    .means(Code::Throttled, RATE_USED_UP),
    any(&["LimitExceededException"]).saying("Rate exceeded").means(Code::Throttled, RATE_USED_UP),
    any(&[ANY_5XX, "InternalFailure", "InternalError", "RequestTimeout", "ServiceUnavailable", TIMEOUT])
        .retried(Cause::Fault, "AWS to recover"),
    any(&[TIMEOUT]).means(
        Code::Unreachable,
        "AWS did not answer in time: check the network and --endpoint-url, then run the same command again",
    ),
    any(&[CERTIFICATE]).saying("UnknownIssuer").means(
        Code::Unreachable,
        "behind a proxy that inspects TLS, set AWS_CA_BUNDLE, or `ca_bundle` in the profile, to the PEM file of its \
         certificate authority; otherwise install the package `ca-certificates`, and check --endpoint-url",
    ),
    any(&[CERTIFICATE]).means(
        Code::Unreachable,
        "the server there is not AWS, or the clock of this machine is wrong: check the proxy (HTTPS_PROXY), --endpoint-url \
         and AWS_ENDPOINT_URL",
    ),
    any(&[UNREACHABLE]).retried(Cause::Connection, "a connection").means(
        Code::Unreachable,
        "check the network, the proxy (HTTPS_PROXY), --endpoint-url and AWS_ENDPOINT_URL; with AWS_USE_FIPS_ENDPOINT or \
         AWS_USE_DUALSTACK_ENDPOINT, or these settings in the profile: not every service has such an endpoint in every region",
    ),
    any(&[INVALID_RESPONSE]).means(
        Code::Unreachable,
        "something between this machine and AWS answered: sign in to the network if it has a login page, and check the \
         proxy (HTTPS_PROXY), --endpoint-url and AWS_ENDPOINT_URL",
    ),
    any(&["InternalFailure", "InternalError", "ServiceUnavailable", "ServiceException", "ServiceFailure"]).means(
        Code::Aws,
        "this is a fault of AWS: run the same command again later; it continues where this run stopped",
    ),
];

/// Why and how long a call with this error and HTTP status is retried; `None` if retrying would not help.
pub(crate) fn retry(error: &AwsError, status: Option<u16>) -> Option<&'static Retry> {
    TABLE.iter().filter(|row| row.matches(error, status)).find_map(|row| row.retry.as_ref())
}

/// Our code for an error, and the hint; `None` for an error that the table does not know.
pub(super) fn meaning(error: &AwsError) -> Option<(Code, &'static str)> {
    TABLE.iter().filter(|row| row.matches(error, None)).find_map(|row| row.meaning)
}
