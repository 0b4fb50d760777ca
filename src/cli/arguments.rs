//! Flags, help and environment variables; nothing else.

use std::path::PathBuf;

use clap::builder::StringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::replay::{Forward, Preview};
use crate::flags::values::{Hyphened, account_id, checked, pair};
use crate::flags::{DestinationArgs, FunctionArgs, ResourceArgs, StreamArgs, TriggerArgs};
use crate::output::{ColorChoice, OutputFormat};
use crate::stack::{Arch, Distribution, StackName, limits};

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
    pub command: Command,
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
    /// Maximum calls a second of each AWS operation, 1 to 1000. By default calls stay below AWS's default quotas; raise it
    /// where your account has higher ones
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
    /// Print no progress
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// The verbs.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Create or update the chain: stream, roles, log group, function, trigger; and filters with --log-group
    Setup(Box<Setup>),
    /// Show what `setup` would change, and change nothing; exit code 8 where there is something to change
    Plan(Box<PlanArgs>),
    /// Write a commented configuration file, or one that describes what is in the account
    Init(Init),
    /// Show what would be sent of a log group's events, what would be dropped and what it would cost; changes nothing
    Preview(Preview),
    /// Attach log groups to the chain
    Subscribe(Subscribe),
    /// Detach log groups from the chain
    Unsubscribe(Unsubscribe),
    /// Show what exists of the chain and how it is
    Status(Status),
    /// Remove everything that is ours: filters first, the stream last
    Teardown(Teardown),
    /// Send saved events through the forwarder here: to a log service, or to standard output
    Forward(Box<Forward>),
    /// Write the bundled forwarder as a zip, and say what it needs
    Package(Package),
    /// Print the IAM documents for review
    Policies(Box<Policies>),
    /// Run the whole chain on a local AWS: no account needed, only Python 3.10 or newer
    Demo(Demo),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Write the manual pages
    Man(Man),
}

impl Command {
    /// The stack that flag or environment name.
    pub fn stack(&self) -> Option<&StackName> {
        let args = match self {
            Self::Setup(args) => &args.wanted.stack,
            Self::Plan(args) => &args.wanted.stack,
            Self::Preview(args) => &args.stack,
            Self::Subscribe(args) => &args.stack,
            Self::Unsubscribe(args) => &args.stack,
            Self::Status(args) => &args.stack,
            Self::Teardown(args) => &args.stack,
            Self::Forward(args) => &args.stack,
            Self::Policies(args) => &args.wanted.stack,
            Self::Init(_) | Self::Package(_) | Self::Demo(_) | Self::Completions(_) | Self::Man(_) => {
                return None;
            }
        };
        args.stack.as_ref()
    }

    /// Whether a token stands on the command line itself.
    pub fn shows_token(&self) -> bool {
        let destination = match self {
            Self::Setup(args) => &args.wanted.destination,
            Self::Plan(args) => &args.wanted.destination,
            Self::Forward(args) => &args.service,
            _ => return false,
        };
        destination.token.is_some()
    }

    /// Whether standard output belongs to the lines that it writes, and its report to standard error.
    pub fn writes_lines(&self) -> bool {
        matches!(self, Self::Forward(forward) if forward.writes_lines())
    }
}

/// Which stack a command works on.
#[derive(Debug, Clone, Default, Args)]
pub struct StackArg {
    /// Name of the stack, `default` by default; any other prefixes every resource
    #[arg(long, value_name = "NAME", env = "CWL2LE_STACK")]
    pub stack: Option<StackName>,
}

/// How a command changes things.
#[derive(Debug, Clone, Args)]
pub struct Change {
    /// Make the changes without asking; required where standard input or standard error is not a terminal
    #[arg(long, short)]
    pub yes: bool,
    /// Show the changes and make none
    #[arg(long)]
    pub dry_run: bool,
}

/// How log groups are subscribed.
#[derive(Debug, Clone, Default, Args)]
pub struct Filter {
    /// Which events, in CloudWatch Logs' filter pattern syntax; default all, or what the filter has
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::filter_pattern)))]
    pub filter_pattern: Option<String>,
    /// Name of the subscription filter or the account policy; default `cloudwatchLogsFilter`, prefixed by the stack
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::filter_name)))]
    pub filter_name: Option<String>,
    /// Spread over the shards `by-log-stream` (in order) or at `random`
    #[arg(long, value_name = "HOW")]
    pub distribution: Option<Distribution>,
    /// Take the place of this filter of each log group, or of this account policy: it is deleted once ours is there, or before where AWS has
    /// no room for both, and comes back if ours fails
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::filter_name)))]
    pub replace: Option<String>,
}

/// `cwl2le setup`
#[derive(Debug, Clone, Args)]
pub struct Setup {
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub wanted: Wanted,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub change: Change,
    /// Delete what this run made, if it fails
    #[arg(long)]
    pub rollback: bool,
}

/// `cwl2le plan`
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub wanted: Wanted,
}

/// `cwl2le init`
#[derive(Debug, Clone, Args)]
pub struct Init {
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub stack: StackArg,
    /// Where to write the file
    #[arg(long, value_name = "FILE", default_value = "cwl2le.toml")]
    pub to: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    pub force: bool,
    /// Describe the stack as it is in the account; its tokens become references to environment variables
    #[arg(long)]
    pub from_account: bool,
}

