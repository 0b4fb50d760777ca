//! How a route shapes its events, as it stands in the configuration.
//!
//! Everything is off by default, and what is default is not written: the configuration has 4 KB.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::secret::{REDACTED, Sensitive};
use crate::style::Format;

/// What a route does to its events before they are framed, in the order of these fields.
///
/// The expressions are those of the [`regex`] crate: they take linear time, so there are no look-arounds and no
/// back-references. A message is matched without the line end that it may have at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Only events that one of these selects are kept. Empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<Select>,
    /// Events that one of these selects are dropped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Select>,
    /// Keeps a share of what is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    /// What is taken out of messages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redact: Vec<Redact>,
    /// Labels that each event gets.
    #[serde(skip_serializing_if = "Fields::is_empty")]
    pub fields: Fields,
    /// What a line says besides the message, instead of what the destination says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
}

/// A condition on events: all that is given has to hold. At least one part has to be given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Select {
    /// A rule that has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<NamedRule>,
    /// An expression that is found in the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// An expression that is found in the name of the log group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// An expression that is found in the name of the log stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
}

/// Conditions that are known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NamedRule {
    /// What Lambda itself says about invocations, in text and in JSON; see [`super::lambda`].
    LambdaPlatform,
}

/// Keeps a share of the events, and never a part of those that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The share that is kept: above 0 and below 1.
    pub rate: Rate,
    /// The JSON field whose value decides, with dots between the names; the log stream decides when this is not
    /// given. An event without the field is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// A share with six decimals: above 0 and below 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "f64", into = "f64")]
pub struct Rate(u32);

impl Rate {
    /// The share in millionths, from 1 to 999,999.
    pub fn millionths(self) -> u32 {
        self.0
    }
}

/// A share that keeps everything or nothing, or is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rate is above 0 and below 1, with at most six decimals; 0.1 keeps a tenth")]
pub struct InvalidRate;

impl TryFrom<f64> for Rate {
    type Error = InvalidRate;

    fn try_from(share: f64) -> Result<Self, InvalidRate> {
        let millionths = (share * 1e6).round();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 999,999 fits")]
        if (1.0..=999_999.0).contains(&millionths) { Ok(Self(millionths as u32)) } else { Err(InvalidRate) }
    }
}

impl From<Rate> for f64 {
    fn from(rate: Rate) -> Self {
        Self::from(rate.0) / 1e6
    }
}

/// What is taken out of messages: either kinds of values that are known, or an expression of one's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Redact {
    /// Kinds of values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub find: Vec<Known>,
    /// An expression. When it has capture groups, only what these captured is taken out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What stands in the place of what an expression found: 1 to 32 letters, digits, `-` or `_`; `redacted` by
    /// default. Only with `pattern`: what is known has its own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is done with it.
    #[serde(rename = "as", skip_serializing_if = "Treatment::is_mask")]
    pub treatment: Treatment,
}

/// Kinds of values that are found without an expression; see [`super::redact::known`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// E-mail addresses, also with `%40`.
    Email,
    /// IPv4 addresses.
    Ipv4,
    /// IPv6 addresses.
    Ipv6,
    /// What follows `Bearer`, and JSON Web Tokens wherever they are.
    Bearer,
    /// Access key ids, secret access keys and session tokens of AWS.
    AwsKey,
    /// Payment card numbers whose check digit is right.
    Card,
}

/// What is done with a value that is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Treatment {
    /// `[NAME]` stands in its place.
    #[default]
    Mask,
    /// `[NAME:HASH]` stands in its place: 16 hexadecimal digits of its HMAC-SHA256, so that equal values stay
    /// equal and cannot be guessed without the key.
    Hash,
    /// Nothing stands in its place.
    Drop,
}

impl Treatment {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    fn is_mask(&self) -> bool {
        *self == Self::Mask
    }
}

/// The key of [`Treatment::Hash`]: 16 characters or more.
#[derive(Clone, PartialEq, Eq)]
pub struct HashKey(Box<str>);

/// A key with fewer characters: with it, addresses could be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key to hash with has 16 characters or more; `openssl rand -hex 16` makes one")]
pub struct InvalidHashKey;

impl HashKey {
    /// The key that stands for one that is not known where rules are only checked.
    pub(crate) fn unknown() -> Self {
        Self("unknown".into())
    }
}

impl FromStr for HashKey {
    type Err = InvalidHashKey;

    fn from_str(key: &str) -> Result<Self, InvalidHashKey> {
        if key.len() < 16 { Err(InvalidHashKey) } else { Ok(Self(key.into())) }
    }
}

impl Sensitive for HashKey {
    fn expose(&self) -> &str {
        &self.0
    }

    fn stand_in() -> Self {
        Self::unknown()
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Labels: those that are given, and parts of the log group's name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Fields {
    /// Labels that are always the same.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// An expression on the log group's name: what its named groups captured become labels of these names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

impl Fields {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.group.is_none()
    }
}
