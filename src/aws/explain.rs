//! What an AWS error means and what to do next: one table.

use super::AwsError;
use super::error::{
    CERTIFICATE, FAILED_CREDENTIALS, INTERRUPTED, INVALID_RESPONSE, NO_CREDENTIALS, TIMEOUT, UNREACHABLE,
    VANISHED,
};
use super::wait::VANISHED_HINT;
use crate::error::{Code, Error};
use crate::resources::UNKNOWN_LOG_GROUP_HINT;

/// One row: which errors, what they are for us, and the hint.
pub(super) struct Row {
    /// The service; empty for every one.
    service: &'static str,
    /// The operations; none for every one.
    operations: &'static [&'static str],
    /// The codes, with or without `Exception`; none for every one.
    codes: &'static [&'static str],
    /// What the message must contain, in any case of letters; empty for any message.
    fragment: &'static str,
    /// What it is for us.
    means: Code,
    /// What to do next.
    hint: &'static str,
}

const PUT_FILTER: &[&str] = &["PutSubscriptionFilter", "PutAccountPolicy"];
const ACCESS_DENIED: &[&str] =
    &["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"];
const INVALID_PARAMETER: &[&str] =
    &["InvalidParameterException", "InvalidParameterValueException", "ValidationException"];

/// What to do where no policy allows a call.
pub(crate) const MISSING_PERMISSION: &str =
    "the identity above lacks this permission: ask whoever administers the account for it";

/// What to do after a stop.
const INTERRUPTED_HINT: &str = "run the same command again: it goes on where this run stopped";

