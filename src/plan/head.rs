//! The head of a plan: what it is for, and where each of its settings comes from.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::output::style::{BOLD, DIM};
use crate::output::{Table, hanging, indented, quantity, unstyled, visible, width};

/// How the name of a row begins that is a log service.
const DESTINATION: &str = "destination ";
/// Columns before a setting.
const INDENT: usize = 2;
/// Maximum number of settings of a brief head; of more, those of the file are counted.
const MOST: usize = 8;

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
    /// The kind of place and, where it has one, its name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, name) = match self {
            Self::Flag(name) => ("flag", Some(name)),
            Self::Variable(name) => ("environment", Some(name)),
            Self::File(place) => ("file", Some(place)),
            Self::Credentials(identity) => ("credentials", Some(identity)),
            Self::Profile => ("profile", None),
            Self::SecretFile(path) => ("secret-file", Some(path)),
            Self::Store(name) => ("store", Some(name)),
            Self::Account => ("account", None),
            Self::Default => ("default", None),
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", kind)?;
        map.serialize_entry("name", &name)?;
        map.end()
    }
}

/// Maximum number of log services that the first line of a plan names.
const SERVICES: usize = 5;

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

impl Head {
    /// What the plan is for, and the settings that somebody gave.
    pub(super) fn brief(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let mut lines = vec![indented("", &self.subject(), 2 * INDENT, width())];
        let given: Vec<&HeadRow> = self.0.iter().filter(|row| row.is_given()).collect();
        let (of_file, others): (Vec<&HeadRow>, Vec<&HeadRow>) =
            given.iter().partition(|row| matches!(row.origin, Origin::File(_)));
        let rows = match of_file.first() {
            Some(HeadRow { origin: Origin::File(place), .. }) if given.len() > MOST => {
                let file = visible(place.split(':').next().unwrap_or(place));
                let rest = format!("{DIM}{} settings from {file}{DIM:#}", of_file.len());
                [given_rows(&others), hanging("  ", &rest, width())].into()
            }
            _ => vec![given_rows(&given)],
        };
        lines.extend(rows.into_iter().filter(|rows| !rows.is_empty()));
        lines.join("\n")
    }

    /// Every setting with its source.
    pub(super) fn everything(&self) -> String {
        let mut table = Table::plain().indent(INDENT);
        for row in &self.0 {
            let origin = visible(&row.origin);
            table.row([visible(&row.name), visible(row.shown()), format!("{DIM}{origin}{DIM:#}")]);
        }
        table.to_string()
    }

    /// Stack, account, region and log services on one line, as far as they are known.
    fn subject(&self) -> String {
        let find = |name: &str| self.0.iter().find(|row| row.name == name);
        let value = |row: &HeadRow| visible(row.shown());
        let stack = find("stack").map(|row| format!("{BOLD}stack {}{BOLD:#}", value(row)));
        let account = find("account").map(|row| format!("account {}", value(row)));
        let region = find("region").map(value);
        let services: Vec<String> = self
            .0
            .iter()
            .filter(|row| row.name.starts_with(DESTINATION))
            .map(|row| format!("{DIM}{}{DIM:#}", value(row)))
            .collect();
        // Nobody agrees to a plan without having seen where logs go.
        let more = services.len().saturating_sub(SERVICES);
        let rest = (more > 0)
            .then(|| format!("{DIM}and {}{DIM:#}", quantity::plural(more as u64, "more destination")));
        let services = services.into_iter().take(SERVICES).chain(rest);
        [stack, account, region].into_iter().flatten().chain(services).collect::<Vec<_>>().join(" · ")
    }
}

impl HeadRow {
    fn shown(&self) -> &str {
        self.value.as_deref().unwrap_or("(not shown)")
    }

    /// Whether it says something that the first line of the head does not: the user gave it, or a place that is easily
    /// forgotten did.
    fn is_given(&self) -> bool {
        match self.origin {
            Origin::Default | Origin::Account | Origin::Credentials(_) | Origin::Profile => false,
            Origin::Flag(_) if matches!(self.name.as_str(), "stack" | "region") => false,
            // The first line has the log services.
            _ => !self.name.starts_with(DESTINATION),
        }
    }
}

/// Settings with what gave them.
fn given_rows(rows: &[&HeadRow]) -> String {
    let mut table = Table::plain().indent(INDENT).names([1]);
    for row in rows {
        let place = match &row.origin {
            Origin::Flag(name) | Origin::Variable(name) => format!("from {name}"),
            origin => origin.to_string(),
        };
        table.row([visible(&row.name), visible(row.shown()), format!("{DIM}{}{DIM:#}", visible(place))]);
    }
    table.to_string()
}

/// Every setting with its source, a line each, without styles.
impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&unstyled(&self.everything()))
    }
}
