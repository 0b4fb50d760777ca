//! What a stream is charged for.

use super::bill::{Charge, GB, HOURS};
use super::item::Item;

/// Hours that records are kept without a charge.
const INCLUDED: f64 = 24.0;
/// Hours from which on keeping records is charged by their size: 7 days.
const LONG: f64 = 168.0;
/// Bytes of a PUT payload unit.
const PUT_UNIT: f64 = 25_600.0;
/// Bytes that a stream on demand rounds each record up to.
const ROUNDED: f64 = 1024.0;

/// Bytes that a log group takes in the stream for each byte that it logs, where nothing was measured: CloudWatch Logs
/// compresses text to about a tenth.
pub(crate) const COMPRESSED: f64 = 0.1;

/// How much a stream can take, and how long it keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capacity {
    /// Number of provisioned shards; none on demand.
    pub(crate) shards: Option<u32>,
    /// Retention in hours.
    pub(crate) retention_hours: u32,
}

/// What goes through a stream in a month.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Traffic {
    /// Records that are written.
    pub(crate) records: f64,
    /// Their bytes.
    pub(crate) bytes: f64,
    /// Number of functions that read each of them.
    pub(crate) readers: f64,
}

impl Capacity {
    /// What a month of the stream is charged for, whatever goes through it.
    pub(crate) fn fixed(self) -> Vec<Charge> {
        let Some(shards) = self.shards.map(f64::from) else {
            return vec![Charge::new(Item::OnDemandHour, HOURS)];
        };
        let mut charges = vec![Charge::new(Item::ShardHour, shards * HOURS)];
        if f64::from(self.retention_hours) > INCLUDED {
            charges.push(Charge::new(Item::RetentionShardHour, shards * HOURS));
        }
        charges
    }

    /// What log groups are charged for that log so many bytes a month, if all of them are sent: their way through the
    /// stream, and out of AWS. `compression` is the part of these bytes that arrives in the stream.
    pub(crate) fn by_log_groups(self, logged: f64, compression: f64, readers: usize) -> Vec<Charge> {
        #[expect(clippy::cast_precision_loss, reason = "a number of functions")]
        let traffic = Traffic { records: 0.0, bytes: logged * compression, readers: readers.max(1) as f64 };
        let mut charges = self.by(&traffic);
        charges.push(Charge::new(Item::DataOutGb, logged / GB));
        charges
    }

    /// What the traffic is charged for beside that. The sizes of the single records are not known: as if all had the
    /// same, which makes it the least that it can be.
    pub(crate) fn by(self, traffic: &Traffic) -> Vec<Charge> {
        let Traffic { records, bytes, readers } = *traffic;
        let hours = f64::from(self.retention_hours);
        // What is written in a month, and kept for so many hours, is this part of it at any time.
        let kept = |hours: f64| bytes / GB * hours.max(0.0) / HOURS;
        let mut charges = Vec::new();
        let mut add = |item: Item, quantity: f64| {
            if quantity > 0.0 {
                charges.push(Charge::new(item, quantity));
            }
        };
        if self.shards.is_some() {
            add(Item::PutUnitsMillion, records.max(bytes / PUT_UNIT) / 1e6);
        } else {
            add(Item::OnDemandGbIn, bytes.max(records * ROUNDED) / GB);
            add(Item::OnDemandGbOut, bytes / GB * readers);
            add(Item::OnDemandRetentionGbMonth, kept(hours.min(LONG) - INCLUDED));
        }
        add(Item::LongRetentionGbMonth, kept(hours - LONG));
        charges
    }
}
