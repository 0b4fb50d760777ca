//! Forms of values that flags and the configuration file share.

use cwl2le_forwarder::quarantine::Place;

use crate::stack::Target;

/// How a KMS key is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// Not at all: no encryption by key.
    None,
    /// By its id, in this account and region.
    Id(String),
    /// By its ARN.
    Arn(String),
}

impl Key {
    /// Its ARN, because policies name keys by ARN; an alias could change its key under the policy.
    pub(super) fn arn(self, target: &Target) -> Option<String> {
        match self {
            Self::None => None,
            Self::Id(id) => Some(target.arn("kms", format_args!("key/{id}"))),
            Self::Arn(arn) => Some(arn),
        }
    }
}

/// A key id, a key ARN, or `none`.
pub(super) fn key(text: &str) -> Result<Key, String> {
    if text == "none" {
        Ok(Key::None)
    } else if text.starts_with("arn:") && text.contains(":key/") {
        Ok(Key::Arn(text.to_owned()))
    } else if !text.is_empty() && !text.contains(['/', ':']) {
        Ok(Key::Id(text.to_owned()))
    } else {
        Err(format!(
            "a KMS key is given by its id or its ARN, not as `{text}`; find the key behind an alias with \
             aws kms describe-key --key-id ALIAS --query KeyMetadata.Arn"
        ))
    }
}

/// A place in S3, or `none`.
pub(super) fn quarantine(text: &str) -> Result<Option<Place>, String> {
    if text == "none" { Ok(None) } else { text.parse().map(Some) }
}

/// The ARN of a bucket, queue or topic, or `none`.
pub(super) fn on_failure(text: &str) -> Result<Option<String>, String> {
    match text.split(':').nth(2) {
        _ if text == "none" => Ok(None),
        Some("s3" | "sns" | "sqs") if text.starts_with("arn:") => Ok(Some(text.to_owned())),
        _ => Err(format!(
            "what expires goes to the ARN of a bucket, queue or topic, such as arn:aws:s3:::NAME, not to `{text}`"
        )),
    }
}
