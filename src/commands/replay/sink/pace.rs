//! How fast a stream is written to, so that live logs keep their room.

use std::time::Duration;

use crate::aws::records::HashRange;

/// What a shard takes in a second: see "Quotas and limits" in the Kinesis developer guide.
const SHARD_RECORDS: u32 = 1000;
const SHARD_BYTES: u64 = 1 << 20;
/// The part of it that is used.
const PART: u32 = 4;
/// Maximum records and bytes of one call of `PutRecords`, less what keys and the protocol take.
const CALL_RECORDS: u64 = 500;
const CALL_BYTES: u64 = 4 << 20;

/// What is or would be put by one batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Load {
    records: u64,
    bytes: u64,
}

/// Fills batches that hold at most what a quarter of each shard takes in a second, and says how long each takes.
#[derive(Debug)]
pub(super) struct Pace {
    shards: Vec<HashRange>,
    /// Maximum records a second of all shards together.
    records: u32,
    /// What the batch in hand has for each shard, and altogether.
    loads: Vec<Load>,
    all: Load,
}

/// Maximum records a second for a stream with so many shards.
pub(super) fn most(shards: usize) -> u32 {
    u32::try_from(shards.max(1)).unwrap_or(u32::MAX).saturating_mul(SHARD_RECORDS / PART)
}

impl Pace {
    /// For these shards; `records` is the maximum a second, as [`most`] or less.
    pub(super) fn new(shards: Vec<HashRange>, records: u32) -> Self {
        let loads = vec![Load::default(); shards.len().max(1)];
        Self { shards, records: records.max(1), loads, all: Load::default() }
    }

    /// Adds a record with this hash key and size to the batch, if it fits.
    pub(super) fn admits(&mut self, hash: u128, bytes: usize) -> bool {
        let shard = self.shards.iter().position(|shard| (shard.first..=shard.last).contains(&hash));
        let load = &mut self.loads[shard.unwrap_or_default()];
        let more = |load: &Load| Load { records: load.records + 1, bytes: load.bytes + bytes as u64 };
        let (of_shard, all) = (more(load), more(&self.all));
        let fits = of_shard.records <= u64::from(SHARD_RECORDS / PART)
            && of_shard.bytes <= SHARD_BYTES / u64::from(PART)
            && all.records <= CALL_RECORDS.min(self.records.into())
            && all.bytes <= CALL_BYTES;
        if fits || self.all.records == 0 {
            (*load, self.all) = (of_shard, all);
            return true;
        }
        false
    }

    /// Ends the batch and returns how long it takes: nothing more is put until then.
    pub(super) fn end(&mut self) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
        let of = |used: u64, most: u64| used as f64 / most as f64;
        let shards = self.loads.iter().map(|load| {
            let records = of(load.records, (SHARD_RECORDS / PART).into());
            records.max(of(load.bytes, SHARD_BYTES / u64::from(PART)))
        });
        let seconds = shards.fold(of(self.all.records, self.records.into()), f64::max);
        self.loads.fill(Load::default());
        self.all = Load::default();
        Duration::from_secs_f64(seconds)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn halves() -> Vec<HashRange> {
        let middle = u128::MAX / 2;
        vec![HashRange { first: 0, last: middle }, HashRange { first: middle + 1, last: u128::MAX }]
    }

    proptest! {
        /// Whatever is put, no shard gets more than a quarter of what it takes, and no more than was asked for.
        #[test]
        fn live_logs_keep_three_quarters_of_each_shard(
            records in prop::collection::vec((any::<u128>(), 1..2_000_000_usize), 1..1500),
            rate in 1..800_u32,
        ) {
            let mut pace = Pace::new(halves(), rate.min(most(2)));
            let mut seconds = 0.0;
            let (mut sums, mut all) = ([(0_u64, 0_u64); 2], 0_u64);
            for (hash, bytes) in records {
                if !pace.admits(hash, bytes) {
                    seconds += pace.end().as_secs_f64();
                    prop_assert!(pace.admits(hash, bytes), "the first one always fits");
                }
                let shard = usize::from(hash > u128::MAX / 2);
                sums[shard] = (sums[shard].0 + 1, sums[shard].1 + bytes as u64);
                all += 1;
            }
            seconds += pace.end().as_secs_f64() + 1e-6;
            for (records, bytes) in sums {
                prop_assert!(records as f64 <= 250.0 * seconds, "{records} in {seconds}");
                prop_assert!(bytes as f64 <= 262_144.0 * seconds, "{bytes} in {seconds}");
            }
            prop_assert!(all as f64 <= f64::from(rate) * seconds, "{all} in {seconds}");
        }
    }

    #[test]
    fn a_batch_takes_a_second_at_most_unless_a_record_is_large() {
        let mut pace = Pace::new(halves(), most(2));
        let admitted = (0..600_u128).filter(|n| pace.admits(n << 120, 100)).count();
        assert!((250..=500).contains(&admitted), "{admitted}");
        assert!(pace.end() <= Duration::from_secs(1));
        assert!(pace.admits(0, 1 << 20) && !pace.admits(0, 1));
        assert_eq!(pace.end(), Duration::from_secs(4));
        assert_eq!(pace.end(), Duration::ZERO);
        assert_eq!([most(0), most(1), most(10)], [250, 250, 2500]);
    }
}
