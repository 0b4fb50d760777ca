//! Runs into a log service on this computer that takes, refuses, fails or hangs.

use std::collections::VecDeque;
use std::time::Duration;

use cwl2le_forwarder::Options;
use cwl2le_forwarder::config::Config;
use cwl2le_local::log_service::{self, Answer, LogService, Protocol};
use futures_util::future::LocalBoxFuture;
use md5::{Digest, Md5};
use serde_json::json;

use super::destination::{Attempts, ToDestination};
use super::*;
use crate::aws::testing::FakeAws;
use crate::aws::{Aws, Session};
use crate::commands::replay::reading::Reading;
use crate::commands::replay::run::{Run, run};
use crate::commands::replay::source::{Found, Parcel, Portion, Source};
use crate::error::Result;
use crate::events::{Origin, Record, SavedEvent};

/// A source with these portions.
#[derive(Default)]
struct Given {
    found: Found,
    portions: VecDeque<Portion>,
    done: Vec<(usize, u32)>,
}

impl Source for Given {
    fn found(&self) -> &Found {
        &self.found
    }

    fn begin<'a>(&'a mut self, _: Aws<'a>) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn next<'a>(&'a mut self, _: Aws<'a>) -> LocalBoxFuture<'a, Result<Option<Portion>>> {
        Box::pin(async { Ok(self.portions.pop_front()) })
    }

    fn settle<'a>(&'a mut self, _: Aws<'a>, done: &'a [(usize, u32)]) -> LocalBoxFuture<'a, Result<()>> {
        self.done.extend(done);
        Box::pin(async { Ok(()) })
    }

    fn end<'a>(&'a mut self, _: Aws<'a>) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Given {
    /// One portion with a record for each list of messages.
    fn of(records: &[&[&str]]) -> Self {
        let parcels = records.iter().zip(0..).map(|(messages, at)| {
            let event =
                |message: &&str| SavedEvent { message: (*message).to_owned(), ..SavedEvent::default() };
            let events: Vec<SavedEvent> = messages.iter().map(event).collect();
            let origin = Origin { log_group: "/app", log_stream: "s", ..Origin::default() };
            let Record::Data(data) = Record::of(origin, &events) else { panic!("data") };
            Parcel { data, at, events: events.len() as u64, ..Parcel::default() }
        });
        let portion = Portion { parcels: parcels.collect(), ..Portion::default() };
        Self { portions: [portion].into(), ..Self::default() }
    }
}

