//! Whether a refusal is about an event, or about the service.
//!
//! A service that is broken, or that is spoken to in the wrong way, refuses every event with the same 400 that another
//! one has for a bad event. So an event is set aside only after the service has refused it, then accepted another
//! event, and then refused it again, all of this in one session. A service that refuses everything from some moment on
//! accepts nothing after that, and so nothing is set aside.
//!
//! Two exceptions keep a shard from waiting forever for an event that nothing follows:
//!
//! - Up to eight events at the end of a batch, refused by two attempts, count as bad if the service has accepted
//!   anything before; after that, none until it accepts something again.
//! - Up to eight events in each quarter of an hour count as bad after three attempts over that time. Where nothing was
//!   ever accepted, this holds only if there are no more than eight to send.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime};

/// Maximum number of events set aside without another event accepted after them, until one is; and number of events
/// refused in a row after which the service is suspected.
pub(super) const ROW: usize = 8;

/// Maximum number of refused events to remember. Forgetting one costs another refusal.
const REMEMBERED: usize = 1024;

/// Minimum number of attempts that refuse an event before time speaks against it.
const ATTEMPTS: u32 = 3;

/// When an event was refused.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    /// The first time in its latest session, in ticks.
    at: u64,
    session: u64,
    /// In how many sessions it was refused.
    sessions: u32,
    /// When it was refused for the first time.
    since: SystemTime,
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
    /// How long an event has to be refused before time speaks against it.
    ripe: Duration,
    /// When events were set aside because of that, in the last such time.
    by_time: VecDeque<SystemTime>,
    /// How many places were chosen to look for an event that is accepted.
    places: u64,
}

impl Evidence {
    /// Nothing is known yet. `ripe` is how long an event has to be refused before time speaks against it.
    pub(super) fn new(ripe: Duration) -> Self {
        Self { ripe, ..Self::default() }
    }

    /// The next of `count` places to look for an event that is accepted. The places are spread evenly over all of them,
    /// and a later session goes on where this one ends: so it does not look at the same places again without a result.
    pub(super) fn place(&mut self, count: usize) -> usize {
        /// The golden ratio as a fraction of 2^64: its multiples are spread as evenly as any.
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        self.places = self.places.wrapping_add(1);
        let part = u128::from(self.places.wrapping_mul(GOLDEN)) * count as u128;
        usize::try_from(part >> 64).unwrap_or_default()
    }

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
    pub(super) fn refused(&mut self, event: u64, date: SystemTime) -> bool {
        if self.is_vouched_for(event) {
            self.refused.remove(&event);
            return true;
        }
        if self.refused.len() >= REMEMBERED {
            self.refused.clear();
        }
        self.clock += 1;
        let now = Refusal { at: self.clock, session: self.session, sessions: 1, since: date };
        let known = self.refused.entry(event).or_insert(now);
        if known.session != self.session {
            *known = Refusal { sessions: known.sessions + 1, since: known.since, ..now };
        }
        false
    }

    /// Whether another event has been accepted in a request made after this one was refused, in the same session: what
    /// happened between two sessions is not known.
    pub(super) fn is_vouched_for(&self, event: u64) -> bool {
        let in_session = self.refused.get(&event).filter(|refusal| refusal.session == self.session);
        in_session.is_some_and(|refusal| self.accepted > Some(refusal.at))
    }

    /// How many of these refused events that nothing follows, from the first on, are believed to be bad.
    pub(super) fn believes_the_last(&mut self, events: &[u64], date: SystemTime) -> usize {
        let again = |event| self.refused.get(event).is_some_and(|refusal| refusal.sessions > 1);
        let believed = if events.len() <= self.credit && events.iter().all(again) {
            self.credit -= events.len();
            events.len()
        } else {
            self.believes_by_time(events, date)
        };
        for event in &events[..believed] {
            self.refused.remove(event);
        }
        believed
    }

    /// How many of them time speaks against.
    fn believes_by_time(&mut self, events: &[u64], date: SystemTime) -> usize {
        if self.accepted.is_none() && events.len() > ROW {
            return 0;
        }
        let ripe = self.ripe;
        let is_ripe = |since: SystemTime| date.duration_since(since).is_ok_and(|time| time >= ripe);
        self.by_time.retain(|at| !is_ripe(*at));
        let speaks = |event: &&u64| {
            let refusal = self.refused.get(event);
            refusal.is_some_and(|refusal| refusal.sessions >= ATTEMPTS && is_ripe(refusal.since))
        };
        let believed = events.iter().take(ROW.saturating_sub(self.by_time.len())).take_while(speaks).count();
        self.by_time.extend(std::iter::repeat_n(date, believed));
        believed
    }

