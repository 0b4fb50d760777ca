//! A stream that is read by time, from a fake Kinesis.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::stream::Stream;
use super::{Portion, Source};
use crate::aws::testing::{Answer, FakeAws, Request};
use crate::aws::{Options, Session};
use crate::commands::replay::chosen::Chosen;
use crate::commands::replay::reading::Reading;
use crate::error::Result;
use crate::events::{Origin, Record, SavedEvent};

/// When the first record arrived: 2026-11-29T20:00:00Z, in milliseconds.
const BEGIN: i64 = 1_795_982_400_000;

/// How long a stream keeps records that loses none.
const FOREVER: i64 = i64::MAX;
/// An hour, in seconds.
const HOUR: i64 = 3600;

/// A shard: what it comes from, whether it is closed, and its messages with the seconds after [`BEGIN`].
struct Given {
    parents: &'static [&'static str],
    is_closed: bool,
    records: Vec<(i64, String)>,
}

/// Kinesis.
struct Kinesis {
    shards: BTreeMap<&'static str, Given>,
    /// Number of records of a page.
    page: usize,
    /// When each shard was read.
    reads: BTreeMap<String, Vec<Instant>>,
    /// What the read with this number answers in the place of records.
    odd: fn(usize) -> Option<Answer>,
    /// Whether an answer says how far it is behind the newest record.
    says_behind: bool,
    read: usize,
}

impl Kinesis {
    fn of(shards: impl IntoIterator<Item = (&'static str, Given)>) -> Self {
        let shards = shards.into_iter().collect();
        Self { shards, page: 2, reads: BTreeMap::new(), odd: |_| None, says_behind: true, read: 0 }
    }

    fn answer(&mut self, request: &Request) -> Answer {
        match request.operation.as_str() {
            "ListShards" => {
                assert_eq!(request.body["ShardFilter"]["Type"], "FROM_TIMESTAMP");
                let shards = self.shards.iter().map(|(id, given)| {
                    let mut shard = json!({"ShardId": id,
                        "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "1"},
                        "SequenceNumberRange": {"StartingSequenceNumber": "0"}});
                    for (parent, name) in given.parents.iter().zip(["ParentShardId", "AdjacentParentShardId"])
                    {
                        shard[name] = (*parent).into();
                    }
                    shard
                });
                Answer::Json(json!({"Shards": shards.collect::<Vec<_>>()}))
            }
            "GetShardIterator" => {
                let (shard, body) = (request.text("ShardId"), &request.body);
                let records = &self.shards[shard].records;
                let at = match request.text("ShardIteratorType") {
                    "AT_TIMESTAMP" => {
                        let since = (body["Timestamp"].as_f64().expect("a time") * 1000.0).round() as i64;
                        records.iter().take_while(|(second, _)| BEGIN + second * 1000 < since).count()
                    }
                    "AFTER_SEQUENCE_NUMBER" => {
                        request.text("StartingSequenceNumber").parse::<usize>().expect("a number") + 1
                    }
                    other => panic!("{other}"),
                };
                Answer::Json(json!({"ShardIterator": format!("{shard} {at}")}))
            }
            "GetRecords" => self.records(request),
            other => panic!("{other}"),
        }
    }

    fn records(&mut self, request: &Request) -> Answer {
        self.read += 1;
        if let Some(answer) = (self.odd)(self.read) {
            return answer;
        }
        let (shard, at) = request.text("ShardIterator").split_once(' ').expect("an iterator");
        self.reads.entry(shard.to_owned()).or_default().push(Instant::now());
        let at: usize = at.parse().expect("a number");
        let given = &self.shards[shard];
        let most = self.page.min(request.body["Limit"].as_u64().expect("a limit") as usize);
        let all: Vec<_> = given.records.iter().enumerate().skip(at).collect();
        let page = all.iter().take(most).map(|(number, (second, message))| {
            json!({"SequenceNumber": number.to_string(), "PartitionKey": "p",
                "ApproximateArrivalTimestamp": BEGIN / 1000 + second, "Data": STANDARD.encode(record(message))})
        });
        let page: Vec<Value> = page.collect();
        let left = all.len() - page.len();
        let mut answer = json!({ "Records": page });
        if self.says_behind {
            answer["MillisBehindLatest"] = (left * 1000).into();
        }
        if left > 0 || !given.is_closed {
            answer["NextShardIterator"] = format!("{shard} {}", at + page.len()).into();
        }
        Answer::Json(answer)
    }
}

fn record(message: &str) -> Vec<u8> {
    let event = SavedEvent { message: message.to_owned(), ..SavedEvent::default() };
    match Record::of(Origin { log_group: "/app", log_stream: "s", ..Origin::default() }, &[event]) {
        Record::Data(data) => data,
        other => panic!("{other:?}"),
    }
}

fn message(data: &[u8]) -> String {
    let mut payload = Vec::new();
    Record::Data(data.to_vec()).payload(&mut payload).expect("a payload");
    let payload: Value = serde_json::from_slice(&payload).expect("JSON");
    payload["logEvents"][0]["message"].as_str().expect("a message").to_owned()
}

fn shard(parents: &'static [&'static str], is_closed: bool, records: &[(i64, &str)]) -> Given {
    let records = records.iter().map(|(second, message)| (*second, (*message).to_owned())).collect();
    Given { parents, is_closed, records }
}

