//! The flags that describe a whole stack.

use clap::Args;

use super::values::{Hyphened, checked};
use super::{DestinationArgs, Filter, FunctionArgs, ResourceArgs, StreamArgs, TriggerArgs};
use crate::stack::{StackName, limits};

/// Which stack a command works on.
#[derive(Debug, Clone, Default, Args)]
pub struct StackArg {
    /// Name of the stack, `default` by default; any other prefixes every resource
    #[arg(long, value_name = "NAME", env = "CWL2LE_STACK")]
    pub stack: Option<StackName>,
}

/// The whole stack as it should be. What is not given here is taken from the configuration file.
#[derive(Debug, Clone, Default, Args)]
pub struct Wanted {
    #[command(flatten)]
    pub stack: StackArg,
    /// Log group to attach, besides those of the configuration file; repeatable
    #[arg(long = "log-group", short = 'g', value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group)))]
    pub log_groups: Vec<String>,
    #[command(flatten)]
    pub filter: Filter,
    /// Take over resources of these names that cwl2le did not make
    #[arg(long)]
    pub adopt: bool,
    /// Replace the function's code even if a newer cwl2le, another build of this version, or --forwarder-zip deployed
    /// it
    #[arg(long)]
    pub allow_downgrade: bool,
    #[command(flatten)]
    pub destination: DestinationArgs,
    #[command(flatten)]
    pub stream: StreamArgs,
    #[command(flatten)]
    pub function: FunctionArgs,
    #[command(flatten)]
    pub trigger: TriggerArgs,
    #[command(flatten)]
    pub resources: ResourceArgs,
}
