//! `cwl2le version`: which build this is, and which forwarders it carries.

use std::fmt;

use clap::Args;
use serde::Serialize;

use super::manual::Manual;
use super::verb::Verb;
use crate::bundle::{BundleInfo, available, bundled, inspect};
use crate::error::Result;
use crate::workflow::Context;

/// Print the version of cwl2le
///
/// With --output json also the commit and the system it was built for, and the forwarders that it carries.
#[derive(Debug, Clone, Args)]
pub(crate) struct Version {}

/// The version, and what this build is.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Built {
    /// The version of cwl2le and of the forwarder that it carries.
    pub release: &'static str,
    /// The hash of the sources it was built from, as the function's tags have it.
    pub source: &'static str,
    /// The commit it was built from; null unless it is a published release.
    pub commit: Option<&'static str>,
    /// The system it was built for, as a target triple.
    pub target: &'static str,
    /// The profile of Cargo it was built with.
    pub profile: &'static str,
    /// The forwarders that it carries.
    pub forwarders: Vec<BundleInfo>,
}

impl Built {
    /// This build.
    ///
    /// # Errors
    /// `bad-bundle` if a forwarder would not run on Lambda.
    fn this() -> Result<Self> {
        Ok(Self {
            release: env!("CARGO_PKG_VERSION"),
            source: env!("CWL2LE_SOURCE"),
            commit: option_env!("CWL2LE_COMMIT"),
            target: env!("CWL2LE_TARGET"),
            profile: env!("CWL2LE_PROFILE"),
            forwarders: available().map(|arch| inspect(&bundled(arch)?)).collect::<Result<_>>()?,
        })
    }
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
            ("The forwarders in it as well, for a script", "cwl2le version --output json"),
        ],
        page: None,
    };

    async fn run(&self, _: Context<'_>) -> Result<Self::Report> {
        Built::this()
    }
}
