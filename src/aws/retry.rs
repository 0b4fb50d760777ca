//! The one table of what is retried, why, and for how long. `docs/errors.md` and the tests follow it.

use std::time::Duration;

use tokio::time::Instant;

use super::AwsError;
use super::error::{CANNOT_START, TIMEOUT, UNREACHABLE};

/// How long and how fast something is retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// From the first failure to the last retry. A session's patience can shorten it.
    pub(crate) total: Duration,
    /// The first pause; each is up to twice the one before.
    first: Duration,
    /// The longest pause.
    longest: Duration,
}

/// IAM and Kinesis changes reach other services within seconds, sometimes minutes. Five of them is what mature tools
/// allow.
const PROPAGATION: Budget = budget(300, 500, 5_000);
/// A function has just got its role or its grants. IAM is seconds late; a denial that stays is for a person to fix, who
/// waits for it.
const GRANTING: Budget = budget(60, 500, 5_000);
/// Another change of the same resource is going on.
const BUSY: Budget = budget(300, 200, 5_000);
/// IAM does not yet show in one call what an earlier one has done.
const CONSISTENCY: Budget = budget(30, 200, 2_000);
/// AWS asks for fewer calls.
const THROTTLING: Budget = budget(300, 500, 20_000);
/// AWS has a fault of its own.
const FAULT: Budget = budget(60, 200, 5_000);
/// The connection failed, and nothing has answered yet. A wrong address fails the same way, and whoever mistyped it should
/// not wait long.
const CONNECTION: Budget = budget(5, 200, 2_000);
/// The connection failed after AWS had answered: the address is right, and the network will come back.
const LOST_CONNECTION: Budget = budget(60, 200, 5_000);
/// All causes of one call together. Each has a clock of its own, and causes may take turns forever.
pub(crate) const ALTOGETHER: Duration = Duration::from_secs(600);

const fn budget(total_s: u64, first_ms: u64, longest_ms: u64) -> Budget {
    Budget {
        total: Duration::from_secs(total_s),
        first: Duration::from_millis(first_ms),
        longest: Duration::from_millis(longest_ms),
    }
}

/// One row: what is retried.
#[derive(Debug)]
pub(crate) struct Rule {
    /// The service; empty for every one.
    service: &'static str,
    /// The operations; none for every one.
    operations: &'static [&'static str],
    /// The codes, with or without `Exception`; `5xx` stands for any such status.
    codes: &'static [&'static str],
    /// What the message must contain; empty for any message.
    fragment: &'static str,
    /// How long; see [`Rule::budget`].
    budget: Budget,
    /// What is waited for.
    pub(crate) why: &'static str,
}

