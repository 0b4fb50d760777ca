//! How far a lane has come in a batch.

use super::batch::Batch;
use super::outcome::LaneReport;
use super::pace::Watch;
use crate::destination::Session;
use crate::quarantine::Rejection;
use crate::record::event::count;

/// Maximum number of rejected events to name in one invocation. All are counted.
const MOST_NAMED: usize = 100;

/// How far a lane has come in a batch.
pub(super) struct Walk {
    /// The next part to look at.
    pub(super) next: usize,
    /// Own parts of this session, in order.
    pub(super) open: Vec<Open>,
    /// How many events the session has taken.
    pub(super) taken: u64,
    pub(super) watch: Watch,
}

/// A part that is handed to the destination: small, because there may be ten thousand of them.
///
/// 32 bits [`count`] its parts, and the events of a part.
pub(super) struct Open {
    pub(super) at: u32,
    /// How many of its last events are without a verdict.
    pub(super) left: u32,
    /// The number after its last event.
    pub(super) end: u64,
}

impl Open {
    /// The number of its first event without a verdict.
    fn next(&self) -> u64 {
        self.end - u64::from(self.left)
    }
}

impl Walk {
    /// Notes what became of the events of a session, and goes back to the first part that is not done.
    /// Tells whether there was any verdict.
    pub(super) fn settle(
        &mut self,
        session: Session,
        me: usize,
        batch: &Batch<'_>,
        report: &mut LaneReport,
    ) -> bool {
        report.possible_duplicates += session.in_doubt;
        let mut progress = false;
        for verdict in session.verdicts {
            let first = self.open.partition_point(|open| open.end <= verdict.events.start);
            let last = self.open.partition_point(|open| open.end < verdict.events.end);
            for open in self.open.iter_mut().take(last + 1).skip(first) {
                let end = verdict.events.end.min(open.end);
                // Only from the first event on: what comes after a gap is delivered again.
                let start = open.next();
                if verdict.events.start > start {
                    // A destination with several requests in flight may have delivered what comes after a gap.
                    let again = if verdict.rejected.is_none() { end - verdict.events.start } else { 0 };
                    report.possible_duplicates += again;
                    continue;
                }
                if end <= start {
                    continue;
                }
                progress = true;
                let events = count((end - start) as usize);
                open.left -= events;
                batch.advance(open.at as usize, me, events, verdict.rejected.is_some());
                match &verdict.rejected {
                    None => report.events += end - start,
                    Some(_) if report.rejections.len() >= MOST_NAMED => {}
                    Some(rejected) => report.rejections.push(Rejection {
                        part: open.at as usize,
                        events: end - start,
                        event_id: rejected.event_id.clone(),
                        why: rejected.why.clone(),
                    }),
                }
            }
        }
        if let Some(unfinished) = self.open.iter().find(|open| open.left > 0) {
            self.next = unfinished.at as usize;
        }
        self.open.clear();
        progress
    }
}
