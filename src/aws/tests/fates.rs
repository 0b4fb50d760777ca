//! What becomes of every known error of every operation: how long it is retried, our code for it, and the hint.
//!
//! The snapshot shows each change of the table with everything that it changes.

use std::collections::BTreeMap;

use super::super::error_table;
use super::super::retry::{Cause, Retry};
use super::said;
use crate::error::Error;

const OPERATIONS: &[(&str, &[&str])] = &[
    (
        "iam",
        &[
            "AttachRolePolicy",
            "CreateRole",
            "DeleteRole",
            "DeleteRolePolicy",
            "DetachRolePolicy",
            "GetRole",
            "GetRolePolicy",
            "ListAttachedRolePolicies",
            "ListRolePolicies",
            "PutRolePermissionsBoundary",
            "PutRolePolicy",
            "TagRole",
            "UpdateAssumeRolePolicy",
        ],
    ),
    (
        "kinesis",
        &[
            "AddTagsToStream",
            "CreateStream",
            "DecreaseStreamRetentionPeriod",
            "DeleteStream",
            "DescribeStreamSummary",
            "IncreaseStreamRetentionPeriod",
            "ListShards",
            "ListStreamConsumers",
            "ListTagsForStream",
            "StartStreamEncryption",
            "StopStreamEncryption",
            "UpdateShardCount",
            "UpdateStreamMode",
        ],
    ),
    (
        "lambda",
        &[
            "CreateEventSourceMapping",
            "CreateFunction",
            "DeleteEventSourceMapping",
            "DeleteFunction",
            "DeleteFunctionConcurrency",
            "GetEventSourceMapping",
            "GetFunction",
            "GetFunctionConfiguration",
            "Invoke",
            "ListEventSourceMappings",
            "PutFunctionConcurrency",
            "TagResource",
            "UpdateEventSourceMapping",
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
        ],
    ),
    (
        "logs",
        &[
            "CreateLogGroup",
            "CreateLogStream",
            "DeleteAccountPolicy",
            "DeleteLogGroup",
            "DeleteSubscriptionFilter",
            "DescribeAccountPolicies",
            "DescribeLogGroups",
            "DescribeSubscriptionFilters",
            "FilterLogEvents",
            "ListTagsForResource",
            "PutAccountPolicy",
            "PutLogEvents",
            "PutRetentionPolicy",
            "PutSubscriptionFilter",
            "TagResource",
            "TestMetricFilter",
        ],
    ),
    ("secretsmanager", &["DescribeSecret", "GetSecretValue"]),
    ("ssm", &["DescribeParameters", "GetParameter"]),
    ("sts", &["GetCallerIdentity"]),
];

const CODES: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "AuthorizationError",
    "BadCertificate",
    "BandwidthLimitExceeded",
    "BrandNewException",
    "CodeStorageExceededException",
    "ConcurrentModification",
    "Cwl2le.InvalidConfiguration",
    "DecryptionFailure",
    "DeleteConflict",
    "EC2ThrottledException",
    "EntityTemporarilyUnmodifiable",
    "ExpiredToken",
    "FailedCredentials",
    "Http401",
    "Http403",
    "IncompleteSignature",
    "InternalError",
    "InternalFailure",
    "Interrupted",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidKeyId",
    "InvalidParameterException",
    "InvalidParameterValueException",
    "InvalidResponse",
    "InvalidSignatureException",
    "KMSAccessDeniedException",
    "KMSDisabledException",
    "KMSInvalidStateException",
    "KMSNotFoundException",
    "LimitExceeded",
    "LimitExceededException",
    "NoCredentials",
    "NoSuchEntity",
    "NotAuthorized",
    "OperationAbortedException",
    "OptInRequired",
    "ParameterNotFound",
    "ParameterVersionNotFound",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestEntityTooLarge",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "RequestTooLargeException",
    "ResourceConflictException",
    "ResourceInUseException",
    "ResourceNotFoundException",
    "ServiceException",
    "ServiceFailure",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "SlowDown",
    "SubscriptionRequiredException",
    "ThrottledException",
    "Throttling",
    "Timeout",
    "TokenRefreshRequired",
    "TooManyRequestsException",
    "TransactionInProgressException",
    "UnauthorizedOperation",
    "Unreachable",
    "UnrecognizedClientException",
    "ValidationException",
    "Vanished",
];