    /// Notes that an attempt to deliver ends.
    pub(super) fn end_session(&mut self) {
        self.session += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: SystemTime = SystemTime::UNIX_EPOCH;
    const RIPE: Duration = Duration::from_secs(900);

    fn accept(evidence: &mut Evidence) {
        let made = evidence.request();
        evidence.accepted(made, std::iter::empty());
    }

    #[test]
    fn a_refusal_counts_when_another_event_was_accepted_between_two_of_them() {
        let mut evidence = Evidence::new(RIPE);
        assert!(!evidence.refused(1, DATE) && !evidence.refused(1, DATE), "nothing was accepted");
        accept(&mut evidence);
        assert!(!evidence.refused(2, DATE), "it was accepted before");
        assert!(evidence.refused(1, DATE));
        accept(&mut evidence);
        assert!(evidence.refused(2, DATE));
    }

    #[test]
    fn what_was_accepted_in_another_session_does_not_vouch() {
        let mut evidence = Evidence::new(RIPE);
        assert!(!evidence.refused(1, DATE));
        accept(&mut evidence);
        evidence.end_session();
        accept(&mut evidence);
        assert!(!evidence.refused(1, DATE));
        accept(&mut evidence);
        assert!(evidence.refused(1, DATE));
    }

    #[test]
    fn what_was_in_flight_when_an_event_was_refused_does_not_vouch() {
        let mut evidence = Evidence::new(RIPE);
        let made = evidence.request();
        assert!(!evidence.refused(1, DATE));
        evidence.accepted(made, std::iter::empty());
        assert!(!evidence.refused(1, DATE));
    }

    #[test]
    fn an_event_that_was_accepted_after_all_has_not_been_refused() {
        let mut evidence = Evidence::new(RIPE);
        assert!(!evidence.refused(1, DATE) && !evidence.refused(2, DATE));
        let made = evidence.request();
        evidence.accepted(made, [1].into_iter());
        assert!(!evidence.refused(1, DATE) && evidence.refused(2, DATE));
    }

    #[test]
    fn the_last_events_are_believed_the_second_time_and_not_without_end() {
        let mut evidence = Evidence::new(RIPE);
        let events: Vec<u64> = (0..ROW as u64).collect();
        let refuse = |evidence: &mut Evidence, events: &[u64]| {
            assert!(events.iter().all(|event| !evidence.refused(*event, DATE)));
            let believed = evidence.believes_the_last(events, DATE);
            evidence.end_session();
            assert!(believed == 0 || believed == events.len());
            believed > 0
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

    /// A session in which all these events are refused, this many seconds after the first: how many are set aside.
    fn refuse_all(evidence: &mut Evidence, events: &[u64], seconds: u64) -> usize {
        let date = DATE + Duration::from_secs(seconds);
        assert!(events.iter().all(|event| !evidence.refused(*event, date)));
        let believed = evidence.believes_the_last(events, date);
        evidence.end_session();
        believed
    }

    #[test]
    fn an_event_that_is_refused_for_long_is_believed_to_be_bad_and_not_many_are() {
        let mut evidence = Evidence::new(RIPE);
        assert_eq!([0, 899].map(|seconds| refuse_all(&mut evidence, &[1], seconds)), [0, 0]);
        assert_eq!(refuse_all(&mut evidence, &[1], 900), 1, "three attempts over a quarter of an hour");
        assert_eq!(
            [900, 1800].map(|seconds| refuse_all(&mut evidence, &[2], seconds)),
            [0, 0],
            "two attempts"
        );
        assert_eq!(refuse_all(&mut evidence, &[2], 1800), 1);

        // Eight in a quarter of an hour, the first of them, whatever comes.
        let many: Vec<u64> = (100..100 + ROW as u64).collect();
        assert_eq!([1000, 1100].map(|seconds| refuse_all(&mut evidence, &many, seconds)), [0, 0]);
        assert_eq!(refuse_all(&mut evidence, &many, 2000), ROW - 1, "event 2 was one of the eight");
        assert_eq!(refuse_all(&mut evidence, &many[ROW - 1..], 2699), 0);
        assert_eq!(refuse_all(&mut evidence, &many[ROW - 1..], 2700), 1);
    }

    #[test]
    fn more_events_than_eight_are_only_believed_to_be_bad_by_a_service_that_has_accepted_anything() {
        let mut evidence = Evidence::new(RIPE);
        let many: Vec<u64> = (0..=ROW as u64).collect();
        assert_eq!([0, 450, 900, 9000].map(|seconds| refuse_all(&mut evidence, &many, seconds)), [0; 4]);
        accept(&mut evidence);
        assert_eq!(refuse_all(&mut evidence, &many, 9001), ROW);
        evidence.credit = 0;
        assert_eq!([9002, 9901].map(|seconds| refuse_all(&mut evidence, &many[ROW..], seconds)), [0, 1]);
    }

    #[test]
    fn a_clock_that_is_set_back_sets_nothing_aside() {
        let mut evidence = Evidence::new(RIPE);
        assert_eq!([2000, 1000, 0].map(|seconds| refuse_all(&mut evidence, &[1], seconds)), [0; 3]);
    }

    #[test]
    fn the_places_to_look_at_are_spread_and_come_to_all_of_them() {
        let mut evidence = Evidence::new(RIPE);
        let mut first: Vec<usize> = (0..32).map(|_| evidence.place(1000)).collect();
        first.sort_unstable();
        assert!(first.windows(2).all(|pair| pair[1] - pair[0] <= 60), "{first:?}");
        assert!(first[0] <= 60 && first[31] >= 940, "{first:?}");
        let mut seen: Vec<usize> = (0..3000).map(|_| evidence.place(1000)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 1000);
    }
}
