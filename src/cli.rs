//! Flags, help and environment variables; nothing else.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::error::{Code, Error};
use crate::exit::Exit;
use crate::output::{ColorChoice, OutputFormat};
use crate::stack::{Arch, Distribution, StackName, limits};

/// CloudWatch Logs -> Kinesis -> Lambda -> Logentries, in one command.
///
/// Sets up the whole chain in your AWS account with a forwarder that reports success only for lines that the log
/// service has received, attaches log groups to it, and removes all of it again.
#[derive(Debug, Parser)]
#[command(name = "cwl2le", version, max_term_width = 110, arg_required_else_help = true)]
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
    /// Attach log groups to the chain
    Subscribe(Subscribe),
    /// Detach log groups from the chain
    Unsubscribe(Unsubscribe),
    /// Show what exists of the chain and how it is
    Status(Status),
    /// Remove everything that is ours: filters first, the stream last
    Teardown(Teardown),
    /// Write the bundled forwarder as a zip, and say what it needs
    Package(Package),
    /// Print the IAM documents for review
    Policies(Policies),
    /// Run the whole chain on a local AWS: no account needed, only Python 3.10 or newer
    Demo(Demo),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Write the manual pages
    Man(Man),
}

/// Which stack a command works on.
#[derive(Debug, Clone, Args)]
pub struct StackArg {
    /// Name of the stack, `default` by default; any other prefixes every resource
    #[arg(long, value_name = "NAME", env = "CWL2LE_STACK")]
    pub stack: Option<StackName>,
}

/// How a command changes things.
#[derive(Debug, Clone, Args)]
pub struct Change {
    /// Do not ask before changing anything
    #[arg(long, short)]
    pub yes: bool,
    /// Show the changes and make none
    #[arg(long)]
    pub dry_run: bool,
}

/// How log groups are subscribed.
#[derive(Debug, Clone, Args)]
pub struct Filter {
    /// Which events, in CloudWatch Logs' filter pattern syntax; default all, or what the filter has
    #[arg(long, value_name = "PATTERN")]
    pub filter_pattern: Option<String>,
    /// Name of the subscription filter; default `cloudwatchLogsFilter`, prefixed by the stack
    #[arg(long, value_name = "NAME")]
    pub filter_name: Option<String>,
    /// Spread over the shards `by-log-stream` (in order) or at `random`
    #[arg(long, value_name = "HOW")]
    pub distribution: Option<Distribution>,
    /// Delete this filter of each log group first, where AWS allows no further one
    #[arg(long, value_name = "NAME")]
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
#[derive(Debug, Clone, Args)]
pub struct Wanted {
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub stack: StackArg,
    /// Log group to attach, besides those of the configuration file; repeatable
    #[arg(long = "log-group", short = 'g', value_name = "NAME")]
    pub log_groups: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub filter: Filter,
    /// Take over resources of these names that cwl2le did not make
    #[arg(long)]
    pub adopt: bool,
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

/// Where the forwarder sends lines.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Log service")]
pub struct DestinationArgs {
    /// Token of the log (UUID); on shared machines give --token-file or the variable, which no process list shows
    #[arg(long, value_name = "UUID", env = "CWL2LE_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// File with the token, `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
    /// Region of the log service: us, us2, us3, eu, ca, au, ap; default `us`
    #[arg(long, value_name = "REGION", conflicts_with = "logentries_endpoint")]
    pub logentries_region: Option<cwl2le_forwarder::config::Region>,
    /// HOST:PORT of the log service, for older accounts (data.logentries.com:443) and private collectors
    #[arg(long, value_name = "HOST:PORT")]
    pub logentries_endpoint: Option<String>,
    /// Connect without TLS: for private collectors only
    #[arg(long)]
    pub logentries_plain: bool,
    /// PEM file, as the function sees it, with the certificates to trust instead of the public ones
    #[arg(long, value_name = "FILE", conflicts_with = "logentries_plain")]
    pub logentries_ca_file: Option<String>,
}

/// The stream.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Stream")]
pub struct StreamArgs {
    /// Number of provisioned shards; 1 by default: 1,000 records/s or 1 MiB/s in
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(limits::SHARDS))]
    pub shards: Option<u32>,
    /// Let AWS scale the stream
    #[arg(long, conflicts_with = "shards")]
    pub on_demand: bool,
    /// Hours that the stream keeps records, 24 to 8760: the buffer while the log service is down; 24 by default
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(limits::RETENTION_HOURS))]
    pub retention_hours: Option<u32>,
    /// KMS key that encrypts the stream: key id or ARN, `none` to stop encrypting
    #[arg(long, value_name = "KEY")]
    pub kms_key: Option<String>,
}

/// The function.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Function")]
pub struct FunctionArgs {
    /// Processor of the function: x86_64 or arm64; x86_64 by default
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<Arch>,
    /// Memory in MB, 128 to 10240; 256 by default
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u32).range(limits::MEMORY_MB))]
    pub memory: Option<u32>,
    /// Timeout in seconds, 10 to 900; 60 by default
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(limits::TIMEOUT_SECONDS))]
    pub timeout: Option<u32>,
    /// Reserve this concurrency from the account's pool
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(limits::RESERVED_CONCURRENCY))]
    pub reserved_concurrency: Option<u32>,
    /// Days that the function's own log is kept; 14 by default
    #[arg(long, value_name = "DAYS", value_parser = log_retention)]
    pub log_retention_days: Option<u32>,
    /// Another forwarder than the bundled one
    #[arg(long, value_name = "FILE")]
    pub forwarder_zip: Option<PathBuf>,
}