/// The rows, in order: the first that matches decides.
pub(crate) static TABLE: &[Rule] = &[
    // CloudWatch Logs tests the destination when a filter is put, with a role and a stream that may be seconds old.
    Rule {
        service: "logs",
        operations: &["PutSubscriptionFilter", "PutAccountPolicy"],
        codes: &["InvalidParameterException"],
        fragment: "Could not deliver test message",
        budget: PROPAGATION,
        why: "write access to the stream",
    },
    Rule {
        service: "logs",
        operations: &["PutSubscriptionFilter", "PutAccountPolicy"],
        // `ValidationException` is not modelled on this operation; AWS sends it all the same.
        codes: &["ValidationException", "InvalidParameterException"],
        fragment: "permission to assume the provided role",
        budget: PROPAGATION,
        why: "CloudWatch Logs to be able to assume the role",
    },
    Rule {
        service: "logs",
        operations: &[],
        codes: &["OperationAbortedException"],
        fragment: "",
        budget: BUSY,
        why: "another change of the log group or the account policy",
    },
    Rule {
        service: "lambda",
        operations: &["CreateFunction", "UpdateFunctionConfiguration"],
        codes: &["InvalidParameterValueException"],
        fragment: "cannot be assumed by Lambda",
        budget: PROPAGATION,
        why: "Lambda to be able to assume the role",
    },
    Rule {
        service: "lambda",
        operations: &["CreateFunction", "UpdateFunctionConfiguration"],
        codes: &["InvalidParameterValueException"],
        fragment: "execution role does not have permissions",
        budget: PROPAGATION,
        why: "the role's policy to take effect",
    },
    Rule {
        service: "lambda",
        operations: &["CreateFunction", "UpdateFunctionConfiguration"],
        codes: &["InvalidParameterValueException"],
        // After a role was deleted and made again under its name, the grant still names the old one for a while.
        fragment: "KMS key is invalid for CreateGrant",
        budget: PROPAGATION,
        why: "Lambda to be able to use the key with the role",
    },
    Rule {
        service: "lambda",
        operations: &["CreateEventSourceMapping", "UpdateEventSourceMapping"],
        codes: &["InvalidParameterValueException"],
        fragment: "cannot be assumed by Lambda",
        budget: PROPAGATION,
        why: "Lambda to be able to assume the role",
    },
    Rule {
        service: "lambda",
        operations: &["CreateEventSourceMapping", "UpdateEventSourceMapping"],
        codes: &["InvalidParameterValueException"],
        fragment: "execution role does not have permissions",
        budget: PROPAGATION,
        why: "the role's policy to take effect",
    },
    Rule {
        service: "lambda",
        operations: &["CreateEventSourceMapping", "UpdateEventSourceMapping"],
        codes: &["InvalidParameterValueException"],
        fragment: "ensure the role can perform",
        budget: PROPAGATION,
        why: "the role's policy to take effect",
    },
    // The function itself fails: with a role whose policy, or whose very existence, has not reached every service.
    Rule {
        service: "lambda",
        operations: &["Invoke"],
        codes: &[CANNOT_START],
        fragment: "AccessDenied",
        budget: GRANTING,
        why: "the role's policy to take effect",
    },
    Rule {
        service: "lambda",
        operations: &["Invoke"],
        codes: &[CANNOT_START],
        fragment: "security token included in the request is invalid",
        budget: GRANTING,
        why: "the new role to take effect",
    },
    Rule {
        service: "lambda",
        operations: &["UpdateEventSourceMapping", "DeleteEventSourceMapping"],
        codes: &["ResourceInUseException"],
        fragment: "",
        budget: BUSY,
        why: "another change of the trigger",
    },
    Rule {
        service: "lambda",
        operations: &[],
        codes: &["ResourceConflictException"],
        fragment: "in progress",
        budget: BUSY,
        why: "another change of the function",
    },
    Rule {
        service: "lambda",
        operations: &[],
        codes: &["ResourceConflictException"],
        fragment: "currently in the following state",
        budget: BUSY,
        why: "the function to become active",
    },
    // Not on CreateStream: there it means that the name is taken.
    Rule {
        service: "kinesis",
        operations: &[
            "AddTagsToStream",
            "DeleteStream",
            "UpdateStreamMode",
            "UpdateShardCount",
            "IncreaseStreamRetentionPeriod",
            "DecreaseStreamRetentionPeriod",
            "StartStreamEncryption",
            "StopStreamEncryption",
        ],
        codes: &["ResourceInUseException"],
        fragment: "",
        budget: BUSY,
        why: "another change of the stream",
    },
    // Kinesis throttles reads of its control plane with the code that elsewhere means a quota.
    Rule {
        service: "kinesis",
        operations: &["DescribeStreamSummary", "ListTagsForStream", "ListStreamConsumers", "AddTagsToStream"],
        codes: &["LimitExceededException"],
        fragment: "",
        budget: THROTTLING,
        why: "AWS to take more calls",
    },
    Rule {
        service: "kinesis",
        operations: &[],
        codes: &["LimitExceededException"],
        fragment: "Rate exceeded",
        budget: THROTTLING,
        why: "AWS to take more calls",
    },
    Rule {
        service: "kinesis",
        operations: &["CreateStream", "DeleteStream"],
        codes: &["LimitExceededException"],
        fragment: "simultaneously be in CREATING or DELETING",
        budget: BUSY,
        why: "other streams to be created or deleted",
    },
    Rule {
        service: "iam",
        operations: &["DeleteRole"],
        codes: &["DeleteConflict"],
        fragment: "",
        budget: CONSISTENCY,
        why: "IAM to forget the role's policies",
    },
    Rule {
        service: "iam",
        operations: &["PutRolePolicy", "TagRole", "UpdateAssumeRolePolicy", "PutRolePermissionsBoundary"],
        codes: &["NoSuchEntity"],
        fragment: "role",
        budget: CONSISTENCY,
        why: "IAM to show the new role",
    },
    Rule {
        service: "iam",
        operations: &[],
        codes: &["ConcurrentModification", "EntityTemporarilyUnmodifiable"],
        fragment: "",
        budget: BUSY,
        why: "another change of the role",
    },
    Rule {
        service: "",
        operations: &[],
        codes: &[
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
        ],
        fragment: "",
        budget: THROTTLING,
        why: "AWS to take more calls",
    },
    Rule {
        service: "",
        operations: &[],
        codes: &["5xx", "InternalFailure", "InternalError", "RequestTimeout", "ServiceUnavailable", TIMEOUT],
        fragment: "",
        budget: FAULT,
        why: "AWS to recover",
    },
    Rule {
        service: "",
        operations: &[],
        codes: &[UNREACHABLE],
        fragment: "",
        budget: CONNECTION,
        why: "a connection",
    },
];

