//! The flag that says which stack is meant.

use clap::Args;

use crate::stack::StackName;

/// Which stack a command works on.
#[derive(Debug, Clone, Default, Args)]
pub struct StackArg {
    /// Stack name [default: default]
    ///
    /// Any name but `default` becomes a prefix of every resource.
    #[arg(long, value_name = "NAME", env = "CWL2LE_STACK")]
    pub stack: Option<StackName>,
}
