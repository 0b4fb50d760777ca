//! A resource by kind and name.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::error::Subject;
use crate::output::visible;

/// A resource by kind and name.
///
/// In JSON the source has a name of its own: `log_group` for a subscription filter, `stream` for a trigger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceId {
    /// What it is.
    pub kind: Kind,
    /// What it reads: the log group of a subscription filter, the stream of a trigger; none of any other kind.
    pub source: Option<Box<str>>,
    /// Its name; for a trigger, which has none, that of its function.
    pub name: String,
}

/// A kind of resource, by what it is called. Each stands with the resources of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    name: &'static str,
    reads: Option<Reads>,
    is_subscription: bool,
    is_many: bool,
}

/// What resources of a kind read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reads {
    LogGroup,
    Stream,
}

impl Kind {
    /// A kind of this name.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, reads: None, is_subscription: false, is_many: false }
    }

    /// The same kind, of resources that read such things.
    pub(crate) const fn reads(self, what: Reads) -> Self {
        Self { reads: Some(what), ..self }
    }

    /// The same kind, of resources that lead log groups into the chain.
    pub(crate) const fn subscription(self) -> Self {
        Self { is_subscription: true, ..self }
    }

    /// The same kind, of which a stack may have thousands: each stands for itself.
    pub(crate) const fn many(self) -> Self {
        Self { is_many: true, ..self }
    }

    /// What it is called.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The same as in JSON, where its words are joined by hyphens.
    fn in_json(self) -> String {
        self.name.replace(' ', "-")
    }

    /// Whether resources of this kind lead log groups into the chain.
    pub const fn is_subscription(self) -> bool {
        self.is_subscription
    }

    /// Whether a stack may have thousands of this kind, so that they are counted and one that fails stands for itself.
    pub const fn is_many(self) -> bool {
        self.is_many
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.in_json())
    }
}

impl ResourceId {
    /// A resource that reads nothing.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, source: None, name: name.into() }
    }

    /// The same, reading this.
    #[must_use]
    pub(crate) fn reading(self, source: impl Into<String>) -> Self {
        Self { source: Some(source.into().into_boxed_str()), ..self }
    }

    /// What it reads and its name in one text for people, such as `/app/a -> cloudwatchLogsFilter`.
    pub fn place(&self) -> String {
        match &self.source {
            Some(source) => format!("{source} -> {}", self.name),
            None => self.name.clone(),
        }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, visible(self.place()))
    }
}

impl From<&ResourceId> for Subject {
    fn from(id: &ResourceId) -> Self {
        let log_group =
            id.source.as_deref().filter(|_| id.kind.reads == Some(Reads::LogGroup)).map(ToOwned::to_owned);
        let name = if log_group.is_some() { id.name.clone() } else { id.place() };
        Self { kind: id.kind.in_json(), log_group, name }
    }
}

impl Serialize for ResourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", &self.kind)?;
        if let Some(source) = &self.source {
            let name = match self.kind.reads {
                Some(Reads::LogGroup) => "log_group",
                Some(Reads::Stream) => "stream",
                None => "source",
            };
            map.serialize_entry(name, source)?;
        }
        map.serialize_entry("name", &self.name)?;
        map.end()
    }
}
