//! The types of single values. A flag and the file read each by the same rule, and its JSON schema says what the rule
//! is.

use std::borrow::Cow;
use std::ops::Deref;
use std::path::Path;
use std::str::FromStr;

use cwl2le_forwarder::quarantine::Place;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::resources::{Arch, Distribution};
use crate::stack::limits;
use crate::stack::{DestinationArn, Region, StackName, Tags, Target};

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "u32")]
pub struct Whole<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Whole<MIN, MAX> {
    /// A number that a resource has, which somebody else may have set outside of the range.
    pub(super) const fn of_aws(number: u32) -> Self {
        Self(number)
    }
}

impl<const MIN: u32, const MAX: u32> TryFrom<i64> for Whole<MIN, MAX> {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        let number = u32::try_from(number).ok().filter(|number| (MIN..=MAX).contains(number));
        number.map(Self).ok_or_else(|| format!("the number is not within {MIN} to {MAX}"))
    }
}

impl<const MIN: u32, const MAX: u32> From<Whole<MIN, MAX>> for u32 {
    fn from(number: Whole<MIN, MAX>) -> Self {
        number.0
    }
}

impl<const MIN: u32, const MAX: u32> FromStr for Whole<MIN, MAX> {
    type Err = String;

    /// Clap's own parser answers in the words of Rust's parsers: `invalid digit found in string`.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim().parse::<i64>().ok().and_then(|number| Self::try_from(number).ok());
        number.ok_or_else(|| format!("expected a whole number from {MIN} to {MAX}"))
    }
}

impl<const MIN: u32, const MAX: u32> JsonSchema for Whole<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Whole{MIN}To{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

/// How many shards a stream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shards {
    /// As many as its busiest minute lately takes.
    Auto,
    /// So many.
    Count(Whole<1, 10_000>),
}

impl Shards {
    const AUTO: &str = "auto";
}

impl FromStr for Shards {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == Self::AUTO {
            return Ok(Self::Auto);
        }
        text.parse().map(Self::Count).map_err(|why: String| format!("{why}, or {}", Self::AUTO))
    }
}

impl Serialize for Shards {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str(Self::AUTO),
            Self::Count(count) => count.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Shards {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a whole number from 1 to 10000, or \"auto\"")]
        enum Either {
            Number(i64),
            Text(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Number(number) => Whole::try_from(number).map(Self::Count).map_err(de::Error::custom),
            Either::Text(text) if text == Self::AUTO => Ok(Self::Auto),
            Either::Text(text) => {
                Err(de::Error::custom(format!("`{text}` is neither a whole number nor `{}`", Self::AUTO)))
            }
        }
    }
}

impl JsonSchema for Shards {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Shards".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"], "minimum": 1, "maximum": 10_000, "pattern": "^auto$" })
    }
}

/// Days that CloudWatch Logs can keep events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32")]
pub struct LogDays(u32);

impl LogDays {
    /// How many.
    pub const fn days(self) -> u32 {
        self.0
    }

    /// What a log group has.
    pub(super) const fn of_aws(days: u32) -> Self {
        Self(days)
    }
}

impl TryFrom<u32> for LogDays {
    type Error = String;

    fn try_from(days: u32) -> Result<Self, String> {
        limits::log_retention(days).map(Self)
    }
}

impl FromStr for LogDays {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<u32>().map_err(|_| format!("`{text}` is not a number of days"))?.try_into()
    }
}

impl JsonSchema for LogDays {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "LogDays".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "enum": limits::LOG_RETENTION_DAYS })
    }
}

/// Texts that a function of [`limits`] checks, kept as they are.
macro_rules! texts {
    ($($(#[$about:meta])* $Name:ident by $check:path;)*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String")]
        #[schemars(with = "String", inline)]
        pub struct $Name(String);

        impl $Name {
            /// What a resource has, which somebody else may have set.
            #[allow(dead_code, reason = "not every one is observed")]
            pub(super) const fn of_aws(text: String) -> Self {
                Self(text)
            }
        }

        impl FromStr for $Name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                $check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $Name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl Deref for $Name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }
    )*};
}

