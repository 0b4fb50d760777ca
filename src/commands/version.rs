//! `cwl2le version`: the version, as `--version` prints it.

use std::fmt;

use clap::Args;
use serde::Serialize;

use super::manual::Manual;
use super::verb::Verb;
use crate::error::Result;
use crate::workflow::Context;

/// Print the version of cwl2le
#[derive(Debug, Clone, Args)]
pub(crate) struct Version {}

/// The version.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Built {
    /// The version of cwl2le and of the forwarder that it carries.
    pub release: &'static str,
    /// The hash of the sources it was built from, as the function's tags have it.
    pub source: &'static str,
}

impl Built {
    /// This build.
    pub(crate) const THIS: Self = Self { release: env!("CARGO_PKG_VERSION"), source: env!("CWL2LE_SOURCE") };
}

impl fmt::Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cwl2le {} (source {})", self.release, self.source)
    }
}

impl Verb for Version {
    type Report = Built;

    const MANUAL: Manual = Manual {
        examples: &[
            ("Version and source of this build", "cwl2le version"),
            ("The same for a script", "cwl2le version --output json"),
        ],
        page: None,
    };

    async fn run(&self, _: Context<'_>) -> Result<Self::Report> {
        Ok(Built::THIS)
    }
}
