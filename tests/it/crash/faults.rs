//! What can befall a call, and what has to come of it.

use cwl2le_local::{Call, Fault, When};

/// What befalls a call.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// The process is killed while it waits for the answer.
    Killed(When),
    /// The call fails once, which the retries absorb.
    Once(&'static str, When, Fault),
    /// The call and its repetitions fail, which ends the run with this exit code and error.
    ForGood(&'static str, Fault, i32, &'static str),
}

impl Kind {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Killed(When::Before) => "killed before AWS carried it out".to_owned(),
            Self::Killed(When::After) => "killed after AWS carried it out".to_owned(),
            Self::Once(name, When::Before, _) => format!("{name}, once"),
            Self::Once(name, When::After, _) => format!("{name}, once, after AWS carried it out"),
            Self::ForGood(name, ..) => format!("{name}, for good"),
        }
    }
}

/// The process dies, with the call carried out or not.
pub(crate) fn kills(_: &Call) -> Vec<Kind> {
    vec![Kind::Killed(When::Before), Kind::Killed(When::After)]
}

/// AWS or the network fails the call.
pub(crate) fn errors(call: &Call) -> Vec<Kind> {
    use When::{After, Before};
    let mut kinds = vec![
        Kind::Once("throttled", Before, Fault::throttled()),
        Kind::ForGood("throttled", Fault::throttled(), 5, "throttled"),
        Kind::Once("5xx", Before, Fault::internal()),
        Kind::Once("5xx", After, Fault::internal()),
        Kind::ForGood("5xx", Fault::internal(), 5, "aws"),
        Kind::ForGood("access denied", Fault::access_denied(), 4, "access-denied"),
        Kind::Once("reset", Before, Fault::Reset),
        Kind::Once("reset", After, Fault::Reset),
        Kind::ForGood("reset", Fault::Reset, 5, "unreachable"),
        Kind::Once("no answer", Before, Fault::Hang),
        Kind::Once("no answer", After, Fault::Hang),
        Kind::ForGood("no answer", Fault::Hang, 5, "unreachable"),
    ];
    for (operation, code, message) in PROPAGATION {
        if call.operation == *operation {
            kinds.push(Kind::Once(message, Before, Fault::error(400, code, message)));
            // What never goes away is no propagation: then the code means what it says.
            let (exit, name) = match *code {
                "DeleteConflict" => (3, "in-use"),
                "NoSuchEntity" => (6, "not-found"),
                _ => (5, ""),
            };
            kinds.push(Kind::ForGood(message, Fault::error(400, code, message), exit, name));
        }
    }
    kinds
}

/// What AWS answers while an earlier change has not reached everything yet, by operation.
const PROPAGATION: &[(&str, &str, &str)] = &[
    (
        "PutSubscriptionFilter",
        "InvalidParameterException",
        "Could not deliver test message to specified Kinesis stream. Check if the given Kinesis stream is in ACTIVE state.",
    ),
    (
        "PutSubscriptionFilter",
        "ValidationException",
        "Make sure you have given CloudWatch Logs permission to assume the provided role.",
    ),
    ("PutSubscriptionFilter", "OperationAbortedException", "A conflicting operation is in progress."),
    ("DeleteSubscriptionFilter", "OperationAbortedException", "A conflicting operation is in progress."),
    ("CreateLogGroup", "OperationAbortedException", "A conflicting operation is in progress."),
    ("PutRetentionPolicy", "OperationAbortedException", "A conflicting operation is in progress."),
    ("DeleteLogGroup", "OperationAbortedException", "A conflicting operation is in progress."),
    (
        "CreateFunction",
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    ),
    (
        "CreateEventSourceMapping",
        "InvalidParameterValueException",
        "The provided execution role cannot be assumed by Lambda.",
    ),
    (
        "CreateEventSourceMapping",
        "InvalidParameterValueException",
        "The provided execution role does not have permissions to call DescribeStream on Kinesis",
    ),
    (
        "CreateEventSourceMapping",
        "InvalidParameterValueException",
        "Cannot access stream. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM.",
    ),
    (
        "DeleteEventSourceMapping",
        "ResourceInUseException",
        "Cannot delete the event source mapping because it is in use.",
    ),
    ("DeleteFunction", "ResourceConflictException", "An update is in progress for resource: function"),
    (
        "CreateStream",
        "LimitExceededException",
        "5 streams may simultaneously be in CREATING or DELETING state.",
    ),
    ("DeleteStream", "ResourceInUseException", "Stream is being updated."),
    ("PutRolePolicy", "NoSuchEntity", "The role with name new cannot be found."),
    ("DeleteRole", "DeleteConflict", "Cannot delete entity, must delete policies first."),
];
