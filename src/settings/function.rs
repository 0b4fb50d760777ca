//! `[function]`: the forwarder and its log group.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use cwl2le_forwarder::aws::EndpointKind;
use cwl2le_forwarder::config::{Config, Metrics};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{self, BucketOwner, LogDays, Quarantine, SecurityGroup, Subnet, Whole};
use crate::bundle;
use crate::resources::Observed;
use crate::resources::{Arch, FunctionSpec, HANDOVER_SECONDS, LogGroupSpec, Network, Release};
use crate::stack::Setting;

const MEMORY_MB: u32 = 256;
const TIMEOUT_SECONDS: u32 = 60;
const LOG_RETENTION_DAYS: u32 = 14;
const NONE: [&str; 0] = [];

/// The function.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Function")]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Processor of the function: arm64 or x86_64. A new stack of a cwl2le without a forwarder for arm64 gets x86_64; one
    /// that exists keeps its own [default: arm64]
    #[arg(long, hide_short_help = true, value_name = "ARCH")]
    #[schemars(extend("default" = "arm64"))]
    pub arch: Option<Arch>,
    /// Memory in MB, 128 to 10240 [default: 256]
    #[arg(long, hide_short_help = true, value_name = "MB")]
    #[schemars(extend("default" = MEMORY_MB))]
    pub memory: Option<Whole<128, 10_240>>,
    /// Timeout in seconds, 10 to 900 [default: 60]
    // Lambda takes less than 10, which leaves too little time to deliver in.
    #[arg(long, hide_short_help = true, value_name = "SECONDS")]
    #[schemars(extend("default" = TIMEOUT_SECONDS))]
    pub timeout: Option<Whole<10, 900>>,
    /// Concurrency to reserve for the function from the account's pool
    #[arg(long, hide_short_help = true, value_name = "N")]
    #[schemars(example = 2)]
    pub reserved_concurrency: Option<Whole<1, 1000>>,
    /// Days that the function's own log is kept [default: 14]
    #[arg(long, hide_short_help = true, value_name = "DAYS")]
    #[schemars(extend("default" = LOG_RETENTION_DAYS))]
    pub log_retention_days: Option<LogDays>,
    /// Keep undeliverable records in S3: s3://BUCKET/PREFIX in the function's region [default: none]
    #[arg(long, hide_short_help = true, value_name = "PLACE")]
    #[schemars(extend("default" = "none"))]
    pub quarantine: Option<Quarantine>,
    /// Account ID that owns the buckets of --quarantine and --on-failure; records go to no other account's bucket
    /// [default: own, the account of the stack]
    #[arg(long, hide_short_help = true, value_name = "ID")]
    #[schemars(extend("default" = "own"))]
    pub bucket_owner: Option<BucketOwner>,
    /// IDs of the subnets to put the function into, of one VPC; `none` takes it out of its VPC [default: none]
    #[arg(long, hide_short_help = true, value_name = "ID,...", value_delimiter = ',')]
    #[schemars(extend("default" = NONE))]
    pub subnets: Option<Vec<Subnet>>,
    /// IDs of the security groups of the function's network interfaces, with --subnets [default: none]
    #[arg(long, hide_short_help = true, value_name = "ID,...", value_delimiter = ',')]
    #[schemars(extend("default" = NONE))]
    pub security_groups: Option<Vec<SecurityGroup>>,
    /// Whether the function uses IPv6 as well, in subnets that have it [default: false]
    #[arg(long, hide_short_help = true, value_name = "BOOL")]
    #[schemars(extend("default" = false))]
    pub ipv6: Option<bool>,
    /// Endpoints of AWS's services that the function calls: `standard`, `fips`, `dual-stack` or `fips-dual-stack`
    #[arg(skip)]
    #[schemars(extend("default" = "standard"))]
    pub endpoints: Option<EndpointKind>,
    /// What the function logs about each invocation: `cloudwatch` for a line of counts that CloudWatch turns into
    /// metrics, `log` for the line without metrics, `none` for neither
    #[arg(skip)]
    #[schemars(extend("default" = "cloudwatch"))]
    pub metrics: Option<Metrics>,
    /// Seconds until a destination moves to or from its own function when `isolated` changes in the file, 10 to 3600.
    /// If updating the functions takes longer, run the command again [default: 60]
    #[arg(long, hide_short_help = true, value_name = "SECONDS")]
    #[schemars(skip)]
    pub handover: Option<Whole<10, 3600>>,
    /// Zip file of another forwarder than the bundled one
    #[arg(long, hide_short_help = true, value_name = "FILE")]
    #[serde(serialize_with = "values::shown")]
    #[schemars(skip)]
    pub forwarder_zip: Option<PathBuf>,
}

impl Function {
    /// The function that is wanted, without its configuration and its code.
    pub(super) fn spec(&self, observed: &Observed) -> FunctionSpec {
        // An existing function keeps its processor unless another one is asked for.
        let arch = observed.function.as_ref().map_or_else(bundle::preferred, |function| function.arch);
        FunctionSpec {
            bundle: None,
            release: Release::own(),
            is_own_zip: false,
            allow_downgrade: false,
            ignores_rollback: false,
            arch: Setting::or_default(self.arch, arch),
            memory_mb: Setting::or_default(self.memory.map(u32::from), MEMORY_MB),
            timeout_seconds: Setting::or_default(self.timeout.map(u32::from), TIMEOUT_SECONDS),
            config: None,
            config_is_complete: false,
            names_service: false,
            reserved_concurrency: self.reserved_concurrency.map(u32::from),
            network: self.network(observed),
        }
    }

    /// The network that is wanted: what is not asked for stays as the function has it.
    pub(super) fn network(&self, observed: &Observed) -> Setting<Network> {
        let is = observed.function.as_ref().map(|function| function.network.clone()).unwrap_or_default();
        if self.subnets.is_none() && self.security_groups.is_none() && self.ipv6.is_none() {
            // The function of another destination is made beside the main one.
            return Setting::default(is);
        }
        let subnets: BTreeSet<String> = self.subnets.as_ref().map_or(is.subnets, |all| {
            all.iter().map(|id| (**id).to_owned()).filter(|id| id != Subnet::NONE).collect()
        });
        let leaves = self.subnets.is_some() && subnets.is_empty();
        if leaves {
            return Setting::asked(Network::default());
        }
        let groups = self.security_groups.as_ref();
        Setting::asked(Network {
            subnets,
            security_groups: groups
                .map_or(is.security_groups, |all| all.iter().map(|id| (**id).to_owned()).collect()),
            ipv6: self.ipv6.unwrap_or(is.ipv6),
        })
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
            subnets: function
                .network
                .is_private()
                .then(|| function.network.subnets.iter().cloned().map(Subnet::of_aws).collect()),
            security_groups: function.network.is_private().then(|| {
                function.network.security_groups.iter().cloned().map(SecurityGroup::of_aws).collect()
            }),
            ipv6: function.network.ipv6.then_some(true),
            endpoints: Some(config.endpoints).filter(|endpoints| !endpoints.is_standard()),
            metrics: Some(config.metrics).filter(|metrics| *metrics != Metrics::default()),
            quarantine: config.quarantine.as_ref().map(|place| Quarantine::of_aws(place.to_string())),
            bucket_owner: config.bucket_owner.clone().map(BucketOwner::of_aws),
            handover: None,
            forwarder_zip: None,
        })
    }
}
