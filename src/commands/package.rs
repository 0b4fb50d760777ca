//! `cwl2le package`: writes the bundled forwarder as a zip.

use std::path::{Path, PathBuf};

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
    /// Processor of the function that gets it: arm64 or x86_64 [default: the only one that this cwl2le carries]
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<Arch>,
}

impl Verb for Package {
    type Report = bundle::Package;

    const MANUAL: Manual = Manual {
        examples: &[
            ("For a function on arm64", "cwl2le package --arch arm64 --to forwarder-arm64.zip"),
            ("For one on x86_64", "cwl2le package --arch x86_64 --to forwarder-x86_64.zip"),
        ],
        page: None,
    };

    async fn run(&self, _: Context<'_>) -> Result<Self::Report> {
        let arch = match self.arch {
            Some(arch) => arch,
            None => only(bundle::available().collect(), &self.to)?,
        };
        let bundle = bundle::bundled(arch)?;
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

/// The processor that needs no flag. Whoever uploads the zip to a function for the other one learns of it only when that
/// cannot start, so two are not chosen from.
fn only(carried: Vec<Arch>, to: &Path) -> Result<Arch> {
    match carried[..] {
        // Which then says how to get one.
        [] => Ok(bundle::preferred()),
        [one] => Ok(one),
        _ => {
            let to = to.display().to_string();
            let to = shlex::try_quote(&to).unwrap_or_else(|_| to.as_str().into());
            let commands: Vec<String> =
                carried.iter().map(|arch| format!("`cwl2le package --arch {arch} --to {to}`")).collect();
            Err(Error::usage(
                "this cwl2le carries a forwarder for each processor, and a function starts only the one for its own",
                format!(
                    "{}; `cwl2le status --deep` shows the processor of a stack's function",
                    commands.join(" or ")
                ),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_forwarders_none_is_chosen() {
        let to = Path::new("my zips/forwarder.zip");
        for arch in [Arch::X86_64, Arch::Arm64] {
            assert_eq!(only(vec![arch], to).expect("the only one"), arch);
        }
        let error = only(vec![Arch::X86_64, Arch::Arm64], to).expect_err("a choice");
        assert_eq!(error.code, crate::error::Code::Usage);
        let hint = error.hint.expect("the commands");
        for arch in ["x86_64", "arm64"] {
            let command = format!("`cwl2le package --arch {arch} --to 'my zips/forwarder.zip'`");
            assert!(hint.contains(&command), "{hint}");
        }
    }
}
