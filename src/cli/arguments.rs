//! The command line as a whole: the global options, and a verb.

use std::path::PathBuf;

use clap::{Args, Parser};

use crate::commands::Command;
use crate::flags::values::whole;
use crate::output::{ColorChoice, LogLevel, OutputFormat};
use crate::settings::values::{AssumedRole, ExternalId, SessionName};

/// What `--version` prints: version and source as the tags of a function have them.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (source ", env!("CWL2LE_SOURCE"), ")");

/// Ship CloudWatch Logs to your log service
///
/// Creates a Kinesis stream and a Lambda function in your AWS account, subscribes log groups to the stream, and deletes
/// all of it again. The function, a forwarder written in Rust, reports success only for lines that the log service has
/// received.
#[derive(Debug, Parser)]
#[command(name = "cwl2le", version = VERSION)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// The verb, as it is typed.
    pub fn verb(&self) -> String {
        self.command.name()
    }

    /// Whether standard output belongs to the lines that the verb writes, and its report to standard error.
    pub fn writes_lines(&self) -> bool {
        let facts = self.command.facts();
        facts.writes_lines && !(facts.writes_events && self.global.output == OutputFormat::Jsonl)
    }
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// AWS region [env: AWS_REGION]. There is no default
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// AWS profile, SSO included [env: AWS_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Role to assume with these credentials, by its ARN; `none` for none
    #[arg(long, global = true, value_name = "ARN", env = "CWL2LE_ROLE_ARN", hide_short_help = true)]
    pub role_arn: Option<AssumedRole>,
    /// External ID that the trust policy of the role asks for
    #[arg(long, global = true, value_name = "ID", env = "CWL2LE_EXTERNAL_ID", hide_short_help = true)]
    pub external_id: Option<ExternalId>,
    /// Name of the session of the role, as CloudTrail shows it [default: cwl2le]
    #[arg(long, global = true, value_name = "SESSION", env = "CWL2LE_SESSION_NAME", hide_short_help = true)]
    pub session_name: Option<SessionName>,
    /// Use another AWS endpoint (LocalStack, tests) [env: AWS_ENDPOINT_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Give up waiting after this many seconds, 1 to 3600 [default: 300; 30 for one reply]
    #[arg(long, global = true, value_name = "SECONDS", env = "CWL2LE_PATIENCE", value_parser = whole::<u64>(1..=3600))]
    pub patience: Option<u64>,
    /// Maximum calls per second of each AWS operation, 1 to 1000 [default: below AWS's default quotas]
    #[arg(long, global = true, value_name = "CALLS", env = "CWL2LE_RATE", value_parser = whole::<u16>(1..=1000))]
    pub rate: Option<u16>,
    /// Configuration file [default: the nearest cwl2le.toml, in this folder or above it]
    ///
    /// The search ends at the root of the repository or at the home directory. Flags and environment variables win over
    /// the file.
    #[arg(long, global = true, value_name = "FILE", env = "CWL2LE_CONFIG_FILE")]
    pub config: Option<PathBuf>,
    /// Environment: lays the section [env.NAME] over the rest of the file; several run side by side
    ///
    /// Repeat the flag, or separate names with commas, or give a pattern such as '*' or 'prod-*'.
    #[arg(long, global = true, value_name = "NAME", env = "CWL2LE_ENV", value_delimiter = ',')]
    pub env: Vec<String>,
    /// Run in every environment of the file, side by side
    #[arg(long, global = true, hide_short_help = true)]
    pub all_envs: bool,
    /// Output format
    #[arg(long, global = true, value_enum, default_value_t = OutputFormat::Text, env = "CWL2LE_OUTPUT")]
    pub output: OutputFormat,
    /// When to color the output
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
    /// Show each AWS call on standard error; -vv shows retries, pacing and waits, too
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// The same as a level: info is -v, debug is -vv
    #[arg(long, global = true, value_enum, default_value_t = LogLevel::Off, env = "CWL2LE_LOG", value_name = "LEVEL", hide_short_help = true)]
    pub log: LogLevel,
    /// Run as if cwl2le had been started in this folder
    #[arg(long, short = 'C', global = true, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Print no progress and no notes
    #[arg(long, short, global = true)]
    pub quiet: bool,
}
