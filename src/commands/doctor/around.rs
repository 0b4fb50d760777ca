//! What lies around the chain: the configuration file, the log groups that it means, policies of the account, the log
//! services. Values only.

use std::collections::BTreeSet;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::net::Failure;

use super::finding::Finding;
use crate::aws::answers::LogPolicy;
use crate::health::Probe;
use crate::resources::Plan;

/// What was read around the chain.
#[derive(Debug)]
pub(super) struct Around {
    /// The path of the configuration file, if that says where logs go.
    pub(super) file: Option<String>,
    /// The configuration of the forwarder, if it can be read.
    pub(super) config: Option<Config>,
    /// The log groups that the file means; none if it says nothing of them.
    pub(super) groups: Result<Option<Groups>, Finding>,
    /// Policies of the account that change what a chain does.
    pub(super) policies: Result<LogPolicies, Finding>,
    /// What each log service answered to this machine; empty unless it was asked.
    pub(super) reached: Vec<Reached>,
    /// Which stack was probably meant, or which ones there are, where this one does not exist.
    pub(super) instead: Option<String>,
}

impl Default for Around {
    /// Nothing could be read.
    fn default() -> Self {
        let unread = || Finding::unknown("nothing was read");
        Self {
            file: None,
            config: None,
            groups: Err(unread()),
            policies: Err(unread()),
            reached: Vec::new(),
            instead: None,
        }
    }
}

/// The log groups that the file means.
#[derive(Debug)]
pub(super) struct Groups {
    /// What `setup` would change about their filters.
    pub(super) plan: Plan,
    /// Those that have a filter to the stream.
    pub(super) subscribed: BTreeSet<String>,
    /// Which of all log groups do anything.
    pub(super) activity: Probe<Activity>,
}

/// What log groups did in the last three hours, by their metrics.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Activity {
    /// Those that got events.
    pub(super) logging: BTreeSet<String>,
    /// Those whose filter put events into the stream.
    pub(super) forwarding: BTreeSet<String>,
    /// Whether these are all.
    pub(super) is_whole: bool,
}

/// Policies of the account and region on all of its logs.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct LogPolicies {
    /// On whether CloudWatch makes metrics of logs.
    pub(super) metric_extraction: Option<LogPolicy>,
    /// On how long logs are kept.
    pub(super) retention: Option<LogPolicy>,
}

/// What a log service answered to this machine.
#[derive(Debug, Clone)]
pub(super) struct Reached {
    /// The destination's name.
    pub(super) destination: String,
    /// Its type, and its region or address.
    pub(super) service: String,
    /// Whether it was asked, or why it did not answer.
    pub(super) answer: Result<bool, Failure>,
}
