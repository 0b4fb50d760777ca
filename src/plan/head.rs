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
    /// The file of a plan that was saved.
    Plan(String),
    /// The nearest file of the usual name.
    Nearest,
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
            Self::Plan(file) => write!(f, "from {file}"),
            Self::Nearest => f.write_str("the nearest one"),
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
            Self::Plan(file) => ("plan", Some(file)),
            Self::Nearest => ("nearest", None),
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
    /// Another value that somebody gave, and that this one wins over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<Over>,
}

/// A value that is given and not used, because another place wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Over {
    /// The value; none of a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The place that gives it.
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
                let file = visible(file_of(place));
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
            let origin = row.source(ToString::to_string);
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
            _ if self.over.is_some() => true,
            // A line above the plan has the file and its environment.
            _ if matches!(self.name.as_str(), "config" | "env") => false,
            Origin::Default
            | Origin::Nearest
            | Origin::Plan(_)
            | Origin::Account
            | Origin::Credentials(_)
            | Origin::Profile => false,
            Origin::Flag(_) if matches!(self.name.as_str(), "stack" | "region") => false,
            // The first line has the log services.
            _ => !self.name.starts_with(DESTINATION),
        }
    }

    /// Where the value comes from, and what it wins over, each place by these words.
    fn source(&self, words: impl Fn(&Origin) -> String) -> String {
        let from = visible(words(&self.origin));
        match &self.over {
            Some(Over { value, origin }) => {
                let value = value.as_ref().map_or_else(|| "the one".to_owned(), visible);
                format!("{from}, wins over {value} {}", visible(words(origin)))
            }
            None => from,
        }
    }
}

/// A place in few words: without the line of a file, and with a flag or a variable by its name.
fn briefly(origin: &Origin) -> String {
    match origin {
        Origin::Flag(name) | Origin::Variable(name) => format!("from {name}"),
        Origin::File(place) => format!("from {}", file_of(place)),
        origin => origin.to_string(),
    }
}

/// The file of a place such as `cwl2le.toml:12:1`.
fn file_of(place: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let without =
        |place: &'_ str| place.rsplit_once(':').filter(|(_, end)| is_number(end)).map(|(file, _)| file.len());
    let column = without(place).unwrap_or(place.len());
    let line = without(&place[..column]).unwrap_or(column);
    &place[..line]
}

/// Settings with what gave them.
fn given_rows(rows: &[&HeadRow]) -> String {
    let mut table = Table::plain().indent(INDENT).names([1]);
    for row in rows {
        let source = row.source(briefly);
        table.row([visible(&row.name), visible(row.shown()), format!("{DIM}{source}{DIM:#}")]);
    }
    table.to_string()
}

/// Every setting with its source, a line each, without styles.
impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&unstyled(&self.everything()))
    }
}
