//! Limits of texts as AWS's API models give them, each under the name that botocore has for it.

use std::ops::RangeInclusive;
use std::sync::OnceLock;

use regex::Regex;

/// A shape of an API model: what AWS refuses a text for, before it looks at what the text means.
///
/// A test compares every shape with botocore's model of its service.
#[derive(Debug)]
pub struct Shape {
    /// The service, as botocore calls it.
    pub service: &'static str,
    /// The shape's name in the model.
    pub name: &'static str,
    /// Length in characters.
    pub length: RangeInclusive<usize>,
    /// The regular expression that the whole text matches; `.*` where the model has none.
    pub pattern: &'static str,
    compiled: OnceLock<Regex>,
}

/// A text of any characters.
pub const ANY: &str = ".*";

/// The regular expression of tags in IAM; CloudWatch Logs and Lambda have the same.
const TAG: &str = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*";

/// Every shape that this program checks.
pub static SHAPES: [&Shape; 30] = [
    &ASSUMED_ROLE,
    &EXTERNAL_ID,
    &FILTER_NAME,
    &FILTER_PATTERN,
    &FUNCTION_NAME,
    &IAM_ARN,
    &IAM_TAG_KEY,
    &IAM_TAG_VALUE,
    &KINESIS_KEY_ID,
    &KINESIS_TAG_KEY,
    &KINESIS_TAG_VALUE,
    &KMS_ARN,
    &LAMBDA_DESCRIPTION,
    &LAMBDA_DESTINATION,
    &LAMBDA_KMS_KEY,
    &LAMBDA_ROLE,
    &LAMBDA_TAG_KEY,
    &LAMBDA_TAG_VALUE,
    &LOGS_TAG_KEY,
    &LOGS_TAG_VALUE,
    &LOG_GROUP_NAME,
    &PARAMETER_NAME,
    &ROLE_DESCRIPTION,
    &ROLE_NAME,
    &ROLE_PATH,
    &ROLE_POLICY_NAME,
    &SECRET_ID,
    &SESSION_NAME,
    &STREAM_NAME,
    &TAGGABLE_LOGS_RESOURCE,
];

