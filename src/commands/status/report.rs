//! What `cwl2le status` reports. The fields are those of its JSON output, which `docs/status.md` describes.
//!
//! A number that is not known is null, never zero; times are RFC 3339, spans are seconds.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

use super::accounts::Accounts;
use super::member::MemberReport;
use super::shards::Shards;
use crate::flags::CommandLine;
use crate::health::{LagSource, Verdict};
use crate::resources::{Release, ResourceId};

/// What a run leaves to be printed.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum StatusOutput {
    /// The report.
    Once(Box<StatusReport>),
    /// That of a member account.
    Member(Box<MemberReport>),
    /// Nothing: all of it has been shown.
    Watched,
}

impl StatusOutput {
    /// Whether logs flow.
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Once(report) => report.verdict,
            Self::Member(_) | Self::Watched => Verdict::Unknown,
        }
    }
}

/// How a stack is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct StatusReport {
    /// The stack.
    pub stack: String,
    /// The account id.
    pub account: String,
    /// The region.
    pub region: String,
    /// When it was read, by AWS's clock.
    pub time: String,
    /// Whether logs flow.
    pub verdict: Verdict,
    /// Why, in words.
    pub why: String,
    /// Since when.
    pub since: Option<String>,
    /// What to run next; none if all is well.
    pub next: Option<String>,
    /// Whether the verdict is a good one, everything that delivery needs exists, and `setup` would change nothing; null
    /// where that is not known.
    pub ready: Option<bool>,
    /// The window of the counts and rates, in seconds.
    #[serde(rename = "window_seconds")]
    pub window: u64,
    /// What passed each hop within the window.
    pub flow: Flow,
    /// Where the forwarder delivers to.
    pub destinations: Vec<Destination>,
    /// How far behind it is.
    pub lag: Lag,
    /// What was lost within an hour.
    pub lost: Vec<Lost>,
    /// Records that were set aside within an hour, which `--check` reports; null where there are none.
    pub set_aside: Option<SetAside>,
    /// Places in S3 where records are kept that were not delivered.
    pub kept: Vec<KeptPlace>,
    /// The forwarder.
    pub forwarder: Forwarder,
    /// The alarms on this stack; null where they could not be read.
    pub alarms: Option<Vec<Alarm>>,
    /// The destination for other accounts, where the stack has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<Accounts>,
    /// With `--shards`, how full each shard is; null where they could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shards: Option<Option<Shards>>,
    /// The log groups whose events came in lately; null where that could not be read.
    pub log_groups: Option<LogGroups>,
    /// What could not be read.
    pub unknown: Vec<Gap>,
    /// The parts, in the order in which a log line passes them.
    pub parts: Vec<Part>,
    /// What else `setup` would do, or cannot; null where the stack could not be read as a whole.
    pub open: Option<Vec<String>>,
    /// With `--deep`, the log groups that lead into the chain by a filter of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscriptions: Option<Vec<Subscription>>,
    /// The account policy that leads every other log group into the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_policy: Option<AccountPolicy>,
    /// Whether one of the gaps could hide trouble.
    #[serde(skip)]
    pub is_partial: bool,
    /// When the lag was measured and the log was written, for the text: milliseconds since 1970.
    #[serde(skip)]
    pub now: i64,
    /// What `plan` shows of what is not as it should be.
    #[serde(skip)]
    pub advice: Option<&'static str>,
    /// The command that shows it.
    #[serde(skip)]
    pub plan: CommandLine,
    /// The command that changes it.
    #[serde(skip)]
    pub setup: CommandLine,
    /// The command that prints a policy which allows what was denied.
    #[serde(skip)]
    pub policies: CommandLine,
    /// Columns of the text.
    #[serde(skip)]
    pub width: usize,
}

/// What passed each hop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Flow {
    /// Out of the log groups.
    pub forwarded: Forwarded,
    /// Into the stream.
    pub stream: Stream,
    /// Into the forwarder.
    pub forwarder: Invocations,
    /// Out of the forwarder.
    pub delivered: Delivered,
}

/// Log events that CloudWatch Logs handed to the stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Forwarded {
    /// How many.
    pub events: Option<u64>,
    /// Whether these are of all log groups; otherwise there are at least as many.
    pub is_whole: bool,
    /// Events that could not be handed on and are lost.
    pub errors: Option<u64>,
    /// Events that the stream throttled; they are retried.
    pub throttled: Option<u64>,
}

/// Records that the stream took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Stream {
    /// How many.
    pub records: Option<u64>,
    /// Their bytes.
    pub bytes: Option<u64>,
    /// Records that it refused for their rate.
    pub throttled: Option<u64>,
    /// Percent of what its shards take together, in the busiest minute of the window; 0 where nothing arrived.
    pub busiest_percent: Option<u64>,
}

