use super::*;
use crate::delivery::fate::Skip;

/// These counts, with their sum as what was received.
fn all(counts: Counts) -> Counts {
    let Counts { delivered, skipped, filtered, quarantined, failed, .. } = counts;
    Counts { received: delivered + skipped + filtered + quarantined + failed, ..counts }
}

fn share(destination: usize, done: u32, rejected: &[u32]) -> Share {
    Share { destination, progress: Progress { done, before: 0, rejected: rejected.to_vec() } }
}

#[test]
fn what_nobody_settles_has_failed() {
    let mut ledger = Ledger::new(0..5);
    ledger.note_events(0, 3, 0);
    ledger.note_events(0, 3, 0);
    ledger.route(0, &[0]);
    ledger.route(0, &[0]);
    ledger.advance(0, 0, 1, false);
    assert!(ledger.concerns(0, 0) && !ledger.concerns(0, 1));
    ledger.advance(0, 0, 2, false);
    ledger.settle(1, Fate::Quarantined(Poison::NotGzip.into()));
    ledger.note_events(2, 1, 0);
    ledger.settle(2, Fate::Skipped(Skip::Control));
    ledger.note_events(3, 7, 0);
    assert!(!ledger.concerns(0, 0) && ledger.concerns(3, 0) && !ledger.concerns(5, 0));
    let account = ledger.close(1);
    assert_eq!(
        account.records,
        all(Counts { delivered: 1, skipped: 1, quarantined: 1, failed: 2, ..Counts::default() })
    );
    assert_eq!(account.events, all(Counts { delivered: 3, skipped: 1, failed: 7, ..Counts::default() }));
    assert_eq!(account.destinations, [all(Counts { delivered: 3, ..Counts::default() })]);
    assert_eq!(account.unbalanced, 0);
}

#[test]
fn what_is_delivered_of_a_part_counts_also_when_the_rest_failed() {
    let mut ledger = Ledger::new(0..2);
    ledger.recall(0, 10, 0, &[share(0, 4, &[1])]);
    ledger.note_events(0, 10, 0);
    ledger.route(0, &[0]);
    assert_eq!(ledger.done(0, 0), 4);
    ledger.advance(0, 0, 3, false);
    ledger.recall(1, 2, 0, &[share(0, 2, &[])]);
    assert!(ledger.concerns(0, 0) && !ledger.concerns(1, 0));
    let account = ledger.close(1);
    assert_eq!(
        account.events,
        all(Counts { delivered: 8, quarantined: 1, failed: 3, delivered_before: 5, ..Counts::default() })
    );
    assert_eq!(account.destinations, [account.events]);
    assert_eq!(
        account.records,
        all(Counts { delivered: 1, failed: 1, delivered_before: 1, ..Counts::default() })
    );
    assert_eq!(account.unbalanced, 0);
}

#[test]
fn a_record_fails_when_one_of_its_destinations_does() {
    let mut ledger = Ledger::new(0..2);
    for at in 0..2 {
        ledger.note_events(at, 4, 0);
        ledger.route(at, &[0, 2]);
        ledger.advance(at, 0, 4, false);
    }
    ledger.advance(0, 2, 3, false);
    ledger.advance(1, 2, 4, false);
    let account = ledger.close(3);
    assert!(account.fates().eq([(&Fate::Failed, 4), (&Fate::Delivered, 4)]));
    assert_eq!(account.events, all(Counts { delivered: 7, failed: 1, ..Counts::default() }));
    assert_eq!(
        account.destinations,
        [
            all(Counts { delivered: 8, ..Counts::default() }),
            Counts::default(),
            all(Counts { delivered: 7, failed: 1, ..Counts::default() })
        ]
    );
    assert_eq!(account.shares(&account.parts[0]), [share(0, 4, &[]), share(2, 3, &[])]);
    assert_eq!(account.unbalanced, 0);
}

#[test]
fn rejected_events_are_quarantined_once_and_block_nothing() {
    let mut ledger = Ledger::new(0..2);
    ledger.note_events(0, 5, 0);
    ledger.route(0, &[0, 1]);
    // The first refuses the events 1 and 2, the second 2 and 3.
    for (events, rejected) in [(1, false), (2, true), (2, false)] {
        ledger.advance(0, 0, events, rejected);
    }
    for (events, rejected) in [(2, false), (2, true), (1, false)] {
        ledger.advance(0, 1, events, rejected);
    }
    ledger.note_events(1, 1, 0);
    ledger.route(1, &[1]);
    ledger.advance(1, 1, 1, true);
    let account = ledger.close(2);
    assert!(account.fates().eq([(&Fate::Delivered, 5), (&Fate::Rejected, 1)]));
    assert_eq!(account.records, all(Counts { delivered: 1, quarantined: 1, ..Counts::default() }));
    assert_eq!(account.events, all(Counts { delivered: 2, quarantined: 4, ..Counts::default() }));
    assert_eq!(
        account.destinations,
        [
            all(Counts { delivered: 3, quarantined: 2, ..Counts::default() }),
            all(Counts { delivered: 3, quarantined: 3, ..Counts::default() })
        ]
    );
    assert_eq!(account.unbalanced, 0);
}

