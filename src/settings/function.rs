//! `[function]`: the forwarder and its log group.

use std::path::PathBuf;

use clap::Args;
use cwl2le_forwarder::config::{Config, Metrics};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{self, BucketOwner, LogDays, Quarantine, Whole};
use crate::resources::Observed;
use crate::resources::{Arch, FunctionSpec, HANDOVER_SECONDS, LogGroupSpec, Release};
use crate::stack::Setting;

const MEMORY_MB: u32 = 256;
const TIMEOUT_SECONDS: u32 = 60;
const LOG_RETENTION_DAYS: u32 = 14;

/// The function.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Function")]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Processor of the function: x86_64 or arm64; x86_64 by default
    #[arg(long, value_name = "ARCH")]
    #[schemars(extend("default" = "x86_64"))]
    pub arch: Option<Arch>,
    /// Memory in MB, 128 to 10240; 256 by default
    #[arg(long, value_name = "MB")]
    #[schemars(extend("default" = MEMORY_MB))]
    pub memory: Option<Whole<128, 10_240>>,
    /// Timeout in seconds, 10 to 900; 60 by default
    // Lambda takes less than 10, which leaves too little time to deliver in.
    #[arg(long, value_name = "SECONDS")]
    #[schemars(extend("default" = TIMEOUT_SECONDS))]
    pub timeout: Option<Whole<10, 900>>,
    /// Reserve this concurrency from the account's pool
    #[arg(long, value_name = "N")]
    #[schemars(example = 2)]
    pub reserved_concurrency: Option<Whole<1, 1000>>,
    /// Days that the function's own log is kept; 14 by default
    #[arg(long, value_name = "DAYS")]
    #[schemars(extend("default" = LOG_RETENTION_DAYS))]
    pub log_retention_days: Option<LogDays>,
    /// Where in S3 records are kept that no retry can help: s3://BUCKET/PREFIX, in the function's region; `none` for
    /// nowhere, which is the default
    #[arg(long, value_name = "PLACE")]
    #[schemars(extend("default" = "none"))]
    pub quarantine: Option<Quarantine>,
    /// Account that the buckets of --quarantine and --on-failure belong to; `own` for the account of the stack, which
    /// is the default. No other account's bucket gets any record
    #[arg(long, value_name = "ID")]
    #[schemars(extend("default" = "own"))]
    pub bucket_owner: Option<BucketOwner>,
    /// What the function logs of each invocation: `cloudwatch` for a line of counts that CloudWatch makes metrics of,
    /// `log` for the line without metrics, `none` for neither
    #[arg(skip)]
    #[schemars(extend("default" = "cloudwatch"))]
    pub metrics: Option<Metrics>,
    /// Seconds until a destination moves to or from a function of its own, where `isolated` changes in the file; 10
    /// to 3600, 60 by default. If updating the functions takes longer, run the command again
    #[arg(long, value_name = "SECONDS")]
    #[schemars(skip)]
    pub handover: Option<Whole<10, 3600>>,
    /// Another forwarder than the bundled one
    #[arg(long, value_name = "FILE")]
    #[serde(serialize_with = "values::shown")]
    #[schemars(skip)]
    pub forwarder_zip: Option<PathBuf>,
}

impl Function {
    /// The function that is wanted, without its configuration and its code.
    pub(super) fn spec(&self, observed: &Observed) -> FunctionSpec {
        // An existing function keeps its processor unless another one is asked for.
        let arch = observed.function.as_ref().map_or(Arch::X86_64, |function| function.arch);
        FunctionSpec {
            bundle: None,
            release: Release::own(),
            is_own_zip: false,
            allow_downgrade: false,
            arch: Setting::or_default(self.arch, arch),
            memory_mb: Setting::or_default(self.memory.map(u32::from), MEMORY_MB),
            timeout_seconds: Setting::or_default(self.timeout.map(u32::from), TIMEOUT_SECONDS),
            config: None,
            config_is_complete: false,
            names_service: false,
            reserved_concurrency: self.reserved_concurrency.map(u32::from),
        }
    }

    /// The log group that is wanted for it.
    pub(super) fn log_group(&self) -> LogGroupSpec {
        let days = self.log_retention_days.map(LogDays::days);
        LogGroupSpec { retention_days: Setting::or_default(days, LOG_RETENTION_DAYS) }
    }

    /// Seconds until a destination moves between functions.
    pub(super) fn handover_seconds(&self) -> u32 {
        self.handover.map_or(HANDOVER_SECONDS, u32::from)
    }

    /// The function that is there.
    pub(super) fn observed(observed: &Observed, config: &Config) -> Option<Self> {
        let function = observed.function.as_ref()?;
        let days = observed.log_group.as_ref().and_then(|group| group.retention_days);
        Some(Self {
            arch: Some(function.arch),
            memory: Some(Whole::of_aws(function.memory_mb)),
            timeout: Some(Whole::of_aws(function.timeout_seconds)),
            reserved_concurrency: function.reserved_concurrency.map(Whole::of_aws),
            log_retention_days: days.map(LogDays::of_aws),
            metrics: Some(config.metrics).filter(|metrics| *metrics != Metrics::default()),
            quarantine: config.quarantine.as_ref().map(|place| Quarantine::of_aws(place.to_string())),
            bucket_owner: config.bucket_owner.clone().map(BucketOwner::of_aws),
            handover: None,
            forwarder_zip: None,
        })
    }
}
