//! Whether a refusal is about an event, or about the service.
//!
//! A service that is broken, or that is spoken to in the wrong way, refuses every event with the same 400 that another
//! one has for a bad event. So an event is set aside only after the service has refused it, then accepted another event,
//! and then refused it again, all of this in one session. A service that refuses everything from some moment on accepts nothing after that, and so
//! nothing is set aside.
//!
//! There is one exception, because a shard must not wait forever for an event that nothing follows: where the last events
//! of a batch are refused, eight at most, and had been refused by an earlier attempt too, they are believed to be bad if
//! the service has accepted anything before; and then no more until it accepts something again.

use std::collections::HashMap;

/// Maximum number of events set aside without another event accepted after them, until one is; and number of events
/// refused in a row after which the service is suspected.
pub(super) const ROW: usize = 8;

/// Maximum number of refused events to remember. Forgetting one costs another refusal.
const REMEMBERED: usize = 1024;

/// When an event was refused.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    /// The first time in its latest session, in ticks.
    at: u64,
    session: u64,
    /// Whether it was refused in an earlier session too.
    is_again: bool,
}

/// What a service has accepted and refused since the configuration was loaded.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Counts requests and answers.
    clock: u64,
    session: u64,
    /// When the latest request that was accepted was made.
    accepted: Option<u64>,
    refused: HashMap<u64, Refusal>,
    credit: usize,
}

impl Evidence {
    /// The time of a request that is made now.
    pub(super) fn request(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// Notes that a request made at this time was accepted, in part at least. Of its `events` those are forgotten that
    /// were refused before.
    pub(super) fn accepted(&mut self, made: u64, events: impl Iterator<Item = u64>) {
        self.accepted = self.accepted.max(Some(made));
        self.credit = ROW;
        if !self.refused.is_empty() {
            for event in events {
                self.refused.remove(&event);
            }
        }
    }

    /// Notes that an event was refused when it was alone in a request. Tells whether that is believed.
    pub(super) fn refused(&mut self, event: u64) -> bool {
        if self.is_vouched_for(event) {
            self.refused.remove(&event);
            return true;
        }
        if self.refused.len() >= REMEMBERED {
            self.refused.clear();
        }
        self.clock += 1;
        let now = Refusal { at: self.clock, session: self.session, is_again: false };
        let known = self.refused.entry(event).or_insert(now);
        if known.session != self.session {
            *known = Refusal { is_again: true, ..now };
        }
        false
    }

    /// Whether another event has been accepted in a request made after this one was refused, in the same session: what
    /// happened between two sessions is not known.
    pub(super) fn is_vouched_for(&self, event: u64) -> bool {
        let in_session = self.refused.get(&event).filter(|refusal| refusal.session == self.session);
        in_session.is_some_and(|refusal| self.accepted > Some(refusal.at))
    }

    /// Whether refused events that nothing follows are believed to be bad.
    pub(super) fn believes_the_last(&mut self, events: &[u64]) -> bool {
        let again = |event| self.refused.get(event).is_some_and(|refusal| refusal.is_again);
        if events.len() > self.credit || !events.iter().all(again) {
            return false;
        }
        self.credit -= events.len();
        for event in events {
            self.refused.remove(event);
        }
        true
    }

    /// Notes that an attempt to deliver ends.
    pub(super) fn end_session(&mut self) {
        self.session += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(evidence: &mut Evidence) {
        let made = evidence.request();
        evidence.accepted(made, std::iter::empty());
    }

    #[test]
    fn a_refusal_counts_when_another_event_was_accepted_between_two_of_them() {
        let mut evidence = Evidence::default();
        assert!(!evidence.refused(1) && !evidence.refused(1), "nothing was accepted");
        accept(&mut evidence);
        assert!(!evidence.refused(2), "it was accepted before");
        assert!(evidence.refused(1));
        accept(&mut evidence);
        assert!(evidence.refused(2));
    }

    #[test]
    fn what_was_accepted_in_another_session_does_not_vouch() {
        let mut evidence = Evidence::default();
        assert!(!evidence.refused(1));
        accept(&mut evidence);
        evidence.end_session();
        accept(&mut evidence);
        assert!(!evidence.refused(1));
        accept(&mut evidence);
        assert!(evidence.refused(1));
    }

    #[test]
    fn what_was_in_flight_when_an_event_was_refused_does_not_vouch() {
        let mut evidence = Evidence::default();
        let made = evidence.request();
        assert!(!evidence.refused(1));
        evidence.accepted(made, std::iter::empty());
        assert!(!evidence.refused(1));
    }

    #[test]
    fn an_event_that_was_accepted_after_all_has_not_been_refused() {
        let mut evidence = Evidence::default();
        assert!(!evidence.refused(1) && !evidence.refused(2));
        let made = evidence.request();
        evidence.accepted(made, [1].into_iter());
        assert!(!evidence.refused(1) && evidence.refused(2));
    }

    #[test]
    fn the_last_events_are_believed_the_second_time_and_not_without_end() {
        let mut evidence = Evidence::default();
        let events: Vec<u64> = (0..ROW as u64).collect();
        let refuse = |evidence: &mut Evidence, events: &[u64]| {
            assert!(events.iter().all(|event| !evidence.refused(*event)));
            let believed = evidence.believes_the_last(events);
            evidence.end_session();
            believed
        };
        assert!(
            !refuse(&mut evidence, &events) && !refuse(&mut evidence, &events),
            "it never accepted anything"
        );
        accept(&mut evidence);
        evidence = Evidence { refused: HashMap::new(), ..evidence };
        assert!(!refuse(&mut evidence, &events), "the first time");
        assert!(refuse(&mut evidence, &events));
        assert!(!refuse(&mut evidence, &[100]) && !refuse(&mut evidence, &[100]), "no more");
        accept(&mut evidence);
        assert!(!refuse(&mut evidence, &[200]) && refuse(&mut evidence, &[200]));
        accept(&mut evidence);
        let many: Vec<u64> = (300..=300 + ROW as u64).collect();
        assert!(!refuse(&mut evidence, &many) && !refuse(&mut evidence, &many), "too many");
    }
}
