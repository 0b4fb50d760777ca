//! What counts as the receipt of a destination that answers nothing, and what is known of how it closes.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// What has to happen before events count as delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Receipt {
    /// As `closed` from the moment when the service has closed its side for the first time in this process; as
    /// `acknowledged` until then.
    #[default]
    Auto,
    /// The service closes its side of the connection after the forwarder has closed its own, which takes a process that
    /// has read everything.
    Closed,
    /// The service's kernel acknowledges every byte on a connection that stays open. A process that hangs gets
    /// acknowledgements, too.
    Acknowledged,
}

impl Receipt {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(crate) fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

/// Interval at which a service that did not close is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(600);

/// Minimum number of bytes sent before a proof is asked for, however slow the service is.
const LEAST_SLICE: usize = 16 << 10;

/// Minimum time that is left for the proof when the time of an invocation runs out.
const LEAST_RESERVE: Duration = Duration::from_millis(100);

/// What the receipt of one session takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// The service has to close its side after ours.
    Close,
    /// The same is tried; a service that never did it is believed without.
    Try,
    /// Acknowledgement by the service's kernel.
    Acknowledgement,
}

/// What is known of how one destination closes.
#[derive(Debug)]
pub(super) struct Proof {
    receipt: Receipt,
    /// Whether it has closed its side after ours.
    closes: bool,
    /// When it was last seen not to.
    stayed_open: Option<SystemTime>,
    /// Maximum number of bytes to send before a proof: less after one did not come in time.
    slice: usize,
    /// How long the last proof took.
    took: Duration,
}

impl Proof {
    pub(super) fn new(receipt: Receipt) -> Self {
        Self { receipt, closes: false, stayed_open: None, slice: usize::MAX, took: Duration::ZERO }
    }

    /// What the next receipt takes. The time of day counts, because the monotonic clock stands still while Lambda
    /// freezes the function.
    pub(super) fn need(&self) -> Need {
        match self.receipt {
            Receipt::Closed => Need::Close,
            Receipt::Acknowledged => Need::Acknowledgement,
            Receipt::Auto if self.closes => Need::Close,
            Receipt::Auto => {
                let known = self.stayed_open.and_then(|at| at.elapsed().ok());
                if known.is_some_and(|age| age < TRY_AGAIN) { Need::Acknowledgement } else { Need::Try }
            }
        }
    }

    /// Whether a receipt without proof has to be counted.
    pub(crate) fn is_auto(&self) -> bool {
        self.receipt.is_auto()
    }

    /// Notes that it closed its side `took` after ours, having got `bytes`.
    pub(super) fn closed(&mut self, bytes: usize, took: Duration, patience: Duration) {
        self.closes = true;
        self.took = took;
        if self.slice < usize::MAX || took > patience / 2 {
            // As many bytes as it reads in a third of the time that it has, and not more than twice as many as now.
            #[allow(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "an estimate"
            )]
            let fit = (bytes as f64 * patience.as_secs_f64() / 3.0 / took.as_secs_f64().max(0.001)) as usize;
            self.slice = fit.min(bytes.saturating_mul(2)).max(LEAST_SLICE);
            if self.slice > 64 << 20 {
                self.slice = usize::MAX;
            }
        }
    }

    /// Notes that it did not close its side although it had the time.
    pub(super) fn stays_open(&mut self) {
        self.stayed_open = Some(SystemTime::now());
    }

    /// Notes that a proof did not come in time for `bytes`: fewer are sent before the next.
    pub(super) fn missed(&mut self, bytes: usize) {
        self.slice = (self.slice.min(bytes) / 4).max(LEAST_SLICE);
    }

    /// Maximum number of bytes to send before a proof.
    pub(super) fn slice(&self) -> usize {
        self.slice
    }

    /// How much of the time `left` is kept for the proof of what was sent.
    pub(super) fn reserve(&self, left: Duration) -> Duration {
        (3 * self.took).max(LEAST_RESERVE).min(left / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(9);

    #[test]
    fn auto_tries_until_it_has_closed_once_and_then_insists() {
        let mut proof = Proof::new(Receipt::Auto);
        assert_eq!(proof.need(), Need::Try);
        proof.stays_open();
        assert_eq!(proof.need(), Need::Acknowledgement);
        proof.stayed_open = Some(SystemTime::now() - TRY_AGAIN);
        assert_eq!(proof.need(), Need::Try, "a service may have learned it");
        proof.closed(1, Duration::ZERO, PATIENCE);
        assert_eq!(proof.need(), Need::Close);
        proof.missed(1);
        assert_eq!(proof.need(), Need::Close, "it never goes back");
    }

    #[test]
    fn the_other_receipts_do_not_depend_on_what_happens() {
        for (receipt, need) in
            [(Receipt::Closed, Need::Close), (Receipt::Acknowledged, Need::Acknowledgement)]
        {
            let mut proof = Proof::new(receipt);
            assert_eq!(proof.need(), need);
            proof.stays_open();
            proof.closed(1, Duration::ZERO, PATIENCE);
            assert_eq!(proof.need(), need);
        }
    }

    #[test]
    fn slices_shrink_until_a_proof_comes_in_time_and_grow_again() {
        let mut proof = Proof::new(Receipt::Closed);
        proof.closed(1 << 30, Duration::from_millis(10), PATIENCE);
        assert_eq!(proof.slice(), usize::MAX, "a fast service is never asked in between");
        proof.missed(20 << 20);
        assert_eq!(proof.slice(), 5 << 20);
        proof.missed(5 << 20);
        assert_eq!(proof.slice(), 5 << 18);
        // Two thirds of the time: half as many.
        proof.closed(5 << 18, PATIENCE * 2 / 3, PATIENCE);
        assert_eq!(proof.slice(), 5 << 17);
        for _ in 0..10 {
            let bytes = proof.slice();
            proof.closed(bytes, Duration::from_millis(10), PATIENCE);
        }
        assert_eq!(proof.slice(), usize::MAX);
        for _ in 0..20 {
            let bytes = proof.slice().min(1 << 30);
            proof.missed(bytes);
        }
        assert_eq!(proof.slice(), LEAST_SLICE);
    }

    #[test]
    fn the_reserve_is_a_part_of_the_time_that_is_left() {
        let mut proof = Proof::new(Receipt::Closed);
        let seconds = Duration::from_secs;
        assert_eq!(proof.reserve(seconds(60)), LEAST_RESERVE);
        proof.closed(1, seconds(2), PATIENCE);
        assert_eq!((proof.reserve(seconds(60)), proof.reserve(seconds(8))), (seconds(6), seconds(2)));
    }
}