/// Invocations of the forwarder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Invocations {
    /// How many.
    pub invocations: Option<u64>,
    /// Those that failed as a whole.
    pub errors: Option<u64>,
    /// Those that were refused for lack of concurrency.
    pub throttles: Option<u64>,
    /// Records that failed; they are retried.
    pub records_failed: Option<u64>,
}

/// Events by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Delivered {
    /// Those that every destination has taken.
    pub events: Option<u64>,
    /// Those that a rule of a route dropped.
    pub filtered: Option<u64>,
    /// Those in records that were set aside.
    pub quarantined: Option<u64>,
}

/// Where lines go.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Destination {
    /// Its name.
    pub name: String,
    /// Its type, and its region or address.
    pub service: String,
    /// Events that it accepted within the window.
    pub delivered: Option<u64>,
    /// When it accepted events last, within the last hour.
    pub last_delivered: Option<String>,
    /// Milliseconds until its newest receipt.
    pub receipt_ms: Option<f64>,
    /// Why it does not accept events, as a word such as `connect`.
    pub failure: Option<String>,
    /// The same in words.
    pub detail: Option<String>,
    /// Since when it fails, as far as its log was read.
    pub failing_since: Option<String>,
    /// Seconds since it accepted events, for the text.
    #[serde(skip)]
    pub age: Option<i64>,
}

/// How far behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct LagTimes {
    /// How far behind it is.
    pub seconds: Option<f64>,
    /// Where that was measured.
    pub source: Option<LagSource>,
    /// The most within an hour.
    pub most_seconds: Option<f64>,
    /// Whether it has grown in the last minutes.
    pub growing: bool,
    /// How long records are kept.
    pub kept_seconds: Option<u64>,
}

/// How far behind, and until when records are kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Lag {
    /// The spans.
    #[serde(flatten)]
    pub times: LagTimes,
    /// When the oldest record that waits expires; null if it is not far behind.
    pub expires_at: Option<String>,
    /// Seconds until then, for the text.
    #[serde(skip)]
    pub expires_in: Option<f64>,
}

/// Something that was lost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Lost {
    /// What.
    pub what: &'static str,
    /// How many.
    pub count: u64,
    /// When the last of them was lost.
    pub last: String,
}

/// Records that were not delivered and are no longer retried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SetAside {
    /// `expired` or `quarantined`.
    pub why: &'static str,
    /// When that happened last.
    pub last: String,
}

/// A place where records are kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct KeptPlace {
    /// `expired` or `quarantined`.
    pub why: &'static str,
    /// The place.
    pub place: String,
    /// Number of objects.
    pub objects: Option<u64>,
    /// Their bytes.
    pub bytes: Option<u64>,
    /// Whether these are all; otherwise there are at least as many.
    pub is_whole: bool,
    /// When the newest of them was written.
    pub newest: Option<String>,
    /// Seconds since then, for the text.
    #[serde(skip)]
    pub age: Option<i64>,
}

/// The forwarder.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Forwarder {
    /// The version of cwl2le that it is of, by its newest line or its description.
    pub version: Option<String>,
    /// The number of the Lambda version that gets the records.
    pub published: Option<u64>,
    /// The version of this program.
    pub cli: String,
    /// When its code or configuration changed last.
    pub changed: Option<String>,
    /// Seconds since then, for the text.
    #[serde(skip)]
    pub age: Option<i64>,
}

/// An alarm.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Alarm {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Since when.
    pub since: Option<String>,
    /// Its metric.
    pub metric: Option<String>,
    /// Whether it tells anybody.
    pub notifies: bool,
}

/// Log groups whose events came in.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct LogGroups {
    /// Number of those that CloudWatch Logs forwarded events of within three hours by a filter.
    pub active: usize,
    /// Whether these are all.
    pub is_whole: bool,
    /// With `--groups`, the ten that most events came from within the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest: Option<Vec<LogGroup>>,
}

/// A log group.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct LogGroup {
    /// Its name.
    pub name: String,
    /// Events that were forwarded.
    pub events: u64,
}

/// Something that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Gap {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
    /// The IAM action that would allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
}

/// The state of what does not exist.
pub(super) const MISSING: &str = "missing";
/// The state of what could not be read.
pub(super) const NOT_READ: &str = "?";

/// One resource of the chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Part {
    /// What it is.
    #[serde(flatten)]
    pub resource: ResourceId,
    /// Its state in words; `missing` where it does not exist, `?` where it could not be read.
    pub state: String,
    /// The numbers and names in it, by the names that the fields of a plan have.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// Whether it is as delivery needs it; null where that is not known.
    pub ready: Option<bool>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wrong: Vec<String>,
    /// Whether it carries the tags of this stack; none where it does not exist or takes no tags.
    #[serde(rename = "managed")]
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
    #[serde(rename = "managed")]
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
    #[serde(rename = "managed")]
    pub ours: bool,
}
