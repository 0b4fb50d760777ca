//! What log groups would cost if they were subscribed. Pure.

use std::collections::BTreeMap;

use super::report::{Added, GroupRow, LogService, rows};
use crate::aws::cloudwatch::Values;
use crate::prices::{Bill, COMPRESSED, Capacity, Charge, GB, HOURS, Item, Measured, Prices};

/// Bytes that a shard takes in a second.
const SHARD: f64 = 1_048_576.0;
/// What `setup` makes where there is no stream yet.
const NEW: Capacity = Capacity { shards: Some(1), retention_hours: 24 };

/// What the log groups log that are not subscribed yet.
pub(super) struct Logged<'a> {
    /// By name, point by point.
    pub(super) groups: &'a [(String, Values)],
    /// The seconds of a point.
    pub(super) period: f64,
    /// The seconds in which it was logged.
    pub(super) seconds: f64,
    /// Whether there is no stream yet, so that one is added.
    pub(super) is_new: bool,
    /// Bytes that log groups of the stack take in the stream for each byte that they log; none where nothing was measured.
    pub(super) compression: Option<f64>,
}

/// What they would cost beside what the stack costs now, each of them, and where the prices come from.
pub(super) fn added(
    logged: &Logged<'_>,
    now: &Measured,
    prices: &Prices,
    price_per_gb: Option<f64>,
) -> (Added, Vec<GroupRow>, String) {
    let months = HOURS * 3600.0 / logged.seconds;
    let sum = |values: &Values| values.iter().map(|(_, value)| value).sum::<f64>() * months + 0.0;
    let all: f64 = logged.groups.iter().map(|(_, values)| sum(values)).sum::<f64>() + 0.0;
    let compressed = logged.compression.unwrap_or(COMPRESSED);
    let shards =
        needed(busiest(logged.groups) / logged.period * compressed + now.bytes / now.seconds.max(1.0));
    let stream = now.stream.unwrap_or(NEW);
    let (before, after) = match (now.stream, stream.shards) {
        (None, Some(_)) if logged.is_new => (Vec::new(), Capacity { shards: Some(shards), ..stream }.fixed()),
        (Some(is), Some(has)) => (is.fixed(), Capacity { shards: Some(shards.max(has)), ..is }.fixed()),
        _ => (Vec::new(), Vec::new()),
    };
    let before = before.into_iter().map(|charge| Charge { quantity: -charge.quantity, ..charge });
    let traffic = stream.by_log_groups(all, compressed, now.functions.len());
    let charges = after.into_iter().chain(before).chain(traffic);
    let bill = Bill::new(prices, charges);
    let mut charges = rows(&bill);
    charges.retain(|row| row.quantity > 0.0);
    let a_gb = prices.of(Item::DataOutGb) + price_per_gb.unwrap_or_default();
    let mut groups: Vec<GroupRow> = logged
        .groups
        .iter()
        .map(|(group, values)| {
            let gb = sum(values) / GB;
            GroupRow {
                log_group: group.clone(),
                gb_logged: gb,
                share: None,
                gb_sent: Some(gb),
                usd: Some(gb * a_gb),
            }
        })
        .collect();
    groups.sort_by(|one, other| other.gb_logged.total_cmp(&one.gb_logged));
    let added = Added {
        log_groups: logged.groups.len(),
        subscribed: 0,
        gb_logged: all / GB,
        aws: bill.total(),
        charges,
        log_service: price_per_gb.map(|price| LogService::new(price, Some(all / GB))),
        shards: stream.shards.map(|_| shards),
    };
    (added, groups, bill.source())
}

/// Bytes of the point in which all of them together log most.
fn busiest(groups: &[(String, Values)]) -> f64 {
    let mut by_point = BTreeMap::<i64, f64>::new();
    for (at, value) in groups.iter().flat_map(|(_, values)| values) {
        *by_point.entry(*at).or_default() += value;
    }
    by_point.into_values().fold(0.0, f64::max)
}

/// Number of shards that take so many bytes a second.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
fn needed(bytes_a_second: f64) -> u32 {
    (bytes_a_second / SHARD).ceil().max(1.0) as u32
}
