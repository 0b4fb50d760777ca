//! The regions of Rapid7, whose names stand in those of its hosts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A region of the vendor; its hosts are `<region>.data.logs.insight.rapid7.com` and
/// `<region>.webhook.logs.insight.rapid7.com`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the vendor's own names for its regions")]
pub enum Region {
    Us,
    Us2,
    Us3,
    Eu,
    Ca,
    Au,
    Ap,
}

impl Region {
    /// All regions, in the vendor's order.
    pub const ALL: [Self; 7] = [Self::Us, Self::Us2, Self::Us3, Self::Eu, Self::Ca, Self::Au, Self::Ap];

    /// The name as it stands in configuration and host name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Us2 => "us2",
            Self::Us3 => "us3",
            Self::Eu => "eu",
            Self::Ca => "ca",
            Self::Au => "au",
            Self::Ap => "ap",
        }
    }
}

impl std::str::FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(name: &str) -> Result<Self, UnknownRegion> {
        Self::ALL
            .into_iter()
            .find(|region| region.name() == name)
            .ok_or_else(|| UnknownRegion(name.to_owned()))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no region of the vendor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no region of Logentries / InsightOps; known are us, us2, us3, eu, ca, au and ap; for another host give `endpoint`"
)]
pub struct UnknownRegion(pub String);