#[test]
fn what_was_settled_before_is_delivered_before() {
    let mut ledger = Ledger::new(0..2);
    ledger.recall(0, 2, 0, &[share(0, 2, &[]), share(1, 2, &[0])]);
    ledger.recall(1, 2, 0, &[share(0, 2, &[]), share(1, 1, &[])]);
    assert!(!ledger.concerns(0, 0) && !ledger.concerns(0, 1) && ledger.concerns(1, 1));
    ledger.advance(1, 1, 1, false);
    let account = ledger.close(2);
    assert!(account.fates().eq([(&Fate::DeliveredBefore, 2), (&Fate::Delivered, 2)]));
    assert_eq!(
        account.events,
        all(Counts { delivered: 3, quarantined: 1, delivered_before: 2, ..Counts::default() })
    );
    assert_eq!(
        account.destinations,
        [
            all(Counts { delivered: 4, delivered_before: 4, ..Counts::default() }),
            all(Counts { delivered: 3, quarantined: 1, delivered_before: 2, ..Counts::default() })
        ]
    );
    assert_eq!(account.unbalanced, 0);
}

#[test]
fn a_record_of_several_parts_is_one_record() {
    let poison = || Fate::Quarantined(Poison::NotGzip.into());
    let cases = [
        (vec![Fate::Delivered, Fate::Skipped(Skip::Empty), Fate::DeliveredBefore], Fate::Delivered),
        (vec![Fate::Delivered, poison(), Fate::Rejected], poison()),
        (vec![Fate::Delivered, Fate::Rejected], Fate::Rejected),
        (vec![poison(), Fate::Failed, Fate::Delivered], Fate::Failed),
        (vec![Fate::Skipped(Skip::Control), Fate::DeliveredBefore], Fate::DeliveredBefore),
    ];
    let records = cases.iter().zip(0..).flat_map(|((parts, _), record)| parts.iter().map(move |_| record));
    let mut ledger = Ledger::new(records);
    for (at, fate) in cases.iter().flat_map(|(parts, _)| parts).enumerate() {
        match fate {
            Fate::DeliveredBefore => ledger.recall(at, 1, 0, &[share(0, 1, &[])]),
            Fate::Delivered | Fate::Rejected => {
                ledger.note_events(at, 1, 0);
                ledger.route(at, &[0]);
                ledger.advance(at, 0, 1, *fate == Fate::Rejected);
            }
            other => {
                ledger.note_events(at, 1, 0);
                ledger.settle(at, other.clone());
            }
        }
    }
    let account = ledger.close(1);
    let fates: Vec<_> = account.fates().map(|(fate, _)| fate.clone()).collect();
    assert_eq!(fates, cases.map(|(_, whole)| whole));
    assert_eq!((account.records.received, account.parts.len(), account.events.received), (5, 13, 13));
    assert_eq!(account.unbalanced, 0);
}

#[test]
fn mistakes_are_counted_and_change_nothing() {
    let mut ledger = Ledger::new(0..2);
    ledger.settle(0, Fate::Failed);
    ledger.settle(0, Fate::Delivered);
    ledger.settle(2, Fate::Delivered);
    ledger.note_events(0, 1, 0);
    ledger.note_events(0, 2, 0);
    ledger.route(0, &[0]);
    ledger.note_events(1, 1, 0);
    ledger.route(1, &[0]);
    ledger.settle(1, Fate::Failed);
    ledger.recall(1, 1, 0, &[]);
    ledger.advance(1, 1, 1, false);
    ledger.advance(1, 0, 2, false);
    ledger.advance(1, 0, 1, false);
    let account = ledger.close(1);
    assert_eq!((account.records.failed, account.records.delivered, account.unbalanced), (1, 1, 8));
}

#[test]
fn what_a_route_drops_is_a_count_of_its_own() {
    let mut ledger = Ledger::new([0, 1, 2, 2, 3]);
    for (at, (events, filtered)) in [(3, 2), (0, 5), (0, 4), (1, 0), (2, 1)].into_iter().enumerate() {
        ledger.note_events(at, events, filtered);
        ledger.note_events(at, events, filtered);
        ledger.route(at, &[0]);
    }
    ledger.advance(0, 0, 3, false);
    ledger.advance(3, 0, 1, false);
    ledger.advance(4, 0, 1, true);
    assert!(!ledger.concerns(1, 0) && ledger.concerns(4, 0), "nothing is left to do where all is dropped");
    let account = ledger.close(1);
    let fates: Vec<_> = account.fates().map(|(fate, events)| (fate.clone(), events)).collect();
    assert_eq!(fates, [(Fate::Delivered, 5), (Fate::Filtered, 5), (Fate::Delivered, 5), (Fate::Failed, 3)]);
    let events = Counts {
        received: 18,
        delivered: 4,
        skipped: 0,
        filtered: 12,
        quarantined: 1,
        failed: 1,
        delivered_before: 0,
    };
    assert_eq!((account.events, account.destinations), (events, vec![events]));
    assert_eq!((account.records.filtered, account.records.received, account.unbalanced), (1, 4, 0));
}
