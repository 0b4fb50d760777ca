//! What a destination did with the events of the records that were sent to it.

use cwl2le_forwarder::Outcome;
use cwl2le_forwarder::delivery::fate::Fate;
use serde::Serialize;

/// Maximum number of reasons that are shown. All events are counted.
const REASONS: usize = 20;

/// Events by what became of them at a destination.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Delivery {
    /// Events with a receipt.
    pub delivered: u64,
    /// Events that the rules of their routes drop.
    pub filtered: u64,
    /// Events that the forwarder never sends: those of its own log groups and of control messages.
    pub skipped: u64,
    /// Events that the destination refuses for good. A part of a record that nobody can read counts as one.
    pub refused: u64,
    /// Events that were sent and have no receipt: they may arrive twice.
    pub possible_duplicates: u64,
    /// Events with a receipt whose record is not done, because others of it have none: another run sends it as a whole.
    pub to_repeat: u64,
    /// Why it refuses them, at most 20 reasons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

impl Delivery {
    /// Takes the final counts of a batch.
    pub(super) fn take(&mut self, outcome: &Outcome) {
        let counts = &outcome.account.events;
        self.delivered += counts.delivered;
        self.filtered += counts.filtered;
        self.skipped += counts.skipped;
        self.refused += counts.quarantined;
        for part in &outcome.account.parts {
            if let Fate::Quarantined(poison) = &part.fate {
                self.refused += u64::from(part.events == 0);
                self.note(&poison.to_string());
            }
        }
    }

    /// Takes what was refused in one attempt: it is not sent again, so a later attempt does not tell.
    pub(super) fn note_refused(&mut self, outcome: &Outcome) {
        for rejection in outcome.lanes.iter().flat_map(|lane| &lane.rejections) {
            self.note(&rejection.why);
        }
    }

    fn note(&mut self, why: &str) {
        if self.reasons.len() < REASONS && !self.reasons.iter().any(|known| known == why) {
            self.reasons.push(why.to_owned());
        }
    }
}
