//! The flags of everything that a stack is made of.

use std::path::PathBuf;

use clap::Args;
use clap::builder::StringValueParser;

use super::values::{Hyphened, checked, key_value, log_retention};
use crate::resources::Arch;
use crate::stack::limits;

/// The variable with the token of the log, where no flag says where it is.
pub(crate) const TOKEN_VARIABLE: &str = "CWL2LE_TOKEN";

/// Where the forwarder sends lines.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Log service")]
pub struct DestinationArgs {
    /// Token of the log (UUID); else CWL2LE_TOKEN. The process list and the shell's history show it: better give
    /// --token-file, the variable, --token-ssm or --token-secret
    #[arg(long, value_name = "UUID")]
    pub token: Option<String>,
    /// What the variable says the token is. Clap would take it for a flag, which excludes the others.
    #[arg(skip = std::env::var(TOKEN_VARIABLE).ok())]
    pub token_variable: Option<String>,
    /// File with the token, `-` for standard input, as in `pass show log | cwl2le setup --token-file - --yes`
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
    /// SSM parameter (name or ARN) that the function reads the token from; NAME#KEY for one key of a JSON object
    #[arg(long, value_name = "NAME", conflicts_with_all = ["token", "token_file"], allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub token_ssm: Option<String>,
    /// Secrets Manager secret (name or ARN) that the function reads the token from; NAME#KEY for one key
    #[arg(long, value_name = "NAME", conflicts_with_all = ["token", "token_file", "token_ssm"], allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub token_secret: Option<String>,
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

impl DestinationArgs {
    /// Whether they say where lines go.
    pub fn names_service(&self) -> bool {
        self.logentries_region.is_some() || self.logentries_endpoint.is_some()
    }

    /// Whether they, or the variable, say what the token is.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
            || self.token_variable.is_some()
            || self.token_file.is_some()
            || self.token_ssm.is_some()
            || self.token_secret.is_some()
    }
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
    #[arg(long, value_name = "KEY", value_parser = checked(limits::kms_key))]
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
    /// Where in S3 records are kept that no retry can help: s3://BUCKET/PREFIX, in the function's region; `none` for
    /// nowhere, which is the default
    #[arg(long, value_name = "PLACE", value_parser = checked(limits::quarantine))]
    pub quarantine: Option<String>,
    /// Account that the buckets of --quarantine and --on-failure belong to; `own` for the account of the stack, which
    /// is the default. No other account's bucket gets any record
    #[arg(long, value_name = "ID", value_parser = checked(limits::bucket_owner))]
    pub bucket_owner: Option<String>,
    /// Seconds until a destination moves to or from a function of its own, where `isolated` changes in the file; 10 to
    /// 3600, 60 by default. If updating the functions takes longer, run the command again
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(limits::HANDOVER_SECONDS))]
    pub handover: Option<u32>,
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
    #[arg(long, value_name = "ARN", value_parser = checked(limits::on_failure))]
    pub on_failure: Option<String>,
}

/// What all resources have.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Resources")]
pub struct ResourceArgs {
    /// Path of the roles, such as `/service/`
    #[arg(long, value_name = "PATH", value_parser = checked(limits::role_path))]
    pub role_path: Option<String>,
    /// ARN of a permissions boundary for the roles
    #[arg(long, value_name = "ARN", value_parser = checked(limits::permissions_boundary))]
    pub permissions_boundary: Option<String>,
    /// Tag to add to every resource; repeatable
    #[arg(long = "tag", value_name = "KEY=VALUE", allow_hyphen_values = true, value_parser = Hyphened(key_value))]
    pub tags: Vec<(String, String)>,
}
