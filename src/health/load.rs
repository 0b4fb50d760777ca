//! How full the stream is, by its busiest minute, and how many shards that takes.

use std::collections::BTreeMap;

use super::metric::{Metric, Metrics, Point};

/// Bytes that a shard takes a second, by AWS's quotas for Kinesis Data Streams.
const SHARD_BYTES: f64 = 1_048_576.0;
/// Records that a shard takes a second, by the same quotas.
const SHARD_RECORDS: f64 = 1000.0;
/// Part of that which a shard should have at most in the busiest minute: within a minute it is never even.
pub(crate) const ROOM: f64 = 0.6;

/// What arrives in a stream or in one of its shards.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Load {
    /// When the minute began that was measured, in milliseconds since 1970.
    pub at: i64,
    /// Bytes a second that were taken.
    pub bytes: f64,
    /// Records a second that were taken.
    pub records: f64,
    /// Records a second that were refused: they were over the rate of their shard.
    pub refused: f64,
}

impl Load {
    /// The minute in which a stream needed most, since a time; none where nothing arrived.
    pub(crate) fn busiest(metrics: &Metrics, since: i64) -> Option<Self> {
        let mut minutes: BTreeMap<i64, Self> = BTreeMap::new();
        let mut add = |metric, set: fn(&mut Self, f64)| {
            metrics.points(metric, since).for_each(|(at, value): Point| {
                set(minutes.entry(at).or_insert(Self { at, ..Self::default() }), value / 60.0);
            });
        };
        add(Metric::StreamBytes, |load, value| load.bytes += value);
        add(Metric::StreamRecords, |load, value| load.records += value);
        add(Metric::StreamThrottled, |load, value| load.refused += value);
        minutes.into_values().max_by(|one, other| one.shards().total_cmp(&other.shards()))
    }

    /// How many shards it fills to the brim, if it is spread evenly. What was refused has the size of the rest.
    pub(crate) fn shards(&self) -> f64 {
        let grown = if self.records > 0.0 { (self.records + self.refused) / self.records } else { 1.0 };
        (self.bytes * grown / SHARD_BYTES).max((self.records + self.refused) / SHARD_RECORDS)
    }

    /// Percent of what so many shards take.
    pub(crate) fn percent_of(&self, shards: u32) -> f64 {
        100.0 * self.shards() / f64::from(shards.max(1))
    }

    /// Number of shards that have enough room for it.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand at most")]
    pub(crate) fn needed(&self) -> u32 {
        ((self.shards() / ROOM).ceil() as u32).max(1)
    }
}

/// What a minute of one shard shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ShardLoad {
    /// Its id, such as `shardId-000000000002`.
    pub id: String,
    /// What arrived in it.
    pub load: Load,
    /// Part of its bytes that came of each log group, the largest first. What cannot be parsed is left out.
    pub groups: Vec<(String, f64)>,
}

/// The shards of a stream, as far as they were looked into.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ShardLoads {
    /// The fullest first.
    pub shards: Vec<ShardLoad>,
    /// Number of shards that were not looked into, because there are so many.
    pub left_out: usize,
    /// Whose lines were in them.
    pub senders: Senders,
}

/// The accounts whose lines arrived in the minute that was looked into.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Senders {
    /// Number of log events by the account that owns their log group.
    pub events: BTreeMap<String, u64>,
    /// Whether every record of the minute was read.
    pub is_whole: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(bytes: f64, records: f64, refused: f64) -> Load {
        Load { at: 0, bytes, records, refused }
    }

    #[test]
    fn shards_are_calculated_from_what_was_offered() {
        // A shard takes 1 MiB and 1,000 records a second; it is to have 60 % of that at most.
        assert_eq!(load(0.0, 0.0, 0.0).needed(), 1);
        assert_eq!(load(SHARD_BYTES * 0.6, 600.0, 0.0).needed(), 1);
        assert_eq!(load(SHARD_BYTES, 300.0, 0.0).needed(), 2);
        // Half of all records were refused: it was offered twice as much.
        assert_eq!(load(SHARD_BYTES, 300.0, 300.0).needed(), 4);
        assert_eq!(load(1000.0, 1000.0, 500.0).needed(), 3);
        assert!((load(SHARD_BYTES, 300.0, 0.0).percent_of(4) - 25.0).abs() < 1e-9);
        assert!((load(0.0, 500.0, 0.0).percent_of(0) - 50.0).abs() < 1e-9);
    }

    #[test]
    fn the_busiest_minute_is_the_one_that_needs_most_shards() {
        let mut metrics = Metrics::default();
        let mut put = |metric, at, value| {
            metrics.series.entry(metric).or_default().entry("s".to_owned()).or_default().push((at, value));
        };
        put(Metric::StreamRecords, 0, 1e9);
        put(Metric::StreamRecords, 60_000, 6000.0);
        put(Metric::StreamBytes, 60_000, 60.0 * SHARD_BYTES);
        // Fewer records got in, but as many again were refused.
        put(Metric::StreamRecords, 120_000, 600.0);
        put(Metric::StreamBytes, 120_000, 40.0 * SHARD_BYTES);
        put(Metric::StreamThrottled, 120_000, 600.0);
        let found = Load::busiest(&metrics, 60_000).expect("a minute");
        assert_eq!((found.at, found.refused), (120_000, 10.0));
        assert_eq!(Load::busiest(&Metrics::default(), 0), None);
    }
}
