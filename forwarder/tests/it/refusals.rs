//! Which refusals are believed: a service that refuses everything loses nothing, and a bad event blocks nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cwl2le_forwarder::config::{Config, Destination};
use cwl2le_forwarder::delivery::fate::Fate;
use cwl2le_forwarder::function::notes;
use cwl2le_forwarder::net::FailureKind;
use cwl2le_forwarder::note::Level;
use cwl2le_forwarder::{Forwarder, Outcome};
use cwl2le_local::log_service::{Answer, Transport};

use crate::common::sink::Sink;
use crate::common::*;

/// The statuses that another service gives to a bad event.
const REFUSALS: [u16; 4] = [400, 406, 413, 422];

/// Maximum number of events that are set aside without proof, see docs/delivery.md.
const UNPROVEN: usize = 8;

fn services() -> impl Iterator<Item = (Sink, Forwarder)> {
    services_with(options().timeouts.refused)
}

/// `refused` is for how long a service has to refuse an event before time speaks against it.
fn services_with(refused: Duration) -> impl Iterator<Item = (Sink, Forwarder)> {
    let sinks = Destination::TYPES.iter().map(|kind| Sink::start(kind, Transport::Plain));
    sinks.filter(Sink::is_http).map(move |sink| {
        let mut options = options();
        options.timeouts.refused = refused;
        let forwarder = Forwarder::new(&Config::single(sink.config()), options).unwrap();
        (sink, forwarder)
    })
}

/// Refuses what has "bad" in it.
fn refuse_bad(sink: &Sink, status: u16) {
    sink.service.answer_with(move |request| {
        let bad = String::from_utf8_lossy(&request.body).contains("bad");
        Answer::status(if bad { status } else { 200 })
    });
}

fn counts(outcome: &Outcome) -> (u64, u64, u64) {
    let events = &outcome.account.events;
    assert_eq!(outcome.account.unbalanced, 0);
    (events.delivered, events.quarantined, events.failed)
}

#[tokio::test]
async fn a_service_that_refuses_everything_from_the_start_loses_nothing() {
    for status in REFUSALS {
        for (sink, mut forwarder) in services() {
            sink.service.answer_with(move |_| Answer::status(status).body("plain HTTP on a TLS port"));
            for (records, events) in [(1, 1), (1, 3), (4, 500)] {
                sink.service.clear();
                let event = carrying(&messages(records, events, 40));
                for _ in 0..3 {
                    let outcome = forwarder.handle(&event, deadline()).await;
                    assert_eq!(counts(&outcome), (0, 0, (records * events) as u64), "{} {status}", sink.kind);
                    let failure = outcome.lanes[0].failure.as_ref().unwrap();
                    assert_eq!(failure.kind, FailureKind::Refused);
                    let notes = notes::notes(&event, &outcome);
                    let errors: Vec<_> = notes.iter().filter(|note| note.level == Level::Error).collect();
                    let [error] = &errors[..] else { panic!("{notes:?}") };
                    let detail = error.fields["detail"].as_str().unwrap();
                    assert!(
                        detail.contains("plain HTTP on a TLS port") && detail.contains(&status.to_string()),
                        "{detail}"
                    );
                }
                let requests = sink.service.requests().len() / 3;
                assert!(requests < 100, "{requests} requests for {events} events");
            }
        }
    }
}

#[tokio::test]
async fn a_service_that_refuses_everything_from_some_moment_on_loses_nothing() {
    for (sink, mut forwarder) in services() {
        for after in [0, 1, 2, 5] {
            let sent = messages(3, 200, 40);
            sink.service.answer_with(|_| Answer::status(200));
            assert_eq!(counts(&forwarder.handle(&carrying(&sent), deadline()).await).0, 600);
            let asked = Arc::new(AtomicUsize::new(0));
            sink.service.answer_with(move |_| {
                Answer::status(if asked.fetch_add(1, Ordering::SeqCst) < after { 200 } else { 400 })
            });
            for _ in 0..4 {
                let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
                assert_eq!(counts(&outcome).1, 0, "{} after {after}", sink.kind);
            }
        }
    }
}

#[tokio::test]
async fn bad_events_anywhere_among_good_ones_are_set_aside_in_bounded_invocations() {
    let bad = [
        vec![0],
        vec![19],
        vec![59],
        vec![0, 1, 2],
        vec![0, 59],
        vec![57, 58, 59],
        (0..12).collect(),
        vec![5, 6, 7, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44],
    ];
    for (bad, status) in bad.iter().zip(REFUSALS.into_iter().cycle()) {
        for (sink, mut forwarder) in services() {
            refuse_bad(&sink, status);
            let mut sent = messages(3, 20, 60);
            bad.iter().for_each(|at| sent[at / 20][at % 20].push_str("bad"));
            let good: Vec<String> = sent.concat().into_iter().filter(|text| !text.ends_with("bad")).collect();
            let (mut first, mut refused) = (0, 0);
            for invocation_number in 1.. {
                assert!(invocation_number <= 2, "{} {status} {bad:?}", sink.kind);
                // AWS sends everything from the checkpoint on again.
                let records = sent.iter().enumerate().skip(first).map(|(n, messages)| {
                    record(&sequence(n), &gzip(payload("/app", "f", messages).to_string().as_bytes()))
                });
                let outcome = forwarder.handle(&invocation(records.collect()), deadline()).await;
                refused += outcome.lanes[0].rejections.len();
                counts(&outcome);
                match outcome.account.fates().position(|(fate, _)| *fate == Fate::Failed) {
                    Some(failed) => first += failed,
                    None => break,
                }
            }
            let mut stored = sink.messages();
            stored.sort();
            stored.dedup();
            assert!(stored.iter().all(|text| good.contains(text)) && stored.len() == good.len());
            assert_eq!(refused, bad.len(), "{} {status} {bad:?}", sink.kind);
        }
    }
}

