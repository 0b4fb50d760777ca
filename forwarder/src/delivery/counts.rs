//! How much of what was received ended where.

use serde::Serialize;

use super::fate::{Fate, Progress};

/// How many of what was received ended where. As JSON, counts that are zero are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All of them.
    #[serde(skip_serializing_if = "is_zero")]
    pub received: u64,
    /// Delivered now or before.
    #[serde(skip_serializing_if = "is_zero")]
    pub delivered: u64,
    /// Nothing to deliver.
    #[serde(skip_serializing_if = "is_zero")]
    pub skipped: u64,
    /// Dropped by the rules of a route.
    #[serde(skip_serializing_if = "is_zero")]
    pub filtered: u64,
    /// Set aside for good.
    #[serde(skip_serializing_if = "is_zero")]
    pub quarantined: u64,
    /// To come again.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed: u64,
    /// Of those delivered, the ones that an earlier invocation delivered and this one did not send again.
    #[serde(skip_serializing_if = "is_zero")]
    pub delivered_before: u64,
}

impl Counts {
    pub(super) fn add(&mut self, fate: &Fate, count: u64, before: u64) {
        self.received += count;
        self.delivered_before += before;
        match fate {
            Fate::Delivered | Fate::DeliveredBefore => self.delivered += count,
            Fate::Skipped(_) => self.skipped += count,
            Fate::Filtered => self.filtered += count,
            Fate::Quarantined(_) | Fate::Rejected => self.quarantined += count,
            Fate::Failed => self.failed += count,
        }
    }

    /// Of a part that did not come to its end, what is settled counts all the same; what is `held`, as failed.
    pub(super) fn add_events(&mut self, events: u32, progress: &Progress, held: bool) {
        let before = progress.before - progress.rejected_before(progress.before);
        self.add(&Fate::Delivered, progress.delivered().into(), before.into());
        let rejected = if held { Fate::Failed } else { Fate::Rejected };
        self.add(&rejected, u64::from(progress.done - progress.delivered()), 0);
        self.add(&Fate::Failed, events.saturating_sub(progress.done).into(), 0);
    }

    /// The difference between what was received and the sum of what became of it.
    pub fn imbalance(&self) -> u64 {
        self.received.abs_diff(self.delivered + self.skipped + self.filtered + self.quarantined + self.failed)
            + self.delivered_before.saturating_sub(self.delivered)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
