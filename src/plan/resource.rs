//! A resource by kind and name.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::output::visible;

/// A resource by kind and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ResourceId {
    /// What it is.
    pub kind: Kind,
    /// Its name, for a filter `GROUP -> NAME`.
    pub name: String,
}

/// A kind of resource, by what it is called. Each stands with the resources of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    name: &'static str,
    is_subscription: bool,
    is_many: bool,
}

impl Kind {
    /// A kind of this name.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, is_subscription: false, is_many: false }
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
    /// In JSON the words of its name are joined by hyphens.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name.replace(' ', "-"))
    }
}

impl ResourceId {
    pub(crate) fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, visible(&self.name))
    }
}
