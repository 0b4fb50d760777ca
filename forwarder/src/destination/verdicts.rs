//! The verdicts of a destination that delivers in order, as far as it goes.

use super::contract::{Rejected, Verdict};

/// The first `delivered` events are delivered, but for those that were never framed. The number of events with a
/// verdict comes with it.
pub(super) fn verdicts(delivered: u64, unframed: &[u64]) -> (Vec<Verdict>, u64) {
    let mut verdicts = Vec::new();
    let mut settled = 0;
    for at in unframed.iter().filter(|at| **at <= delivered) {
        if *at > settled {
            verdicts.push(Verdict { events: settled..*at, rejected: None });
        }
        let why = "the forwarder failed on it; please report this".to_owned();
        let rejected = Some(Rejected { event_id: None, why });
        verdicts.push(Verdict { events: *at..at + 1, rejected });
        settled = at + 1;
    }
    if delivered > settled {
        verdicts.push(Verdict { events: settled..delivered, rejected: None });
        settled = delivered;
    }
    (verdicts, settled)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn told(delivered: u64, unframed: &[u64]) -> Vec<(Range<u64>, bool)> {
        let verdicts = verdicts(delivered, unframed).0;
        verdicts.into_iter().map(|verdict| (verdict.events, verdict.rejected.is_some())).collect()
    }

    #[test]
    fn what_was_never_framed_is_rejected_when_its_turn_has_come() {
        assert_eq!(told(0, &[]), []);
        assert_eq!(told(5, &[]), [(0..5, false)]);
        assert_eq!(told(0, &[0]), [(0..1, true)]);
        assert_eq!(told(5, &[2, 7]), [(0..2, false), (2..3, true), (3..5, false)]);
        assert_eq!(told(2, &[2]), [(0..2, false), (2..3, true)]);
    }
}