const MESSAGES: &[&str] = &[
    "AccessDenied",
    "An update is in progress for resource",
    "Could not deliver test message",
    "Only 5 streams may simultaneously be in CREATING or DELETING state",
    "Rate exceeded",
    "Signature expired",
    "The function is currently in the following state: Pending",
    "The role defined for the function cannot be assumed by Lambda",
    "UnknownIssuer",
    "decreases account's UnreservedConcurrentExecution",
    "ensure the role can perform",
    "filter pattern",
    "log group",
    "log group class",
    "permission to assume the provided role",
    "policy not found",
    "security token included in the request is invalid",
    "the KMS key is invalid for CreateGrant",
    "the provided execution role does not have permissions",
    "with an explicit deny",
];

/// What becomes of an error: each fate, with the operations that have it.
type Fates = BTreeMap<String, String>;

fn fates(code: &str, message: &str, status: u16, hints: &mut Vec<String>) -> Fates {
    let mut fates: BTreeMap<String, Vec<(&str, &str)>> = BTreeMap::new();
    for (service, operations) in OPERATIONS {
        for operation in *operations {
            let said = said(service, operation, code, message);
            let retried = match error_table::retry(&said, Some(status)) {
                Some(Retry { cause, why }) => format!("retried: {cause:?}, waits for {why}"),
                None => "not retried".to_owned(),
            };
            let error = Error::from(said);
            let hint = error.hint.map(|hint| numbered(hint, hints));
            let means = format!("{}, hint {hint:?}", error.code.name());
            for fate in [retried, means] {
                fates.entry(fate).or_default().push((service, operation));
            }
        }
    }
    fates.into_iter().map(|(fate, of)| (fate, names(&of))).collect()
}

fn numbered(hint: String, hints: &mut Vec<String>) -> usize {
    hints.iter().position(|known| *known == hint).unwrap_or_else(|| {
        hints.push(hint);
        hints.len() - 1
    })
}

/// Names operations; all those of a service, and all there are, by a star.
fn names(of: &[(&str, &str)]) -> String {
    if of.len() == OPERATIONS.iter().map(|(_, all)| all.len()).sum::<usize>() {
        return "*".to_owned();
    }
    let of_service = |(service, all): &(&str, &[&str])| {
        let some: Vec<&str> =
            of.iter().filter(|(is, _)| is == service).map(|(_, operation)| *operation).collect();
        match some.len() {
            0 => None,
            count if count == all.len() => Some(format!("{service}:*")),
            _ => Some(format!("{service}:{}", some.join(","))),
        }
    };
    OPERATIONS.iter().filter_map(of_service).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_error_has_its_fate() {
    let mut hints = Vec::new();
    // What has the same fate for several codes stands there once.
    let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for code in CODES {
        let plain = fates(code, "", 400, &mut hints);
        // A message, and a status of 500 and more, show only what they change.
        let changed = MESSAGES.iter().map(|message| (*message, 400)).chain([("", 503)]);
        let changed = changed.map(|(message, status)| {
            let mut found = fates(code, message, status, &mut hints);
            found.retain(|fate, of| plain.get(fate) != Some(of));
            (message, status, found)
        });
        let changed: Vec<_> = changed.collect();
        for (message, status, found) in [("", 400, plain)].into_iter().chain(changed) {
            let lines: String = found.iter().map(|(fate, of)| format!("  {fate}\n    {of}\n")).collect();
            if !lines.is_empty() {
                let title = format!("{status} {message}");
                alike.entry(format!("{}\n{lines}", title.trim_end())).or_default().push(code);
            }
        }
    }
    let fates = alike.iter().map(|(fate, codes)| format!("{}\n{fate}\n", codes.join(", ")));
    let hints = hints.iter().enumerate().map(|(at, hint)| format!("hint {at}: {hint}\n"));
    insta::assert_snapshot!(fates.chain(hints).collect::<String>());
}

#[test]
fn every_cause_has_its_budget() {
    let causes = [
        Cause::Propagation,
        Cause::Granting,
        Cause::Busy,
        Cause::Consistency,
        Cause::Throttling,
        Cause::Fault,
        Cause::Connection,
    ];
    // Before AWS has answered for the first time, and after.
    let budgets =
        causes.map(|cause| format!("{cause:?}: {:?}, {:?}", cause.budget(false), cause.budget(true)));
    insta::assert_snapshot!(budgets.join("\n"));
}