#[tokio::test]
async fn a_bad_event_that_nothing_follows_is_set_aside_the_second_time() {
    for (sink, mut forwarder) in services() {
        refuse_bad(&sink, 400);
        let one = |text: &str| vec![vec![text.to_owned()]];
        assert_eq!(counts(&forwarder.handle(&carrying(&one("good")), deadline()).await), (1, 0, 0));
        assert_eq!(counts(&forwarder.handle(&carrying(&one("bad 0")), deadline()).await), (0, 0, 1));
        assert_eq!(counts(&forwarder.handle(&carrying(&one("bad 0")), deadline()).await), (0, 1, 0));
        // Without anything accepted, only this many.
        for number in 1..UNPROVEN {
            let sent = one(&format!("bad {number}"));
            assert_eq!(counts(&forwarder.handle(&carrying(&sent), deadline()).await).2, 1);
            assert_eq!(counts(&forwarder.handle(&carrying(&sent), deadline()).await).1, 1);
        }
        let sent = one("bad, one too many");
        for _ in 0..4 {
            assert_eq!(counts(&forwarder.handle(&carrying(&sent), deadline()).await), (0, 0, 1));
        }
        // Something else is enough, before or behind it.
        let both = vec![sent[0].clone(), vec!["good again".to_owned()]];
        assert_eq!(counts(&forwarder.handle(&carrying(&both), deadline()).await), (1, 1, 0), "{}", sink.kind);
    }
}

/// The distinct messages that were stored, sorted.
fn stored(sink: &Sink) -> Vec<String> {
    let mut stored = sink.messages();
    stored.sort();
    stored.dedup();
    stored
}

/// Delivers records as AWS sends them, from the checkpoint on again, until none has failed. `None` if that takes more
/// than `most` invocations; else how many events were set aside.
async fn until_done(forwarder: &mut Forwarder, sent: &[Vec<String>], most: usize) -> Option<usize> {
    let (mut first, mut refused) = (0, 0);
    for _ in 0..most {
        let records = sent.iter().enumerate().skip(first).map(|(n, messages)| {
            record(&sequence(n), &gzip(payload("/app", "f", messages).to_string().as_bytes()))
        });
        let outcome = forwarder.handle(&invocation(records.collect()), deadline()).await;
        counts(&outcome);
        refused += outcome.lanes[0].rejections.len();
        let Some(failed) = outcome.account.fates().position(|(fate, _)| *fate == Fate::Failed) else {
            return Some(refused);
        };
        first += failed;
    }
    None
}

#[tokio::test]
async fn good_events_between_long_rows_of_bad_ones_arrive() {
    for (front, good, back, each) in
        [(8, 16, 8, 32), (9, 1, 9, 19), (16, 16, 16, 4), (20, 60, 20, 20), (40, 8, 40, 88)]
    {
        let mut sent = messages(1, front + good + back, 60).concat();
        let mut expected = sent[front..front + good].to_vec();
        expected.sort();
        let bad = (0..front).chain(front + good..front + good + back);
        bad.for_each(|at| sent[at].push_str("bad"));
        let sent: Vec<Vec<String>> = sent.chunks(each).map(<[String]>::to_vec).collect();
        for (sink, mut forwarder) in services() {
            refuse_bad(&sink, 400);
            // It may be that a row at the end waits; see the last test.
            until_done(&mut forwarder, &sent, 4).await;
            assert!(stored(&sink) == expected, "{} {front} {good} {back}", sink.kind);
        }
        for (sink, mut forwarder) in services_with(Duration::ZERO) {
            refuse_bad(&sink, 400);
            let done = until_done(&mut forwarder, &sent, 16).await;
            assert_eq!(done, Some(front + back), "{} {front} {good} {back}", sink.kind);
            assert!(stored(&sink) == expected, "{} {front} {good} {back}", sink.kind);
        }
    }
}

#[tokio::test]
async fn bad_events_are_set_aside_after_a_time_though_nothing_was_ever_accepted() {
    for (sink, mut forwarder) in services_with(Duration::ZERO) {
        refuse_bad(&sink, 400);
        // One after the other, more than are set aside without proof.
        for number in 0..=UNPROVEN + 1 {
            let sent = vec![vec![format!("bad {number}")]];
            assert_eq!(until_done(&mut forwarder, &sent, 2).await, None, "{}", sink.kind);
            assert_eq!(until_done(&mut forwarder, &sent, 1).await, Some(1), "{}", sink.kind);
        }
        // Where nothing was accepted, no more than these together.
        let sent = vec![(0..=UNPROVEN).map(|number| format!("bad too {number}")).collect()];
        assert_eq!(until_done(&mut forwarder, &sent, 5).await, None, "{}", sink.kind);
    }
}

#[tokio::test]
async fn more_than_eight_bad_events_after_good_ones_are_set_aside_eight_at_a_time() {
    for (sink, mut forwarder) in services_with(Duration::ZERO) {
        refuse_bad(&sink, 400);
        let mut sent = messages(1, 29, 60);
        sent[0][20..].iter_mut().for_each(|text| text.push_str("bad"));
        let done = until_done(&mut forwarder, &sent, 8).await;
        assert_eq!((done, stored(&sink).len()), (Some(9), 20), "{}", sink.kind);
    }
}