/// The whole stack as it should be. What is not given here is taken from the configuration file.
#[derive(Debug, Clone, Default, Args)]
pub struct Wanted {
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub stack: StackArg,
    /// Log group to attach, besides those of the configuration file; repeatable
    #[arg(long = "log-group", short = 'g', value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group)))]
    pub log_groups: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub filter: Filter,
    /// Take over resources of these names that cwl2le did not make
    #[arg(long)]
    pub adopt: bool,
    /// Replace the function's code even if a newer cwl2le, another build of this version, or --forwarder-zip deployed it
    #[arg(long)]
    pub allow_downgrade: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub destination: DestinationArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub stream: StreamArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub function: FunctionArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub trigger: TriggerArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub resources: ResourceArgs,
}

/// Which log groups are meant.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Log groups")]
#[group(id = "which", required = true, multiple = true, args = ["log_groups", "matches", "group_tags", "all"])]
pub struct Groups {
    /// Log group by name; repeatable
    #[arg(long = "log-group", short = 'g', value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group)))]
    pub log_groups: Vec<String>,
    /// Log groups whose names match: `*` is any text, also with slashes, `?` one character; repeatable
    #[arg(long = "match", value_name = "GLOB", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group_glob)))]
    pub matches: Vec<String>,
    /// Leave out the log groups whose names match; repeatable
    #[arg(long = "exclude", value_name = "GLOB", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group_glob)))]
    pub excludes: Vec<String>,
    /// Only log groups that carry this tag; repeatable, all must be carried
    #[arg(id = "group_tags", long = "tag", value_name = "KEY=VALUE", allow_hyphen_values = true, value_parser = Hyphened(pair))]
    pub tags: Vec<(String, String)>,
    /// Every log group of the account and region, also those to come, by one account policy; those that would feed
    /// themselves are always left out
    #[arg(long)]
    pub all: bool,
}

/// `cwl2le subscribe`
#[derive(Debug, Clone, Args)]
pub struct Subscribe {
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub stack: StackArg,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub change: Change,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub groups: Groups,
    /// With --all: a filter for each log group that exists, instead of the one account policy
    #[arg(long, requires = "all", help_heading = "Log groups")]
    pub per_group: bool,
    /// Destination that these groups go to, whatever the routes say
    #[arg(long, value_name = "NAME", conflicts_with = "filter_name", allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub destination: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub filter: Filter,
    /// Take over a filter or an account policy of our name that leads elsewhere
    #[arg(long)]
    pub adopt: bool,
}

/// `cwl2le unsubscribe`
#[derive(Debug, Clone, Args)]
pub struct Unsubscribe {
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub stack: StackArg,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub change: Change,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub groups: Groups,
    /// Also remove a filter or an account policy of this name, where it leads to our stream
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::filter_name)))]
    pub filter_name: Option<String>,
}

/// `cwl2le status`
#[derive(Debug, Clone, Args)]
pub struct Status {
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub stack: StackArg,
    /// Exit with code 8 unless the chain is ready
    #[arg(long)]
    pub check: bool,
}

/// `cwl2le teardown`
#[derive(Debug, Clone, Args)]
pub struct Teardown {
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub stack: StackArg,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub change: Change,
    /// Delete the stream even where others still write to it or read from it
    #[arg(long)]
    pub force: bool,
    /// Also remove filters and an account policy of this name that lead to our stream
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::filter_name)))]
    pub filter_name: Option<String>,
}

/// `cwl2le package`
#[derive(Debug, Clone, Args)]
pub struct Package {
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

/// `cwl2le policies`
#[derive(Debug, Clone, Args)]
pub struct Policies {
    /// Print only this one
    #[arg(value_enum)]
    pub which: Option<PolicyDocument>,
    /// Account ID to print the policies for, without calling AWS. Default: the account of the credentials
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub account: Option<String>,
    /// Allow `subscribe --all`, too, which writes an account policy; by default where the file has `all = true` and where the
    /// account has one of cwl2le
    #[arg(long)]
    pub all: bool,
    /// The stack that is meant, as for `setup`.
    #[command(flatten)]
    pub wanted: Wanted,
}

/// The IAM documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PolicyDocument {
    /// Who may assume the role of CloudWatch Logs
    LogsTrust,
    /// What CloudWatch Logs may do
    Logs,
    /// Who may assume the forwarder's role
    ForwarderTrust,
    /// What the forwarder may do
    Forwarder,
    /// What you need to run every verb: with --permissions-boundary within it, without one up to administrator
    Operator,
    /// What you need to subscribe, unsubscribe, plan, preview and see the status
    Everyday,
    /// The permissions boundary that allows what both roles need
    Boundary,
}

/// `cwl2le demo`
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// Leave everything running and say how to look around; stop with Ctrl-C
    #[arg(long)]
    pub keep: bool,
}

/// `cwl2le completions`
#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `cwl2le man`
#[derive(Debug, Clone, Args)]
pub struct Man {
    /// Folder to write the pages to
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}