texts! {
    /// The ARN of a role to assume, or `none`.
    AssumedRole by limits::assumed_role;
    /// The account that owns buckets, by its id, or `own`.
    BucketOwner by limits::bucket_owner;
    /// A mail address.
    EmailAddress by limits::email_address;
    /// The external ID that goes with a role.
    ExternalId by limits::external_id;
    /// A filter pattern of CloudWatch Logs.
    FilterPattern by limits::filter_pattern;
    /// A KMS key by its id or ARN, or `none`.
    KmsKey by limits::kms_key;
    /// A log group by its name, as `NAME:*` or by its ARN.
    LogGroup by limits::log_group;
    /// A glob pattern for names of log groups.
    LogGroupGlob by limits::log_group_glob;
    /// The ARN of an SNS topic, or `none`.
    Topic by limits::topic;
    /// The ID of an organization, or `none`.
    Organization by limits::organization;
    /// The ARN of what gets records that expire, or `none`.
    OnFailure by limits::on_failure;
    /// A security group by its id.
    SecurityGroup by limits::security_group;
    /// A subnet by its id, or `none`.
    Subnet by limits::subnet;
    /// The ARN of a managed policy that bounds roles.
    PermissionsBoundary by limits::permissions_boundary;
    /// A place in S3 for quarantined records, or `none`.
    Quarantine by limits::quarantine;
    /// A path of roles.
    RolePath by limits::role_path;
    /// The name of the session of an assumed role.
    SessionName by limits::session_name;
    /// The pattern of a route. It is matched against names, so an ARN would match nothing.
    RoutePattern by route_pattern;
}

fn route_pattern(text: &str) -> limits::Checked {
    if text.starts_with("arn:") || text.ends_with(":*") {
        return Err(format!(
            "a route takes the name of a log group or a glob pattern, and `{text}` matches no name"
        ));
    }
    Ok(())
}

impl KmsKey {
    /// Its ARN, because policies name keys by ARN; an alias could change its key under the policy. None for `none`.
    pub(super) fn arn(&self, target: &Target) -> Option<String> {
        match &**self {
            "none" => None,
            arn if arn.starts_with("arn:") => Some(arn.to_owned()),
            id => Some(target.arn("kms", format_args!("key/{id}"))),
        }
    }
}

impl Quarantine {
    /// The place; none for `none`.
    pub(super) fn place(&self) -> Option<Place> {
        // It has been checked.
        if &**self == "none" { None } else { self.parse().ok() }
    }
}

impl BucketOwner {
    /// The account, if it is not the stack's own.
    pub(super) fn account(&self) -> Option<String> {
        Some(self.to_string()).filter(|text| text != "own")
    }
}

impl Organization {
    /// The ID; none for `none`.
    pub(super) fn id(&self) -> Option<String> {
        Some(self.0.clone()).filter(|text| text != "none")
    }
}

impl Subnet {
    /// What takes a function out of its VPC.
    pub(super) const NONE: &str = "none";
}

impl Topic {
    /// The ARN; none for `none`.
    pub(super) fn arn(&self) -> Option<String> {
        Some(self.0.clone()).filter(|text| text != "none")
    }
}

impl OnFailure {
    /// The ARN; none for `none`.
    pub(super) fn arn(&self) -> Option<String> {
        Some(self.0.clone()).filter(|text| text != "none")
    }
}

/// Types of a stack that are texts in the file. Some take only the texts that are given here.
macro_rules! parsed {
    ($($Name:ident $([$($text:literal),+])?;)*) => {$(
        impl<'de> Deserialize<'de> for $Name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $Name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($Name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string" $(, "enum": [$($text),+])? })
            }
        }
    )*};
}

parsed! {
    Arch["x86_64", "arm64"];
    Distribution["by-log-stream", "random"];
    DestinationArn;
    Region;
    StackName;
}

/// Tags that are the user's to set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Tags")]
#[schemars(with = "Tags", inline)]
pub struct OwnTags(Tags);

impl TryFrom<Tags> for OwnTags {
    type Error = String;

    fn try_from(tags: Tags) -> Result<Self, String> {
        for (key, value) in &tags {
            limits::tag_key(key)?;
            limits::tag_value(key, value)?;
        }
        Ok(Self(tags))
    }
}

impl Deref for OwnTags {
    type Target = Tags;

    fn deref(&self) -> &Tags {
        &self.0
    }
}

/// A path as it is shown.
pub(super) fn shown<S: Serializer>(
    path: &Option<impl AsRef<Path>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|path| path.as_ref().display().to_string()).serialize(serializer)
}
