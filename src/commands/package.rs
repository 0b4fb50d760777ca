//! `cwl2le package`: writes the bundled forwarder as a zip.

use std::path::PathBuf;

use clap::Args;

use super::verb::Verb;
use crate::bundle;
use crate::error::{Error, Result};
use crate::resources::Arch;
use crate::workflow::Context;

/// Write the bundled forwarder as a zip, and say what it needs
#[derive(Debug, Clone, Args)]
pub(crate) struct Package {
    /// Where to write the zip
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Write over another file that is there
    #[arg(long)]
    pub force: bool,
    /// Processor: x86_64 or arm64
    #[arg(long, value_name = "ARCH", default_value = "x86_64")]
    pub arch: Arch,
}

impl Verb for Package {
    type Report = bundle::Package;

    async fn run(&self, _: Context<'_>) -> Result<Self::Report> {
        let bundle = bundle::bundled(self.arch)?;
        // A device holds nothing to lose, and the zip of an earlier run is the same.
        let is_other = self.to.is_file() && !std::fs::read(&self.to).is_ok_and(|there| *there == *bundle.zip);
        if is_other && !self.force {
            return Err(Error::usage(
                "another file is there already",
                "write over it with --force, or give another place with --to",
            )
            .on(self.to.display().to_string()));
        }
        bundle::Package::write(&bundle, &self.to)
    }
}