/// A log service that answers each body by what it says.
fn service(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> LogService {
    let options = log_service::Options { protocol: Protocol::Http, ..log_service::Options::default() };
    let service = LogService::start(options).expect("a log service");
    service.answer_with(move |request| answer(&String::from_utf8_lossy(&request.body)));
    service
}

/// A sink that drops debug messages, sends long ones in bodies of their own, and tries everything once.
fn sink(service: &LogService) -> ToDestination {
    let config = config(&service.address().to_string());
    let mut options = Options { comes_whole: true, ..Options::default() };
    options.retries.attempts = 1;
    let forwarder = cwl2le_forwarder::Forwarder::new(&config, options).expect("a forwarder");
    ToDestination::of(forwarder, Target { name: "audit".to_owned(), has_receipts: true, ..Target::default() })
}

fn config(address: &str) -> Config {
    let destination = json!({"type": "http", "url": format!("http://{address}/"), "max_batch_bytes": 1024});
    let config = json!({
        "destinations": {"audit": destination},
        "routes": [{"log_group": "*", "destination": "audit", "shape": {"exclude": [{"message": "^DEBUG"}]}}],
    });
    Config::from_json(&config.to_string()).expect("a configuration")
}

fn session() -> Session {
    FakeAws::new(|request| panic!("{request:?}")).session()
}

/// A message that fills a body.
fn long(message: &str) -> String {
    format!("{message} {}", "x".repeat(600))
}

async fn sent(session: &Session, source: &mut Given, sink: &mut ToDestination) -> Run {
    run(session.into(), source, sink, None, |_| ()).await
}

#[tokio::test]
async fn what_is_confirmed_is_done_and_what_rules_drop_is_counted() {
    let service = service(|_| Answer::status(200));
    let (mut source, mut sink) = (Given::of(&[&["a", "DEBUG b"], &["c"]]), sink(&service));
    let ended = sent(&session(), &mut source, &mut sink).await;
    assert!(ended.is_complete && ended.failure.is_none(), "{ended:?}");
    assert_eq!((ended.tally.sent.records, source.done), (2, vec![(0, 0), (0, 1)]));
    let wanted = Delivery { delivered: 2, filtered: 1, ..Delivery::default() };
    assert_eq!(sink.delivery(), Some(&wanted));
    assert_eq!(service.line_count(), 2);
}

#[tokio::test]
async fn what_is_refused_for_good_is_done_with_its_reason_and_never_sent() {
    let refuses = |body: &str| if body.contains("bad") { Answer::status(400) } else { Answer::status(200) };
    let service = service(refuses);
    let (bad, good) = (long("bad"), long("good"));
    let (mut source, mut sink) = (Given::of(&[&[&bad], &[&good, &bad], &[&good]]), sink(&service));
    let ended = sent(&session(), &mut source, &mut sink).await;
    assert!(ended.is_complete && ended.failure.is_none(), "{ended:?}");
    // The record of which nothing arrived is done, and not sent.
    assert_eq!((ended.tally.sent.records, source.done.len()), (2, 3));
    let delivery = sink.delivery().expect("a delivery");
    assert_eq!((delivery.delivered, delivery.refused), (2, 2), "{delivery:?}");
    assert!(delivery.reasons.iter().any(|why| why.contains("400")), "{delivery:?}");
}

#[tokio::test]
async fn what_is_not_confirmed_ends_the_run_and_only_the_rest_is_open() {
    let fails = |body: &str| if body.contains("late") { Answer::status(503) } else { Answer::status(200) };
    let service = service(fails);
    let (early, late) = (long("early"), long("late"));
    let (mut source, mut sink) = (Given::of(&[&[&early], &[&early, &late], &[&early]]), sink(&service));
    let ended = sent(&session(), &mut source, &mut sink).await;
    assert!(!ended.is_complete && !ended.is_interrupted, "{ended:?}");
    assert!(ended.failure.as_ref().is_some_and(|why| why.contains("503")), "{ended:?}");
    assert!(source.done.contains(&(0, 0)) && !source.done.contains(&(0, 1)), "{:?}", source.done);
    assert_eq!(ended.tally.sent.records, source.done.len() as u64);
    // The first event of the record that is open has a receipt, and is sent again with the other one.
    assert_eq!(sink.delivery().map(|delivery| delivery.to_repeat), Some(1));
}

#[tokio::test]
async fn a_stop_in_a_later_attempt_counts_what_was_never_looked_at_before() {
    let fails = |body: &str| if body.contains("late") { Answer::status(503) } else { Answer::status(200) };
    let service = service(fails);
    let (early, late) = (long("early"), long("late"));
    let (source, mut sink) =
        (Given::of(&[&[&early, &late], &[&late, "b"], &["c", "d", "e"]]), sink(&service));
    let parcels: Vec<&Parcel> = source.portions[0].parcels.iter().collect();
    let records: Vec<Record> = parcels.iter().map(|parcel| Record::Data(parcel.data.clone())).collect();
    let attempts = sink.attempts((&session()).into(), &records).await;
    let duplicates =
        |sink: &ToDestination| sink.delivery().map_or(0, |delivery| delivery.possible_duplicates);
    let before = duplicates(&sink);
    let fates = sink.fates(&parcels, Attempts { is_cut_short: true, ..attempts });
    assert_eq!(fates, vec![Fate::NotTried; 3]);
    assert_eq!(duplicates(&sink) - before, 6);
    assert_eq!(sink.delivery().map(|delivery| delivery.to_repeat), Some(1));
}

#[tokio::test]
async fn a_stop_while_nothing_is_answered_says_what_may_arrive_twice() {
    let service = service(|_| Answer::status(200).never());
    let (mut source, mut sink) = (Given::of(&[&["a", "b"], &["c"]]), sink(&service));
    let session = session();
    let stop = async {
        while service.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        session.stop().request();
    };
    let (ended, ()) = tokio::join!(sent(&session, &mut source, &mut sink), stop);
    assert!(ended.is_interrupted && !ended.is_complete && ended.failure.is_none(), "{ended:?}");
    assert_eq!((ended.tally.sent.records, source.done.len()), (0, 0));
    assert_eq!(sink.delivery().map(|delivery| delivery.possible_duplicates), Some(3));
}

/// Records that a producer has packed into one.
fn packed(records: &[Vec<u8>]) -> Vec<u8> {
    let field = |number: u8, value: &[u8]| {
        let length = u16::try_from(value.len()).expect("a short value");
        [&[number << 3 | 2, (length & 0x7f) as u8 | 0x80, (length >> 7) as u8][..], value].concat()
    };
    let records = records.iter().map(|data| field(3, &[&[1 << 3, 0][..], &field(3, data)].concat()));
    let message = [field(1, b"key"), records.collect::<Vec<_>>().concat()].concat();
    [b"\xf3\x89\x9a\xc2", &message[..], &Md5::digest(&message)].concat()
}

#[tokio::test]
async fn a_packed_record_with_a_part_that_nobody_can_read_is_sent_and_its_fault_told() {
    let service = service(|_| Answer::status(200));
    let (mut source, mut sink) = (Given::of(&[&["a", "b"]]), sink(&service));
    let parcel = &mut source.portions[0].parcels[0];
    parcel.data = packed(&[parcel.data.clone(), b"no gzip".to_vec()]);
    let ended = sent(&session(), &mut source, &mut sink).await;
    assert!(ended.is_complete && ended.failure.is_none(), "{ended:?}");
    assert_eq!((ended.tally.sent.records, source.done.len()), (1, 1));
    let delivery = sink.delivery().expect("a delivery");
    assert_eq!((delivery.delivered, delivery.refused, delivery.reasons.len()), (2, 1, 1), "{delivery:?}");
    let data = packed(&[Given::of(&[&["a"]]).portions[0].parcels[0].data.clone(), b"no gzip".to_vec()]);
    let router =
        || cwl2le_forwarder::route::Router::without_secrets(&config("127.0.0.1:1")).expect("a router");
    assert_eq!(Reading::for_destination("audit", router()).look(&data).left, None);
    assert_eq!(Reading::new(256, Some(router())).look(&data).left, Some("not_gzip"));
    let none = packed(&[b"no gzip".to_vec()]);
    assert_eq!(Reading::for_destination("audit", router()).look(&none).left, Some("not_gzip"));
}
