//! `cwl2le package`: writes the bundled forwarder as a zip.

use std::path::PathBuf;

use clap::Args;

use super::manual::Manual;
use super::verb::Verb;
use crate::bundle;
use crate::error::{Error, Result};
use crate::resources::Arch;
use crate::workflow::Context;

/// Write the bundled forwarder as a zip, and show what it needs
#[derive(Debug, Clone, Args)]
pub(crate) struct Package {
    /// File to write
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Overwrite an existing file
    #[arg(long)]
    pub force: bool,
    /// Processor: arm64 or x86_64 [default: that of a new stack, arm64 where this cwl2le carries it]
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<Arch>,
}

impl Verb for Package {
    type Report = bundle::Package;

    const MANUAL: Manual = Manual {
        examples: &[
            ("The zip for another deployment tool", "cwl2le package --to forwarder.zip"),
            ("For the other processor", "cwl2le package --arch x86_64 --to forwarder-x86_64.zip"),
        ],
        page: None,
    };

    async fn run(&self, _: Context<'_>) -> Result<Self::Report> {
        let bundle = bundle::bundled(self.arch.unwrap_or_else(bundle::preferred))?;
        // A device holds nothing to lose, and the zip of an earlier run is the same.
        let is_other = self.to.is_file() && !std::fs::read(&self.to).is_ok_and(|there| *there == *bundle.zip);
        if is_other && !self.force {
            return Err(Error::usage(
                "another file already exists",
                "write over it with --force, or give another place with --to",
            )
            .on(self.to.display().to_string()));
        }
        bundle::Package::write(&bundle, &self.to)
    }
}