fn world(kinesis: Kinesis) -> (Arc<Mutex<Kinesis>>, Session) {
    let kinesis = Arc::new(Mutex::new(kinesis));
    let of = Arc::clone(&kinesis);
    let aws = FakeAws::new(move |request| of.lock().expect("no panic").answer(request));
    let patience = Some(Duration::from_secs(30));
    (kinesis, aws.session_with(&Options { patience, rate: Some(u16::MAX), ..Options::default() }))
}

async fn open(session: &Session, (since, until): (i64, i64)) -> Stream {
    let span = (BEGIN + since * 1000, BEGIN + until * 1000);
    let reading = Reading::new(256, None);
    let chosen = Chosen::default();
    Stream::open(session.into(), "stream", (span, FOREVER), chosen, reading).await.expect("a source")
}

async fn portions(session: &Session, stream: &mut Stream) -> Result<Vec<Portion>> {
    let mut portions = Vec::new();
    while let Some(portion) = stream.next(session.into()).await? {
        portions.push(portion);
    }
    Ok(portions)
}

async fn messages(session: &Session, span: (i64, i64)) -> Vec<String> {
    let portions = portions(session, &mut open(session, span).await).await.expect("records");
    portions.iter().flat_map(|portion| &portion.parcels).map(|parcel| message(&parcel.data)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_arrived_within_a_time_comes_once_from_all_shards_and_in_order() {
    let (_, session) = world(Kinesis::of([
        ("1-parent", shard(&[], true, &[(0, "early"), (10, "a"), (20, "b"), (30, "c")])),
        // Its clock is behind, and what it holds is newer than all that its parent holds.
        ("2-child", shard(&["1-parent"], false, &[(29, "d"), (50, "f"), (90, "late")])),
        ("3-child", shard(&["1-parent"], false, &[])),
        ("4-other", shard(&["0-gone"], false, &[(9, "too early"), (45, "e")])),
    ]));
    assert_eq!(messages(&session, (10, 60)).await, ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(messages(&session, (60, 50)).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_shard_is_read_twice_a_second_and_half_as_fast_as_it_gives() {
    let large = "x".repeat(600_000);
    // What deflate cannot shrink has the size that it has.
    let noise: String = (0..900_000).map(|_| fastrand::alphanumeric()).collect();
    let records: Vec<(i64, &str)> = (0..6).map(|n| (n, large.as_str())).collect();
    let noisy: Vec<(i64, &str)> = (0..6).map(|n| (n, noise.as_str())).collect();
    let (kinesis, session) =
        world(Kinesis::of([("1", shard(&[], false, &records)), ("2", shard(&[], false, &noisy))]));
    assert_eq!(messages(&session, (0, 60)).await.len(), 12);
    let kinesis = kinesis.lock().expect("no panic");
    let pauses = |shard: &str| {
        let reads = kinesis.reads[shard].windows(2).map(|pair| pair[1] - pair[0]);
        reads.collect::<Vec<Duration>>()
    };
    assert!(pauses("1").iter().all(|pause| *pause >= Duration::from_millis(500)), "{:?}", pauses("1"));
    // About 675 KB each, of which a first read of an unknown size has two, and every other one.
    let (bytes, pauses) = (record(&noise).len(), pauses("2"));
    assert_eq!(pauses.len(), 4, "{pauses:?}");
    for (pause, records) in pauses.iter().zip([2, 1, 1, 1]) {
        let least = Duration::from_secs_f64((records * bytes) as f64 / f64::from(1 << 20));
        assert!(*pause >= least, "{pause:?} {least:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_iterator_that_expires_and_a_shard_that_throttles_lose_nothing_and_repeat_nothing() {
    let records: Vec<(i64, &str)> = [(0, "a"), (1, "b"), (2, "c"), (3, "d"), (4, "e")].to_vec();
    let mut kinesis = Kinesis::of([("1", shard(&[], false, &records))]);
    kinesis.odd = |read| match read {
        1 | 3 => Some(Answer::Error(400, "ExpiredIteratorException", "Iterator expired.")),
        2 | 5 => Some(Answer::Error(400, "ProvisionedThroughputExceededException", "Rate exceeded")),
        _ => None,
    };
    let (_, session) = world(kinesis);
    assert_eq!(messages(&session, (0, 60)).await, ["a", "b", "c", "d", "e"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_say_how_far_it_is_behind_is_not_the_end() {
    let mut kinesis = Kinesis::of([("1", shard(&[], true, &[(0, "a"), (1, "b"), (2, "c")]))]);
    kinesis.says_behind = false;
    let (_, session) = world(kinesis);
    assert_eq!(messages(&session, (0, 60)).await, ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_leads_nowhere_ends_the_run() {
    let nothing = |_| {
        Some(Answer::Json(json!({"Records": [], "MillisBehindLatest": 5000, "NextShardIterator": "1 0"})))
    };
    let expired = |_| Some(Answer::Error(400, "ExpiredIteratorException", "Iterator expired."));
    for odd in [nothing as fn(usize) -> Option<Answer>, expired] {
        let mut kinesis = Kinesis::of([("1", shard(&[], false, &[(0, "a")]))]);
        kinesis.odd = odd;
        let (_, session) = world(kinesis);
        let error = portions(&session, &mut open(&session, (0, 60)).await).await.expect_err("no end");
        assert!(error.message.contains("came no further"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_run_goes_on_at_the_oldest_record_that_is_not_done() {
    let (_, session) = world(Kinesis::of([
        ("1", shard(&[], false, &[(0, "a"), (20, "c")])),
        ("2", shard(&[], false, &[(10, "b"), (30, "d")])),
    ]));
    let mut stream = open(&session, (0, 60)).await;
    let first = stream.next((&session).into()).await.expect("read").expect("a portion");
    let second = stream.next((&session).into()).await.expect("read").expect("a portion");
    stream.settle((&session).into(), &[(first.id, 0)]).await.expect("settled");
    let since = |stream: &Stream| stream.resume().expect("a time").since - BEGIN;
    // Times of arrival are exact to some seconds.
    assert_eq!(since(&stream), 5_000, "what was read and not sent is open");
    stream.settle((&session).into(), &[(second.id, 0)]).await.expect("settled");
    assert_eq!(since(&stream), 5_000, "nothing newer was handed out");
    let rest = portions(&session, &mut stream).await.expect("records");
    let done: Vec<_> = rest.iter().map(|portion| (portion.id, 0)).collect();
    stream.settle((&session).into(), &done).await.expect("settled");
    assert_eq!(since(&stream), 55_000);
    assert_eq!(stream.gone(), None);
}

#[tokio::test(start_paused = true)]
async fn times_of_arrival_that_go_back_hide_nothing() {
    let (_, session) = world(Kinesis::of([(
        "1",
        shard(
            &[],
            false,
            &[(8, "a"), (11, "b"), (9, "c"), (10, "d"), (62, "e"), (59, "f"), (70, "g"), (58, "h")],
        ),
    )]));
    assert_eq!(messages(&session, (10, 60)).await, ["b", "d", "f"]);
}

#[tokio::test(start_paused = true)]
async fn what_has_left_the_stream_is_named() {
    let now = |session: &Session| session.time() as i64 * 1000;
    let ago = |session: &Session, hours: i64| (now(session) - BEGIN) / 1000 - hours * HOUR;
    let (_, session) = world(Kinesis::of([]));
    let (old, new) = (ago(&session, 20), ago(&session, 1));
    let given = || {
        let mut kinesis = Kinesis::of([("1", shard(&[], true, &[(old, "a"), (old + 1, "b"), (new, "c")]))]);
        kinesis.says_behind = false;
        kinesis
    };
    // From the beginning: the stream keeps a day, and three were asked for.
    let (_, session) = world(given());
    let mut stream = open(&session, (ago(&session, 72), new + HOUR)).await;
    stream.kept = 24 * HOUR * 1000;
    assert_eq!(portions(&session, &mut stream).await.expect("records").len(), 3);
    let gone = stream.gone().expect("something");
    assert_eq!(gone.since, BEGIN + ago(&session, 72) * 1000);
    assert!((gone.until - (now(&session) - stream.kept)).abs() < 120_000, "{gone:?}");
    // In the middle, because the destination was slow.
    let (_, session) = world(given());
    let mut stream = open(&session, (ago(&session, 23), new + HOUR)).await;
    stream.kept = 24 * HOUR * 1000;
    for _ in ["a", "b"] {
        stream.next((&session).into()).await.expect("read").expect("a portion");
    }
    assert_eq!(stream.gone(), None);
    stream.kept = 10 * HOUR * 1000;
    stream.next((&session).into()).await.expect("read").expect("a portion");
    assert_eq!(stream.gone().map(|gone| gone.since), Some(BEGIN + (old + 1) * 1000));
    // All that a stream keeps is no loss.
    let (_, session) = world(given());
    let mut stream = open(&session, (ago(&session, 24), new + HOUR)).await;
    stream.kept = 24 * HOUR * 1000;
    portions(&session, &mut stream).await.expect("records");
    assert_eq!(stream.gone(), None);
}

#[tokio::test(start_paused = true)]
async fn a_log_group_of_which_nothing_arrived_is_named() {
    let (_, session) = world(Kinesis::of([("1", shard(&[], false, &[(0, "a")]))]));
    let chosen = crate::commands::replay::tests::world::chosen(&["-g", "/app", "-g", "/crat"]);
    let span = ((BEGIN, BEGIN + 60_000), FOREVER);
    let reading = Reading::new(256, None);
    let mut stream =
        Stream::open((&session).into(), "stream", span, chosen, reading).await.expect("a source");
    assert_eq!(stream.absent(), Vec::<String>::new(), "nothing is read yet");
    assert_eq!(portions(&session, &mut stream).await.expect("records").len(), 1);
    assert_eq!(stream.absent(), ["/crat"]);
}
