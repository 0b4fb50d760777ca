//! `[accounts]`: which other accounts send their lines to this stack.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use clap::Args;
use cwl2le_forwarder::aws::is_account_id;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::values::Organization;
use crate::resources::{Accepted, Observed, Stack};

/// Other accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Other accounts")]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// IDs of the accounts that may send log lines to this stack; `none` accepts no other account [default: none]
    #[arg(long = "accept-accounts", hide_short_help = true, value_name = "ID,...")]
    #[schemars(extend("default" = "none"))]
    pub accept: Option<AccountIds>,
    /// ID of the organization whose accounts may send log lines to this stack; `none` accepts no other account
    /// [default: none]
    #[arg(
        long = "accept-organization",
        hide_short_help = true,
        conflicts_with = "accept",
        value_name = "ORGANIZATION_ID"
    )]
    #[schemars(example = &"o-a1b2c3d4e5")]
    pub organization: Option<Organization>,
}

impl Accounts {
    /// What stays of the file beside these flags: a flag for one of accounts and organization hides the other.
    pub(super) fn beside(&self, file: Self) -> Self {
        if *self == Self::default() { file } else { Self::default() }
    }

    /// Who is to be accepted; none where nothing is said of it.
    pub(super) fn accepted(&self) -> Option<Accepted> {
        match (&self.accept, &self.organization) {
            (Some(AccountIds(ids)), _) if ids.is_empty() => Some(Accepted::Nobody),
            (Some(AccountIds(ids)), _) => Some(Accepted::Accounts(ids.clone())),
            (None, Some(id)) => Some(id.id().map_or(Accepted::Nobody, Accepted::Organization)),
            (None, None) => None,
        }
    }

    /// Who is accepted.
    pub(super) fn observed(stack: &Stack, observed: &Observed) -> Option<Self> {
        let is = observed.destination.as_ref().filter(|is| is.is_ours(stack))?;
        match is.accepted()? {
            Accepted::Organization(id) => {
                Some(Self { organization: Some(Organization::of_aws(id)), ..Self::default() })
            }
            Accepted::Accounts(ids) => Some(Self { accept: Some(AccountIds(ids)), ..Self::default() }),
            Accepted::Nobody => None,
        }
    }
}

/// IDs of accounts: a list, or `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountIds(BTreeSet<String>);

impl AccountIds {
    const NONE: &str = "none";

    fn checked<T: AsRef<str>>(ids: impl IntoIterator<Item = T>) -> Result<Self, String> {
        let id = |id: T| match id.as_ref().trim() {
            id if is_account_id(id) => Ok(id.to_owned()),
            other => Err(format!("`{other}` is not an account ID of 12 digits")),
        };
        ids.into_iter().map(id).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for AccountIds {
    /// As the flag takes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(Self::NONE);
        }
        f.write_str(&self.0.iter().map(String::as_str).collect::<Vec<_>>().join(","))
    }
}

impl FromStr for AccountIds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == Self::NONE { Ok(Self(BTreeSet::new())) } else { Self::checked(text.split(',')) }
    }
}

impl Serialize for AccountIds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_empty() { serializer.serialize_str(Self::NONE) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for AccountIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a list of account IDs, or \"none\"")]
        enum Either {
            List(Vec<String>),
            Text(String),
        }
        match Either::deserialize(deserializer)? {
            Either::List(ids) => Self::checked(ids).map_err(de::Error::custom),
            Either::Text(text) => text.parse().map_err(de::Error::custom),
        }
    }
}

impl JsonSchema for AccountIds {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "AccountIds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["array", "string"], "items": { "type": "string", "pattern": "^[0-9]{12}$" } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(file: &str) -> Result<Option<Accepted>, String> {
        let read: Result<Accounts, _> = toml::from_str(file);
        read.map(|accounts| accounts.accepted()).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_list_an_organization_and_none_say_who_is_accepted() {
        let two = || Accepted::Accounts(["111111111111", "222222222222"].map(ToOwned::to_owned).into());
        for (file, expected) in [
            ("", None),
            (r#"accept = ["222222222222", "111111111111", "222222222222"]"#, Some(two())),
            (r#"accept = "111111111111, 222222222222""#, Some(two())),
            (r#"accept = "none""#, Some(Accepted::Nobody)),
            ("accept = []", Some(Accepted::Nobody)),
            (r#"organization = "o-a1b2c3d4e5""#, Some(Accepted::Organization("o-a1b2c3d4e5".to_owned()))),
            (r#"organization = "none""#, Some(Accepted::Nobody)),
        ] {
            assert_eq!(accepted(file), Ok(expected), "{file}");
        }
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for (file, says) in [
            (r#"accept = ["11111111111"]"#, "`11111111111` is not an account ID of 12 digits"),
            (r#"accept = "arn:aws:iam::111111111111:root""#, "is not an account ID"),
            (r#"organization = "a1b2c3d4e5""#, "is not the ID of an organization"),
            (r#"organization = "o-ABC""#, "is not the ID of an organization"),
        ] {
            let error = accepted(file).expect_err(file);
            assert!(error.contains(says), "{file}: {error}");
        }
    }
}
