//! The regions of Rapid7, whose names stand in those of its hosts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A region of the vendor; its hosts are `<region>.data.logs.insight.rapid7.com` and
/// `<region>.webhook.logs.insight.rapid7.com`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// What the configuration of a destination says about where it is.
pub(super) enum Place<'a> {
    Endpoint(&'a str),
    Region(Region),
}

impl<'a> Place<'a> {
    /// Which of the two is given; `form` is that of the endpoint.
    pub(super) fn given(
        endpoint: Option<&'a str>,
        region: Option<Region>,
        form: &str,
    ) -> Result<Self, String> {
        match (endpoint, region) {
            (Some(endpoint), None) => Ok(Self::Endpoint(endpoint)),
            (None, Some(region)) => Ok(Self::Region(region)),
            (None, None) => {
                let regions = Region::ALL.map(Region::name).join(", ");
                Err(format!("give `endpoint` ({form}) or `region` ({regions})"))
            }
            (Some(_), Some(_)) => Err("give `endpoint` or `region`, not both".into()),
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
    "`{0}` is not a Logentries region; use us, us2, us3, eu, ca, au or ap, or give the host as `endpoint`"
)]
pub struct UnknownRegion(pub String);