/// The trigger.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Trigger")]
pub struct TriggerArgs {
    /// Records in one invocation at most, 1 to 10000; 1000 by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(limits::BATCH_SIZE))]
    pub batch_size: Option<u32>,
    /// Seconds to wait for a batch to fill, 0 to 300; 1 by default
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(limits::BATCH_WINDOW_SECONDS))]
    pub batch_window: Option<u32>,
    /// Concurrent invocations per shard, 1 to 10; 1 by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(limits::PARALLELIZATION))]
    pub parallelization: Option<u32>,
    /// S3 bucket, SQS queue or SNS topic (ARN) that gets what expires in the stream undelivered; `none` for none
    #[arg(long, value_name = "ARN")]
    pub on_failure: Option<String>,
}

/// What all resources have.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Resources")]
pub struct ResourceArgs {
    /// Path of the roles, such as `/service/`
    #[arg(long, value_name = "PATH")]
    pub role_path: Option<String>,
    /// ARN of a permissions boundary for the roles
    #[arg(long, value_name = "ARN")]
    pub permissions_boundary: Option<String>,
    /// Tag for everything that takes tags; repeatable
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = key_value)]
    pub tags: Vec<(String, String)>,
}

/// Which log groups are meant.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Log groups")]
#[group(id = "which", required = true, multiple = true, args = ["log_groups", "matches", "group_tags", "all"])]
pub struct Groups {
    /// Log group by name; repeatable
    #[arg(long = "log-group", short = 'g', value_name = "NAME")]
    pub log_groups: Vec<String>,
    /// Log groups whose names match: `*` is any text, also with slashes, `?` one character; repeatable
    #[arg(long = "match", value_name = "GLOB")]
    pub matches: Vec<String>,
    /// Leave out the log groups whose names match; repeatable
    #[arg(long = "exclude", value_name = "GLOB")]
    pub excludes: Vec<String>,
    /// Only log groups that carry this tag; repeatable, all must be carried
    #[arg(id = "group_tags", long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    pub tags: Vec<(String, String)>,
    /// Every log group of the region, one filter each; those that would feed themselves are always left out
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
    /// Destination that these groups go to, whatever the routes say
    #[arg(long, value_name = "NAME", conflicts_with = "filter_name")]
    pub destination: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub filter: Filter,
    /// Take over a filter of our name that leads elsewhere
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
    /// Also remove a filter of this name, where it leads to our stream
    #[arg(long, value_name = "NAME")]
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
    /// Also remove filters of this name that lead to our stream
    #[arg(long, value_name = "NAME")]
    pub filter_name: Option<String>,
}

/// `cwl2le package`
#[derive(Debug, Clone, Args)]
pub struct Package {
    /// Where to write the zip
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Processor: x86_64 or arm64
    #[arg(long, value_name = "ARCH", default_value = "x86_64")]
    pub arch: Arch,
}

/// `cwl2le policies`
#[derive(Debug, Clone, Args)]
pub struct Policies {
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub stack: StackArg,
    /// Print only this one
    #[arg(value_enum)]
    pub which: Option<PolicyDocument>,
    /// Account id to render for; default is the account of the credentials
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub account: Option<String>,
    /// KMS key ARN of the stream to render for
    #[arg(long, value_name = "ARN")]
    pub kms_key: Option<String>,
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
    /// What you need to run cwl2le
    Operator,
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

/// Prints what clap says of flags that do not parse, or help and version, where it belongs; as JSON where the flags ask
/// for JSON, though they could not be parsed.
pub fn unparsed(error: &clap::Error, stdout: &mut dyn std::io::Write) -> Exit {
    if !error.use_stderr() {
        // A closed pipe, as with `| head`, is no error.
        let _ = error.print();
        return Exit::Success;
    }
    if asks_for_json(std::env::args(), std::env::var("CWL2LE_OUTPUT").ok().as_deref()) {
        let text = error.render().to_string();
        let text = text.trim().strip_prefix("error: ").unwrap_or(text.trim());
        let (message, rest) = text.split_once("\n\n").unwrap_or((text, "see `cwl2le --help`"));
        let document =
            serde_json::json!({"error": Error::new(Code::Usage, message.trim()).hint(rest.trim())});
        let _ = writeln!(stdout, "{document:#}");
    }
    let _ = error.print();
    Exit::Usage
}

/// Whether flags that do not parse ask for JSON: the last `--output` counts, then the environment.
fn asks_for_json(args: impl Iterator<Item = String>, environment: Option<&str>) -> bool {
    let args: Vec<String> = args.take_while(|arg| arg != "--").collect();
    let flag = args.iter().enumerate().rev().find_map(|(at, arg)| match arg.strip_prefix("--output") {
        Some("") => args.get(at + 1).map(String::as_str),
        Some(value) => value.strip_prefix('='),
        None => None,
    });
    flag.or(environment) == Some("json")
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not KEY=VALUE")),
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) => limits::tag_key(key).map(|()| (key.to_owned(), value.to_owned())),
        None => Err(format!("`{text}` is not KEY=VALUE")),
    }
}

fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is not an account id of 12 digits"))
    }
}

fn log_retention(text: &str) -> Result<u32, String> {
    limits::log_retention(text.parse().map_err(|_| format!("`{text}` is no number of days"))?)
}
