//! Forms of values that flags and the configuration file share.

use cwl2le_forwarder::quarantine::Place;

use crate::stack::{Target, limits};

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
    limits::kms_key(text)?;
    Ok(match text {
        "none" => Key::None,
        arn if arn.starts_with("arn:") => Key::Arn(arn.to_owned()),
        id => Key::Id(id.to_owned()),
    })
}

/// A place in S3, or `none`.
pub(super) fn quarantine(text: &str) -> Result<Option<Place>, String> {
    if text == "none" { Ok(None) } else { text.parse().map(Some) }
}

/// The account that owns buckets; none where it is the stack's own.
pub(super) fn bucket_owner(text: &str) -> Result<Option<String>, String> {
    limits::bucket_owner(text)?;
    Ok(Some(text).filter(|text| *text != "own").map(ToOwned::to_owned))
}

/// The ARN of a bucket, queue or topic, or `none`.
pub(super) fn on_failure(text: &str) -> Result<Option<String>, String> {
    limits::on_failure(text)?;
    Ok(Some(text).filter(|text| *text != "none").map(ToOwned::to_owned))
}
