//! Where another run goes on: the time of the oldest record that is not done. For sources that keep no manifests.

use std::collections::BTreeMap;

use super::Resume;

/// The records that were handed out and are not done, and how far everything was read.
#[derive(Debug)]
pub(super) struct Positions {
    /// By the number of the portion and the position in it: the time of the record.
    open: BTreeMap<(usize, u32), i64>,
    /// Everything before this time was handed out, in milliseconds since 1970.
    read_to: i64,
    until: i64,
    portions: usize,
}

impl Positions {
    /// Of a run over this time, in milliseconds since 1970.
    pub(super) fn new(since: i64, until: i64) -> Self {
        Self { open: BTreeMap::new(), read_to: since, until, portions: 0 }
    }

    /// The number of the next portion.
    pub(super) fn begin(&mut self) -> usize {
        self.portions += 1;
        self.portions - 1
    }

    /// A record is handed out.
    pub(super) fn hand_out(&mut self, record: (usize, u32), time: i64) {
        self.open.insert(record, time);
    }

    /// Everything before this time was handed out.
    pub(super) fn read_to(&mut self, time: i64) {
        self.read_to = time;
    }

    /// These are done.
    pub(super) fn settle(&mut self, done: &[(usize, u32)]) {
        for record in done {
            self.open.remove(record);
        }
    }

    /// Where another run goes on.
    pub(super) fn resume(&self) -> Resume {
        let oldest = self.open.values().min();
        let since = oldest.map_or(self.read_to, |oldest| self.read_to.min(*oldest));
        Resume { since, until: self.until }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn another_run_goes_on_at_the_oldest_record_that_is_open() {
        let mut positions = Positions::new(5, 200);
        assert_eq!(positions.resume().since, 5);
        let (first, second) = (positions.begin(), positions.begin());
        for (at, time) in [(0, 10), (1, 25), (2, 20)] {
            positions.hand_out((first, at), time);
        }
        positions.hand_out((second, 0), 30);
        positions.read_to(30);
        positions.settle(&[(first, 0)]);
        assert_eq!(positions.resume().since, 20);
        // One in between failed.
        positions.settle(&[(first, 2), (second, 0)]);
        assert_eq!(positions.resume().since, 25);
        positions.settle(&[(first, 1)]);
        assert_eq!(positions.resume().since, 30);
        positions.read_to(100);
        assert_eq!(positions.resume().since, 100);
    }

    proptest! {
        /// Whatever is done in whatever order, no record that is not done is older than where another run goes on.
        #[test]
        fn nothing_that_is_open_is_passed_over(records in prop::collection::vec((0..100_i64, any::<bool>()), 1..60)) {
            let mut positions = Positions::new(0, 1000);
            let id = positions.begin();
            for (&(time, _), at) in records.iter().zip(0..) {
                positions.hand_out((id, at), time);
            }
            positions.read_to(1000);
            let done: Vec<_> = records.iter().zip(0..).filter(|((_, done), _)| *done).map(|(_, at)| (id, at)).collect();
            positions.settle(&done);
            let open = records.iter().filter(|(_, done)| !done).map(|(time, _)| *time).min();
            prop_assert_eq!(positions.resume().since, open.unwrap_or(1000));
        }
    }
}