/// The row for an error and the HTTP status it came with; none when retrying would not help.
pub(crate) fn rule(error: &AwsError, status: Option<u16>) -> Option<&'static Rule> {
    TABLE.iter().find(|rule| rule.matches(error, status))
}

impl Rule {
    fn matches(&self, error: &AwsError, status: Option<u16>) -> bool {
        let fault = status.is_some_and(|status| status >= 500) && self.codes.contains(&"5xx");
        (self.service.is_empty() || self.service == error.service)
            && (self.operations.is_empty() || self.operations.contains(&error.operation))
            && (fault || error.is(self.codes))
            && error.message.contains(self.fragment)
    }

    /// Whether it is waited for what an earlier call did to take effect everywhere.
    pub(crate) fn is_propagation(&self) -> bool {
        self.budget == PROPAGATION || self.budget == CONSISTENCY
    }

    /// How long and how fast it is retried by a session that has had an answer from AWS before, or has not.
    pub(crate) fn budget(&self, answered: bool) -> Budget {
        if answered && self.budget == CONNECTION { LOST_CONNECTION } else { self.budget }
    }

    /// Whether AWS may have carried out the call that failed: it broke down on the way, or the answer was lost.
    pub(crate) fn leaves_open(&self) -> bool {
        self.budget == FAULT || self.budget == CONNECTION
    }

    /// Whether AWS asks for fewer calls.
    pub(crate) fn is_throttling(&self) -> bool {
        self.budget == THROTTLING
    }
}

/// What a call waits for, since when, and how long it waits next.
#[derive(Debug)]
pub(crate) struct Waiting {
    rule: &'static Rule,
    since: Instant,
    backoff: Backoff,
}

impl Waiting {
    /// Goes on waiting for the same cause, or begins to wait for another one: its clock and its pauses start again, because
    /// the time that one cause took says nothing about the next.
    pub(crate) fn for_cause(before: Option<Self>, rule: &'static Rule, budget: Budget) -> Self {
        match before {
            Some(waiting) if std::ptr::eq(waiting.rule, rule) => waiting,
            _ => Self { rule, since: Instant::now(), backoff: Backoff::new(budget) },
        }
    }

    /// How long it has waited for this cause.
    pub(crate) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// The next pause.
    pub(crate) fn pause(&mut self) -> Duration {
        self.backoff.next()
    }
}

/// Growing pauses with jitter, so that many calls that failed together do not come back together.
#[derive(Debug)]
pub(crate) struct Backoff {
    pause: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { pause: budget.first, longest: budget.longest }
    }

    /// The next pause: between half of the current step and all of it.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.pause.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.pause = (self.pause * 2).min(self.longest);
        pause
    }
}
