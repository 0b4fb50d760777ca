//! The head of a plan: what it is for, and where each of its settings comes from.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::output::visible;

/// Where the value of a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag: `--shards`.
    Flag(String),
    /// An environment variable: `AWS_REGION`.
    Variable(String),
    /// The configuration file, with the line where that is known: `cwl2le.toml:12`.
    File(String),
    /// The credentials, of this identity.
    Credentials(String),
    /// The profile of the AWS configuration.
    Profile,
    /// A file that holds a secret.
    SecretFile(String),
    /// A store from which the function reads a secret.
    Store(String),
    /// What the function has already.
    Account,
    /// Nobody gave it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "from the flag: {name}"),
            Self::Variable(name) => write!(f, "from the environment: {name}"),
            Self::File(place) => write!(f, "from {place}"),
            Self::Credentials(identity) => write!(f, "as {identity}"),
            Self::Profile => f.write_str("from the AWS profile"),
            Self::SecretFile(path) => write!(f, "from the file: {path}"),
            Self::Store(name) => write!(f, "read by the function: {name}"),
            Self::Account => f.write_str("as the function has it"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A setting and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeadRow {
    /// Its name: the flag without hyphens in front, or `destination NAME`, or `token of NAME`.
    pub name: String,
    /// Its value; none of a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// The settings of a plan. Displayed, each has a line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Head(pub Vec<HeadRow>);

impl Head {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |shown: &HeadRow| visible(&shown.name);
        let value = |shown: &HeadRow| shown.value.as_ref().map_or("(not shown)".to_owned(), visible);
        let widest = |of: &dyn Fn(&HeadRow) -> usize| self.0.iter().map(of).max().unwrap_or_default();
        let (names, values) = (widest(&|s| name(s).chars().count()), widest(&|s| value(s).chars().count()));
        for shown in &self.0 {
            let origin = visible(&shown.origin);
            writeln!(f, "  {:<names$}  {:<values$}  {origin}", name(shown), value(shown))?;
        }
        Ok(())
    }
}
