//! What can be done to a forwarder function.

use std::collections::BTreeMap;

use super::bundle::Bundle;
use super::desired::EnvValue;
use super::network::Network;
use crate::plan::Kind;
use crate::stack::Tags;

/// Stands for the kind where the engine asks something of it.
pub(crate) struct Function;

impl Kind {
    /// A Lambda function.
    pub const FUNCTION: Self = Self::new("function");
}

/// One change to a function, with everything needed to carry it out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the AWS call that the variant names")]
pub enum Action {
    /// Create the function and wait until it is Active.
    Create(Box<CreateFunction>),
    /// Wait until the function is Active and its last update Successful.
    Await { name: String },
    /// Fail after this time, in seconds since 1970: the next action makes another function responsible for records that
    /// arrive from then on.
    BeforeHandover { at: u64 },
    /// Upload another zip and wait.
    UpdateCode { name: String, bundle: Bundle },
    /// Change description, role, memory, timeout, environment, log group, network; wait.
    UpdateConfiguration {
        name: String,
        description: Option<String>,
        role_arn: Option<String>,
        memory_mb: Option<u32>,
        timeout_seconds: Option<u32>,
        environment: Option<BTreeMap<String, EnvValue>>,
        log_group: Option<String>,
        network: Option<Network>,
    },
    /// Reserve concurrency.
    SetConcurrency { name: String, reserved: u32 },
    /// Remove the reservation: a function with a reserved concurrency of 0 never runs.
    UnsetConcurrency { name: String },
    /// Add tags.
    Tag { arn: String, tags: Tags },
    /// Delete the function.
    Delete { name: String },
}

/// A function to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateFunction {
    /// Its name.
    pub name: String,
    /// Its execution role.
    pub role_arn: String,
    /// Its code.
    pub bundle: Bundle,
    /// Its description.
    pub description: String,
    /// Memory in MB.
    pub memory_mb: u32,
    /// Timeout in seconds.
    pub timeout_seconds: u32,
    /// Its environment variables.
    pub environment: BTreeMap<String, EnvValue>,
    /// The private network that it is in.
    pub network: Network,
    /// Its tags.
    pub tags: Tags,
}