/// Declares shapes as the models have them.
macro_rules! shapes {
    ($($(#[$doc:meta])* $constant:ident = $service:literal $name:literal, $length:expr, $pattern:expr;)*) => {
        $($(#[$doc])* pub static $constant: Shape =
            Shape { service: $service, name: $name, length: $length, pattern: $pattern, compiled: OnceLock::new() };)*
    };
}

shapes! {
    /// Name of a subscription filter.
    FILTER_NAME = "logs" "FilterName", 1..=512, "[^:*]*";
    /// Filter pattern of a subscription.
    FILTER_PATTERN = "logs" "FilterPattern", 0..=1024, ANY;
    /// Name of a log group.
    LOG_GROUP_NAME = "logs" "LogGroupName", 1..=512, r"[\.\-_/#A-Za-z0-9]+";
    /// ARN of what `ListTagsForResource` tells the tags of. It lacks the `#` that names of log groups may have.
    TAGGABLE_LOGS_RESOURCE = "logs" "AmazonResourceName", 1..=1011, r"[\w+=/:,.@-]*";
    /// Key of a tag in CloudWatch Logs.
    LOGS_TAG_KEY = "logs" "TagKey", 1..=128, r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]+)$";
    /// Value of a tag in CloudWatch Logs.
    LOGS_TAG_VALUE = "logs" "TagValue", 0..=256, r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$";
    /// Name of a stream.
    STREAM_NAME = "kinesis" "StreamName", 1..=128, "[a-zA-Z0-9_.-]+";
    /// Key of a tag in Kinesis.
    KINESIS_TAG_KEY = "kinesis" "TagKey", 1..=128, ANY;
    /// Value of a tag in Kinesis.
    KINESIS_TAG_VALUE = "kinesis" "TagValue", 0..=256, ANY;
    /// KMS key of a stream.
    KINESIS_KEY_ID = "kinesis" "KeyId", 1..=2048, ANY;
    /// Name of a role.
    ROLE_NAME = "iam" "roleNameType", 1..=64, r"[\w+=,.@-]+";
    /// Description of a role.
    ROLE_DESCRIPTION = "iam" "roleDescriptionType", 0..=1000, r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*";
    /// Path of a role.
    ROLE_PATH = "iam" "pathType", 1..=512, r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)";
    /// Name of an inline policy.
    ROLE_POLICY_NAME = "iam" "policyNameType", 1..=128, r"[\w+=,.@-]+";
    /// ARN of a permissions boundary.
    IAM_ARN = "iam" "arnType", 20..=2048, ANY;
    /// Key of a tag in IAM.
    IAM_TAG_KEY = "iam" "tagKeyType", 1..=128, r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+";
    /// Value of a tag in IAM.
    IAM_TAG_VALUE = "iam" "tagValueType", 0..=256, TAG;
    /// Name or ARN of a function. Of a bare name Lambda takes 64 characters: see [`super::FUNCTION_NAME_LENGTH`].
    FUNCTION_NAME = "lambda" "FunctionName", 1..=140, concat!(
        r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?",
        r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
    );
    /// Description of a function.
    LAMBDA_DESCRIPTION = "lambda" "Description", 0..=256, ANY;
    /// ARN of a function's role. Its path has fewer characters here than in IAM.
    LAMBDA_ROLE = "lambda" "RoleArn", 0..=10_000, r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+";
    /// ARN of a KMS key.
    LAMBDA_KMS_KEY = "lambda" "KMSKeyArn", 0..=10_000, r"(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()";
    /// On-failure destination of a trigger.
    LAMBDA_DESTINATION = "lambda" "DestinationArn", 0..=350, concat!(
        r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:",
        r"((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)"
    );
    /// Key of a tag in Lambda.
    LAMBDA_TAG_KEY = "lambda" "TagKey", 1..=128, r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)";
    /// Value of a tag in Lambda.
    LAMBDA_TAG_VALUE = "lambda" "TagValue", 0..=256, r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)";
    /// Name or ARN of a parameter.
    PARAMETER_NAME = "ssm" "PSParameterName", 1..=2048, ANY;
    /// Name or ARN of a secret.
    SECRET_ID = "secretsmanager" "SecretIdType", 1..=2048, ANY;
    /// ARN of a role that is assumed.
    ASSUMED_ROLE = "sts" "arnType", 20..=2048,
        r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+";
    /// External ID that a role's trust policy may ask for.
    EXTERNAL_ID = "sts" "externalIdType", 2..=1224, r"[\w+=,.@:\/-]*";
    /// Name of the session of an assumed role.
    SESSION_NAME = "sts" "roleSessionNameType", 2..=64, r"[\w+=,.@-]*";
    /// ARN of a KMS key.
    KMS_ARN = "kms" "ArnType", 20..=2048, ANY;
}

impl Shape {
    /// Checks the length, then the characters.
    ///
    /// # Errors
    /// What is wrong, with the limit and where it is from. The text itself is not in it.
    pub fn check(&self, text: &str) -> Result<(), String> {
        let (count, least, most) = (text.chars().count(), self.length.start(), self.length.end());
        let source = format!("{}:{} in the API model", self.service, self.name);
        if count < *least {
            return Err(format!("AWS requires at least {least} characters ({source})"));
        }
        if count > *most {
            return Err(format!("it has {count} characters, and AWS allows at most {most} ({source})"));
        }
        if self.takes(text) { Ok(()) } else { Err(format!("AWS allows only `{}` ({source})", self.pattern)) }
    }

    /// Whether the whole text matches the pattern.
    pub fn takes(&self, text: &str) -> bool {
        let compile =
            || Regex::new(&format!("(?s)^(?:{})$", self.pattern)).expect("the tests compile every pattern");
        self.compiled.get_or_init(compile).is_match(text)
    }
}
