//! What AWS answers about an account and its rights, as values. Pure.

/// Calls to ask IAM about: each of the actions on each of the resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trial {
    /// Such as `kinesis:CreateStream`.
    pub(crate) actions: Vec<String>,
    /// ARNs, or `*`.
    pub(crate) resources: Vec<String>,
    /// Condition keys of the calls with their values, such as `iam:PassedToService`.
    pub(crate) context: Vec<(String, Vec<String>)>,
}

/// A call that IAM would deny.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Denial {
    /// The action.
    pub(crate) action: String,
    /// The resource.
    pub(crate) resource: String,
    /// Why, if not just because no policy allows it.
    pub(crate) limit: Option<Limit>,
}

/// What takes a right away that a policy may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Limit {
    /// A policy of the organization.
    Organization,
    /// The permissions boundary of the caller.
    Boundary,
    /// A policy that denies it explicitly.
    Explicit,
}

/// What Kinesis allows in the account and region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamQuota {
    /// Maximum number of open shards of provisioned streams.
    pub(crate) most_shards: u32,
    /// Number of open shards.
    pub(crate) shards: u32,
    /// Maximum number of on-demand streams.
    pub(crate) most_on_demand: u32,
    /// Number of on-demand streams.
    pub(crate) on_demand: u32,
}

/// What Lambda allows in the account and region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FunctionQuota {
    /// Maximum number of invocations at the same time, of all functions.
    pub(crate) concurrency: u32,
    /// The part of it that no function has reserved.
    pub(crate) unreserved: u32,
    /// Maximum size of the code of all functions, in bytes.
    pub(crate) most_code: u64,
    /// Size of the code of all functions, in bytes.
    pub(crate) code: u64,
}

/// Such a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogPolicy {
    /// Its name.
    pub(crate) name: String,
    /// What it says, as JSON.
    pub(crate) document: String,
}
