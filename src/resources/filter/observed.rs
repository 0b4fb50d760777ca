//! Log groups and their subscription filters as they are.

use super::desired::{Distribution, FilterExtras};

/// A log group and its subscription filters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObservedGroup {
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`; empty where AWS does not say.
    pub class: String,
    /// Its filters.
    pub filters: Vec<ObservedFilter>,
}

/// A subscription filter.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedFilter {
    /// Its name.
    pub name: String,
    /// Which events.
    pub pattern: String,
    /// Where they go.
    pub destination_arn: String,
    /// The role that CloudWatch Logs assumes.
    pub role_arn: Option<String>,
    /// How they are spread over the shards.
    pub distribution: Distribution,
    /// Its other settings.
    pub extras: FilterExtras,
}
