//! `cwl2le upgrade`: brings the functions of a stack to this version of the forwarder, and back where it fails.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::manual::Manual;
use super::verb::{Facts, Policy, Verb};
use crate::error::{Exit, Result};
use crate::flags::{Change, StackArg};
use crate::resources::Arch;
use crate::settings::Wanted;
use crate::workflow::Context;
use crate::workflow::upgrade::{self, UpgradeReport};

/// Bring the forwarder to this version, and back if it fails; `rollback` goes back later
///
/// Publishes a new version of each function of the stack and sends a line to each destination by it. Only then the new
/// version gets records. It is watched for a while: if it fails in a way that the version before did not, the version
/// before takes over again. No line is lost. Settings stay as they are.
#[derive(Debug, Clone, Args)]
pub(crate) struct Upgrade {
    #[command(flatten)]
    pub stack: StackArg,
    #[command(flatten)]
    pub change: Change,
    /// Processor to move to: arm64 or x86_64 [default: the one it has]
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<Arch>,
    /// Zip file of another forwarder than the bundled one
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Send no line to the destinations before the new version gets records
    #[arg(long)]
    pub no_canary: bool,
    /// How long to watch the new version, such as 30s or 5m; 0s does not watch it
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "60s")]
    pub watch: Duration,
    /// Replace the code even if a newer cwl2le, another build of this version, or --forwarder-zip deployed it
    #[arg(long, hide_short_help = true)]
    pub allow_downgrade: bool,
}

impl Verb for Upgrade {
    type Report = UpgradeReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("Show what would change", "cwl2le upgrade --dry-run"),
            (
                "Upgrade in a pipeline, and watch the new version for five minutes",
                "cwl2le upgrade --yes --watch 5m",
            ),
            ("Move to Graviton, which Lambda charges 20 % less for", "cwl2le upgrade --arch arm64"),
            ("Bring a forwarder of your own", "cwl2le upgrade --to forwarder.zip"),
        ],
        page: Some("upgrade.md"),
    };

    fn facts(&self) -> Facts<'_> {
        Facts::of_stack(&self.stack, Policy::operator())
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let session = context.session().await?;
        let mut wanted =
            Wanted { allow_downgrade: self.allow_downgrade, ignores_rollback: true, ..Wanted::default() };
        wanted.stack.stack = Some(context.stack(&self.stack));
        wanted.function.arch = self.arch;
        wanted.function.forwarder_zip.clone_from(&self.to);
        let upgrade = upgrade::Upgrade {
            context,
            session: &session,
            change: &self.change,
            wanted: &wanted,
            canary: !self.no_canary,
            watch: self.watch,
        };
        Box::pin(upgrade.run()).await
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        report.exit()
    }
}

/// Maximum time to watch.
const LONGEST: Duration = Duration::from_secs(3600);

fn time(text: &str) -> std::result::Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time <= LONGEST { Ok(time) } else { Err("it must be between 0s and 1h".to_owned()) }
}
