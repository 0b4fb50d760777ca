//! What `cwl2le status` reports.

use std::collections::BTreeSet;

use serde::Serialize;

use super::log_lines::FunctionHealth;
use crate::flags::CommandLine;
use crate::resources::Release;

/// What exists.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct StatusReport {
    /// The stack.
    pub stack: String,
    /// The account id.
    pub account: String,
    /// The region.
    pub region: String,
    /// Whether everything that delivery needs exists, `setup` would change nothing, and the forwarder's own log shows
    /// no destination whose newest delivery failed or came too late.
    pub ready: bool,
    /// The parts, in the order in which a log line passes them.
    pub parts: Vec<Part>,
    /// What else `setup` would do, or cannot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
    /// The log groups that lead into the chain by a filter of their own.
    pub subscriptions: Vec<Subscription>,
    /// The account policy that leads every other log group into the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_policy: Option<AccountPolicy>,
    /// What the newest lines of each forwarder's own log say.
    pub health: Vec<FunctionHealth>,
    /// Where the forwarder delivers to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<Destination>,
    /// What `plan` shows of what is not as it should be.
    #[serde(skip)]
    pub advice: Option<&'static str>,
    /// The command that shows it.
    #[serde(skip)]
    pub plan: CommandLine,
    /// The command that sets up what is not there.
    #[serde(skip)]
    pub setup: CommandLine,
}

/// Where lines go.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Destination {
    /// Its name.
    pub name: String,
    /// Its type, and its region or address.
    pub service: String,
}

/// The state of what does not exist.
pub(super) const MISSING: &str = "missing";

/// One resource of the chain.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Part {
    /// What it is.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// How it is; `missing` where it does not exist.
    pub state: String,
    /// Whether it is as delivery needs it.
    pub ready: bool,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wrong: Vec<String>,
    /// Whether it carries the tags of this stack; none where it does not exist or takes no tags.
    pub ours: Option<bool>,
    /// Of a function: the version and the source that its code was deployed from, where its tags record them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
}

/// A log group that leads into the chain.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Subscription {
    /// The log group.
    pub log_group: String,
    /// Its filter.
    pub filter: String,
    /// Which events.
    pub pattern: String,
    /// Whether this stack manages the filter.
    pub ours: bool,
    /// Whether the filter makes a log loop.
    pub loops: bool,
}

/// An account policy that leads into the chain.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct AccountPolicy {
    /// Its name.
    pub name: String,
    /// Which events.
    pub pattern: String,
    /// The log groups that it leaves out.
    pub leaves_out: BTreeSet<String>,
    /// The log groups that it covers although they make a log loop.
    pub loops: BTreeSet<String>,
    /// Whether this stack manages it.
    pub ours: bool,
}
