//! The command line as a whole: the global options, and a verb.

use std::path::PathBuf;

use clap::{Args, Parser};

use crate::commands::Command;
use crate::output::{ColorChoice, LogLevel, OutputFormat};

/// What `--version` prints: version and source as the tags of a function have them.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (source ", env!("CWL2LE_SOURCE"), ")");

/// CloudWatch Logs -> Kinesis -> Lambda -> Logentries, in one command.
///
/// Sets up the whole chain in your AWS account with a forwarder that reports success only for lines that the log
/// service has received, attaches log groups to it, and removes all of it again.
#[derive(Debug, Parser)]
#[command(name = "cwl2le", version = VERSION, max_term_width = 110, arg_required_else_help = true)]
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
    /// AWS region; else AWS_REGION, AWS_DEFAULT_REGION or the profile. None is ever assumed
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Profile of the AWS configuration, SSO included; else AWS_PROFILE
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Send every AWS call here instead; else AWS_ENDPOINT_URL
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Longest wait for anything, 1 to 3600: for AWS to answer, for a change to take effect, for a resource to become
    /// ready; 300 by default, and 30 for an answer. Never lengthens what is retried for less
    #[arg(long, global = true, value_name = "SECONDS", env = "CWL2LE_PATIENCE", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub patience: Option<u64>,
    /// Maximum calls a second of each AWS operation, 1 to 1000. By default calls stay below AWS's default quotas; raise
    /// it where your account has higher ones
    #[arg(long, global = true, value_name = "CALLS", env = "CWL2LE_RATE", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub rate: Option<u16>,
    /// Configuration file; else `cwl2le.toml` in this folder, where there is one. Flags and environment win over it
    #[arg(long, global = true, value_name = "FILE", env = "CWL2LE_CONFIG_FILE")]
    pub config: Option<PathBuf>,
    /// Form of what is printed on standard output
    #[arg(long, global = true, value_enum, default_value_t = OutputFormat::Text, env = "CWL2LE_OUTPUT")]
    pub output: OutputFormat,
    /// When to use colours on standard error; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
    /// Show each AWS call on standard error; -vv shows retries, pacing and waits, too
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// The same as a level: info is -v, debug is -vv
    #[arg(long, global = true, value_enum, default_value_t = LogLevel::Off, env = "CWL2LE_LOG", value_name = "LEVEL", hide_short_help = true)]
    pub log: LogLevel,
    /// Print no progress
    #[arg(long, short, global = true)]
    pub quiet: bool,
}