/// The rows, in order: the first that matches decides.
pub(super) const TABLE: &[Row] = &[
    any(&[VANISHED], "", Code::NotFound, VANISHED_HINT),
    // Who we are.
    any(
        &[NO_CREDENTIALS],
        "",
        Code::NoCredentials,
        "run `aws configure`, `aws login` or `aws sso login`, give --profile, or set AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY",
    ),
    any(
        &[FAILED_CREDENTIALS],
        "",
        Code::BadCredentials,
        "sign in again with `aws login` or `aws sso login`, or look at the profile; `aws sts get-caller-identity` must \
         succeed",
    ),
    any(
        &["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"],
        "",
        Code::BadCredentials,
        "the session has expired: sign in again with `aws login` or `aws sso login`, or fetch new temporary credentials",
    ),
    any(
        &["InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"],
        "",
        Code::BadCredentials,
        "the access key is wrong, disabled or of another partition, the session token is missing, or the region is \
         not enabled for the account",
    ),
    any(
        &["RequestTimeTooSkewed", "RequestInTheFuture"],
        "",
        Code::BadCredentials,
        "the clock of this machine is wrong: AWS refuses signatures that are minutes off",
    ),
    any(
        &["SignatureDoesNotMatch", "InvalidSignatureException"],
        "Signature expired",
        Code::BadCredentials,
        "the clock of this machine is wrong: AWS refuses signatures that are minutes off",
    ),
    any(
        &["SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"],
        "",
        Code::BadCredentials,
        "the secret access key does not belong to the access key id",
    ),
    any(
        &["OptInRequired", "SubscriptionRequiredException"],
        "",
        Code::AccessDenied,
        "the account is not signed up for this service, or the region is not enabled: see the account settings",
    ),
    // Something between here and AWS, or an endpoint that is none of AWS, refuses without a word.
    any(&["Http401", "Http403"], "", Code::BadCredentials, "check the credentials and the endpoint"),
    // What we may do.
    any(
        ACCESS_DENIED,
        "explicit deny",
        Code::AccessDenied,
        "a policy denies it explicitly (organization, boundary or session): allowing it elsewhere does not help",
    ),
    Row {
        service: "ssm",
        operations: &[],
        codes: ACCESS_DENIED,
        fragment: "",
        means: Code::AccessDenied,
        hint: "what the configuration refers to is read with your own rights here: you need ssm:GetParameter on it, and \
               kms:Decrypt with its key",
    },
    Row {
        service: "secretsmanager",
        operations: &[],
        codes: ACCESS_DENIED,
        fragment: "",
        means: Code::AccessDenied,
        hint: "what the configuration refers to is read with your own rights here: you need \
               secretsmanager:GetSecretValue on it, and kms:Decrypt with its key",
    },
    any(ACCESS_DENIED, "", Code::AccessDenied, MISSING_PERMISSION),
    // Subscription filters and account policies.
    Row {
        service: "logs",
        operations: &["PutAccountPolicy"],
        codes: &["LimitExceededException"],
        fragment: "",
        means: Code::FilterLimit,
        hint: "there is one account policy in an account and region: name the one to give up with --replace, or subscribe \
               the log groups one by one, with --per-group",
    },
    Row {
        service: "logs",
        operations: PUT_FILTER,
        codes: &["LimitExceededException"],
        fragment: "",
        means: Code::FilterLimit,
        hint: "the log group has all the filters AWS allows: delete one, or name the one to give up with --replace",
    },
    Row {
        service: "logs",
        operations: PUT_FILTER,
        codes: INVALID_PARAMETER,
        fragment: "Could not deliver test message",
        means: Code::NotReady,
        hint: "CloudWatch Logs cannot write to the stream: `cwl2le plan` shows what `cwl2le setup` would correct; an \
               encrypted stream also needs kms:GenerateDataKey for the role in the key's policy; if the role has a permissions \
               boundary, it must allow kinesis:PutRecord on the stream, as the one that `cwl2le policies boundary` prints",
    },
    Row {
        service: "logs",
        operations: PUT_FILTER,
        codes: INVALID_PARAMETER,
        fragment: "permission to assume the provided role",
        means: Code::NotReady,
        hint: "CloudWatch Logs may not assume the role: `cwl2le plan` shows whether `cwl2le setup` has to \
               correct its trust policy; if not, run the same command again in a few minutes",
    },
    Row {
        service: "logs",
        operations: &["PutSubscriptionFilter", "PutAccountPolicy", "FilterLogEvents"],
        codes: &[],
        fragment: "filter pattern",
        means: Code::BadPattern,
        hint: "AWS rejects the pattern: `{ $.level > 0 }` is for JSON, `[a, b=*Z, c]` for fields between spaces, \
               `\"a word\"` for text; try it with `aws logs test-metric-filter`",
    },
    Row {
        service: "logs",
        operations: PUT_FILTER,
        codes: &[],
        fragment: "log group class",
        means: Code::LogGroupClass,
        hint: "only log groups of class STANDARD can be subscribed, and a class cannot be changed",
    },
    Row {
        service: "logs",
        operations: &[
            "PutSubscriptionFilter",
            "DescribeSubscriptionFilters",
            "DeleteSubscriptionFilter",
            "FilterLogEvents",
        ],
        codes: &["ResourceNotFoundException"],
        fragment: "log group",
        means: Code::UnknownLogGroup,
        hint: UNKNOWN_LOG_GROUP_HINT,
    },
    // Kinesis.
    Row {
        service: "kinesis",
        operations: &["CreateStream", "UpdateShardCount", "UpdateStreamMode"],
        codes: &["LimitExceededException"],
        fragment: "",
        means: Code::Aws,
        hint: "a quota of Kinesis is used up: shards or streams of the account, 10 changes of the number of shards of a stream in \
               24 hours, or 2 of its mode; use fewer --shards or --on-demand, wait a day, or ask AWS for more in Service Quotas",
    },
    any(
        &[
            "KMSNotFoundException",
            "KMSInvalidStateException",
            "KMSDisabledException",
            "KMSAccessDeniedException",
        ],
        "",
        Code::Aws,
        "the KMS key is missing, disabled, or its policy does not let you use it: see --kms-key",
    ),
    // Lambda.
    Row {
        service: "lambda",
        operations: &[],
        codes: INVALID_PARAMETER,
        fragment: "be assumed by Lambda",
        means: Code::NotReady,
        hint: "Lambda may not assume the execution role: `cwl2le plan` shows whether `cwl2le setup` has to \
               correct its trust policy; if not, run the same command again in a few minutes",
    },
    Row {
        service: "lambda",
        operations: &[],
        codes: INVALID_PARAMETER,
        fragment: "role",
        means: Code::NotReady,
        hint: "the execution role's policy has not taken effect or was changed: `cwl2le plan` shows what `cwl2le setup` \
               would correct; if that is nothing, run the same command again in a few minutes",
    },
    Row {
        service: "lambda",
        operations: &["Invoke"],
        codes: &["TooManyRequestsException"],
        fragment: "",
        means: Code::Throttled,
        hint: "the function uses all of its concurrency, so the test invocation found no turn: give it more with \
               --reserved-concurrency, or run the same command again later",
    },
    Row {
        service: "lambda",
        operations: &["PutFunctionConcurrency"],
        codes: &[],
        fragment: "UnreservedConcurrentExecution",
        means: Code::Aws,
        hint: "the account has too little concurrency to reserve some: leave --reserved-concurrency out, or ask AWS \
               for more in Service Quotas",
    },
    Row {
        service: "lambda",
        operations: &[],
        codes: &["CodeStorageExceededException"],
        fragment: "",
        means: Code::Aws,
        hint: "the account's storage for functions is full: delete old function versions",
    },
    Row {
        service: "lambda",
        operations: &[],
        codes: &["RequestEntityTooLarge", "RequestTooLargeException"],
        fragment: "",
        means: Code::BadBundle,
        hint: "Lambda takes at most 50 MB of zip: `cwl2le package` makes one of a few",
    },
    // IAM.
    Row {
        service: "iam",
        operations: &["CreateRole", "PutRolePermissionsBoundary"],
        codes: &["NoSuchEntity"],
        fragment: "policy",
        means: Code::NotFound,
        hint: "the permissions boundary does not exist: give the ARN of a managed policy of this account",
    },
    Row {
        service: "iam",
        operations: &[],
        codes: &["LimitExceeded"],
        fragment: "",
        means: Code::Aws,
        hint: "a quota of IAM is used up: delete roles that nobody needs, or ask AWS for more in Service Quotas",
    },
    Row {
        service: "iam",
        operations: &["DeleteRole"],
        codes: &["DeleteConflict"],
        fragment: "",
        means: Code::InUse,
        hint: "something else was attached to the role: detach it, then run teardown again",
    },
    // What the configuration refers to.
    any(
        &["ParameterNotFound", "ParameterVersionNotFound"],
        "",
        Code::NotFound,
        "create the parameter in this region, or fix its name in the configuration",
    ),
    Row {
        service: "secretsmanager",
        operations: &[],
        codes: &["ResourceNotFoundException"],
        fragment: "",
        means: Code::NotFound,
        hint: "create the secret in this region, or fix its name in the configuration",
    },
    any(
        &["InvalidKeyId", "DecryptionFailure", "DecryptionFailureException"],
        "",
        Code::AccessDenied,
        "the key that encrypts it is missing or disabled, or its policy does not let you use it: you need kms:Decrypt",
    ),
    // Everything else.
    any(
        &[
            "ResourceConflictException",
            "ResourceInUseException",
            "OperationAbortedException",
            "ConcurrentModification",
        ],
        "",
        Code::NotReady,
        "another change is going on, perhaps another run of cwl2le: wait for it, then run the same command again",
    ),
    any(
        &["ResourceNotFoundException", "NoSuchEntity"],
        "",
        Code::NotFound,
        "it is gone or in another region: `cwl2le setup` makes what is missing",
    ),
    any(
        &[
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottled",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "ProvisionedThroughputExceededException",
            "SlowDown",
        ],
        "",
        Code::Throttled,
        "others use up the account's rate: run the same command again later, what was done stays done",
    ),
    any(
        &["LimitExceededException"],
        "Rate exceeded",
        Code::Throttled,
        "others use up the account's rate: run the same command again later, what was done stays done",
    ),
    any(
        &[TIMEOUT],
        "",
        Code::Unreachable,
        "AWS did not answer in time: check the network and --endpoint-url, then run the same command again",
    ),
    any(
        &[CERTIFICATE],
        "UnknownIssuer",
        Code::Unreachable,
        "behind a proxy that inspects TLS, set AWS_CA_BUNDLE, or `ca_bundle` in the profile, to the PEM file of its \
         authority; elsewhere install the package `ca-certificates`, and check --endpoint-url",
    ),
    any(
        &[CERTIFICATE],
        "",
        Code::Unreachable,
        "whoever answers there is not AWS, or the clock of this machine is wrong: check the proxy (HTTPS_PROXY), \
         --endpoint-url and AWS_ENDPOINT_URL",
    ),
    any(
        &[UNREACHABLE],
        "",
        Code::Unreachable,
        "check the network, the proxy (HTTPS_PROXY), --endpoint-url and AWS_ENDPOINT_URL",
    ),
    any(
        &[INVALID_RESPONSE],
        "",
        Code::Unreachable,
        "something between here and AWS answered: sign in to the network if it has a login page, and check the proxy \
         (HTTPS_PROXY), --endpoint-url and AWS_ENDPOINT_URL",
    ),
    any(
        &["InternalFailure", "InternalError", "ServiceUnavailable", "ServiceException", "ServiceFailure"],
        "",
        Code::Aws,
        "AWS has a fault of its own: run the same command again later, what was done stays done",
    ),
];

const fn any(codes: &'static [&'static str], fragment: &'static str, means: Code, hint: &'static str) -> Row {
    Row { service: "", operations: &[], codes, fragment, means, hint }
}

impl Row {
    pub(super) fn matches(&self, error: &AwsError) -> bool {
        (self.service.is_empty() || self.service == error.service)
            && (self.operations.is_empty() || self.operations.contains(&error.operation))
            && (self.codes.is_empty() || error.is(self.codes))
            && error.message.to_ascii_lowercase().contains(&self.fragment.to_ascii_lowercase())
    }
}

impl From<AwsError> for Error {
    fn from(error: AwsError) -> Self {
        // A call that was not made is no failure of AWS.
        if error.code == INTERRUPTED {
            return Self::new(Code::Interrupted, error.message).hint(INTERRUPTED_HINT);
        }
        let row = TABLE.iter().find(|row| row.matches(&error));
        Self {
            code: row.map_or(Code::Aws, |row| row.means),
            message: error.to_string(),
            resource: Some(error.resource.clone()),
            hint: row.map(|row| row.hint.to_owned()),
            aws: Some(Box::new(error)),
            ..Self::new(Code::Aws, "")
        }
    }
}
