//! Whole runs on a fake S3 and a fake stream.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::args::{From, Replay};
use super::chosen::Chosen;
use super::reading::Reading;
use super::run::{Run, run};
use super::sink::Sink;
use super::sink::stream::ToStream;
use super::source::manifest::Manifest;
use super::source::objects::{Objects, Shelf};
use super::source::{Source, expired, quarantine};
use super::survey::survey;
use crate::aws::testing::{Answer, FakeAws, Request};
use crate::aws::{Options, Session};
use crate::error::{Code, Result};
use crate::events::{Origin, Record, SavedEvent};

const BUCKET: &str = "kept";
const PREFIX: &str = "aws/lambda/uuid/";
const GROUP: &str = "/app/a";
/// When everything was kept: 2026-11-29T20:00:00Z.
const KEPT_AT: u64 = 1_795_982_400;

/// What an answer of the stream does with a record, by its number among all that were put.
type Refuses = fn(usize) -> Option<&'static str>;

/// A bucket and a stream.
#[derive(Default)]
struct State {
    /// By key: what it holds, and its reason where it has one.
    objects: BTreeMap<String, (Vec<u8>, Option<&'static str>)>,
    /// The messages in the stream.
    stream: Vec<String>,
    put: usize,
    /// Operations that are denied from this call on.
    denied: Option<(&'static str, usize)>,
}

#[derive(Clone)]
struct World {
    state: Arc<Mutex<State>>,
    aws: FakeAws,
}

impl World {
    fn new(refuses: Refuses) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let of = Arc::clone(&state);
        let aws = FakeAws::new(move |request| of.lock().expect("no panic").answer(request, refuses));
        Self { state, aws }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    fn session(&self) -> Session {
        let patience = Some(Duration::from_millis(300));
        self.aws.session_with(&Options { patience, rate: Some(u16::MAX), ..Options::default() })
    }

    /// Puts an object of Lambda's with a record for each message.
    fn expires(&self, key: &str, messages: &[&str]) {
        let records: Vec<Value> = messages
            .iter()
            .enumerate()
            .map(|(at, message)| {
                json!({"kinesis": {
                    "data": STANDARD.encode(record(GROUP, message)),
                    "partitionKey": "p",
                    "sequenceNumber": format!("{key}{at}"),
                }})
            })
            .collect();
        let payload = json!({ "Records": records }).to_string();
        let document = json!({"requestContext": {"condition": "MaxRecordAgeExceeded"}, "payload": payload});
        self.state().objects.insert(format!("{PREFIX}{key}"), (document.to_string().into_bytes(), None));
    }

    /// The manifests, in the order of their names.
    fn manifests(&self) -> Vec<Manifest> {
        let state = self.state();
        let all = state.objects.iter().filter(|(key, _)| key.starts_with("cwl2le/replayed/stream/"));
        all.map(|(_, (body, _))| Manifest::read(body).expect("a manifest")).collect()
    }

    fn messages(&self) -> Vec<String> {
        self.state().stream.clone()
    }
}

fn record(log_group: &str, message: &str) -> Vec<u8> {
    let event = SavedEvent { message: message.to_owned(), ..SavedEvent::default() };
    match Record::of(Origin { log_group, log_stream: "s", ..Origin::default() }, &[event]) {
        Record::Data(data) => data,
        other => panic!("{other:?}"),
    }
}

impl State {
    fn answer(&mut self, request: &Request, refuses: Refuses) -> Answer {
        if let Some((operation, from)) = self.denied
            && request.operation == operation
            && request.before >= from
        {
            return Answer::Error(403, "AccessDenied", "no");
        }
        let path = request.uri.split('?').next().unwrap_or_default().trim_start_matches('/').to_owned();
        match request.operation.as_str() {
            "ListObjectsV2" => self.list(&request.uri),
            "GetObject" => match self.objects.get(&path) {
                Some((body, reason)) => {
                    let reason = reason.map(|reason| ("x-amz-meta-reason", reason.to_owned()));
                    Answer::Object(reason.into_iter().collect(), body.clone())
                }
                None => Answer::Error(404, "NoSuchKey", "no"),
            },
            "PutObject" => {
                self.objects.insert(path, (request.body.to_string().into_bytes(), None));
                Answer::Object(Vec::new(), Vec::new())
            }
            "ListShards" => Answer::Json(json!({"Shards": [{"ShardId": "shardId-000000000000",
                "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": u128::MAX.to_string()},
                "SequenceNumberRange": {"StartingSequenceNumber": "1"}}]})),
            "PutRecords" => self.put(&request.body, refuses),
            other => panic!("{other}"),
        }
    }

    /// Two objects a page, by their keys.
    fn list(&self, uri: &str) -> Answer {
        let value = |name: &str| {
            let text = uri.split(['?', '&']).find_map(|pair| pair.strip_prefix(name))?;
            Some(percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
        };
        let (prefix, after) = (value("prefix=").expect("a prefix"), value("continuation-token="));
        let all = self.objects.iter().filter(|(key, _)| {
            key.starts_with(&prefix) && after.as_ref().is_none_or(|after| key.as_str() > after.as_str())
        });
        let all: Vec<_> = all.collect();
        let page = all.iter().take(2).map(|(key, (body, _))| {
            // Manifests are of now, everything else has been kept for long.
            let is_manifest = key.starts_with("cwl2le/");
            let time =
                if is_manifest { SystemTime::now() } else { UNIX_EPOCH + Duration::from_secs(KEPT_AT) };
            let time = humantime::format_rfc3339_millis(time);
            let (time, size) = (format!("<LastModified>{time}</LastModified>"), body.len());
            format!("<Contents><Key>{key}</Key>{time}<Size>{size}</Size></Contents>")
        });
        let page: String = page.collect();
        let next = all.get(1).filter(|_| all.len() > 2).map(|(key, _)| {
            format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{key}</NextContinuationToken>")
        });
        let list = format!("<ListBucketResult>{page}{}</ListBucketResult>", next.unwrap_or_default());
        Answer::Object(Vec::new(), list.into_bytes())
    }

    fn put(&mut self, body: &Value, refuses: Refuses) -> Answer {
        let records = body["Records"].as_array().expect("records").clone();
        let answers: Vec<Value> = records
            .iter()
            .map(|record| {
                self.put += 1;
                if let Some(code) = refuses(self.put) {
                    return json!({"ErrorCode": code, "ErrorMessage": "slow down"});
                }
                let data = STANDARD.decode(record["Data"].as_str().expect("data")).expect("base64");
                let mut payload = Vec::new();
                Record::Data(data).payload(&mut payload).expect("a payload");
                let payload: Value = serde_json::from_slice(&payload).expect("JSON");
                let message = payload["logEvents"][0]["message"].as_str().expect("a message");
                self.stream.push(message.to_owned());
                json!({"SequenceNumber": "1", "ShardId": "shardId-000000000000"})
            })
            .collect();
        Answer::Json(json!({ "Records": answers }))
    }
}

fn chosen(args: &[&str]) -> Chosen {
    use clap::Parser;
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        replay: Replay,
    }
    let line = [&["replay", "--from", "quarantine"], args].concat();
    Chosen::of(&Line::try_parse_from(line).expect("flags").replay, 1_800_000_000_000).expect("chosen")
}

async fn open(session: &Session, from: From, chosen: Chosen, again: bool) -> Result<Objects> {
    let (prefixes, contents): (_, super::source::objects::ReadContents) = match from {
        From::Expired => (vec![PREFIX.to_owned()], expired::contents),
        From::Quarantine | From::LogGroups | From::Stream => {
            (vec!["set-aside/stream/".to_owned()], quarantine::contents)
        }
    };
    let shelf = Shelf { bucket: BUCKET.to_owned(), owner: "123456789012".to_owned(), prefixes, contents };
    let manifest = Manifest::new("default", from.name(), "stream", "arn:me", "2026-11-29T20:00:00Z");
    Objects::open(session.into(), shelf, (chosen, again), Reading::new(256, None), ("stream", manifest)).await
}

/// A run of `replay` as far as it gets.
async fn replay_of(session: &Session, from: From, chosen: Chosen, limit: Option<u64>) -> Result<Run> {
    let mut source = open(session, from, chosen, false).await?;
    let mut sink = ToStream::open(session.into(), "stream", None, Vec::new()).await?;
    source.begin(session.into()).await?;
    let ended = run(session.into(), &mut source, &mut sink, limit, |_| ()).await;
    source.end(session.into()).await?;
    Ok(ended)
}

async fn replay(session: &Session) -> Run {
    replay_of(session, From::Expired, Chosen::default(), None).await.expect("a run")
}

fn sorted(mut messages: Vec<String>) -> Vec<String> {
    messages.sort();
    messages
}

#[tokio::test(start_paused = true)]
async fn what_expired_is_put_once_in_order_and_noted() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a", "b"]);
    world.expires("shard-0/t2", &["c"]);
    world.expires("shard-0/t3", &["d", "e"]);
    let session = world.session();
    let first = replay(&session).await;
    assert!(first.is_complete && first.stopped.is_none(), "{first:?}");
    assert_eq!((first.tally.sent.records, first.tally.sent.events), (5, 5));
    assert_eq!(world.messages(), ["a", "b", "c", "d", "e"]);
    let [manifest] = &world.manifests()[..] else { panic!("one manifest") };
    assert!(manifest.ended && manifest.objects.len() == 3, "{manifest:?}");
    // Another run leaves it out, unless it is asked for it; what has expired since is sent.
    world.expires("shard-0/t4", &["f"]);
    assert_eq!(replay(&session).await.tally.sent.records, 1);
    assert_eq!(world.messages().len(), 6);
    let again = open(&session, From::Expired, Chosen::default(), true).await.expect("a source");
    assert_eq!((again.found().objects, again.found().sent_before), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn what_the_stream_throttles_is_put_again_and_nothing_twice() {
    // Every third record is throttled, whatever it is.
    let world = World::new(|n| (n % 3 == 0).then_some("ProvisionedThroughputExceededException"));
    let messages: Vec<String> = (0..40).map(|n| format!("m{n:02}")).collect();
    let texts: Vec<&str> = messages.iter().map(String::as_str).collect();
    world.expires("shard-0/t1", &texts);
    let ended = replay(&world.session()).await;
    assert!(ended.is_complete && ended.tally.sent.records == 40, "{ended:?}");
    assert_eq!(sorted(world.messages()), messages);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_takes_some_and_no_more_leaves_the_rest_for_the_next_run() {
    let world = World::new(|n| (n > 3 && n < 1000).then_some("InternalFailure"));
    world.expires("shard-0/t1", &["a", "b"]);
    world.expires("shard-0/t2", &["c", "d", "e"]);
    let session = world.session();
    let first = replay(&session).await;
    assert!(!first.is_complete && !first.is_interrupted, "{first:?}");
    assert_eq!(first.failure.as_deref(), Some("InternalFailure: slow down"));
    assert_eq!((first.tally.sent.records, world.messages()), (3, vec!["a".into(), "b".into(), "c".into()]));
    world.state().put = 1000;
    let second = replay(&session).await;
    assert!(second.is_complete && second.tally.sent_before == 1, "{second:?}");
    assert_eq!(world.messages(), ["a", "b", "c", "d", "e"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_between_batches_leaves_the_rest_for_the_next_run() {
    let world = World::new(|_| None);
    // A second of the stream is 250 records.
    let messages: Vec<String> = (0..600).map(|n| format!("m{n:03}")).collect();
    let texts: Vec<&str> = messages.iter().map(String::as_str).collect();
    world.expires("shard-0/t1", &texts);
    let session = world.session();
    let stop = session.stop().clone();
    let mut source = open(&session, From::Expired, Chosen::default(), false).await.expect("a source");
    let mut sink = ToStream::open((&session).into(), "stream", None, Vec::new()).await.expect("a sink");
    source.begin((&session).into()).await.expect("begun");
    let begun = tokio::time::Instant::now();
    let ended = run((&session).into(), &mut source, &mut sink, None, |tally| {
        if tally.sent.records >= 500 {
            stop.request();
        }
    })
    .await;
    source.end((&session).into()).await.expect("ended");
    assert!(ended.is_interrupted && !ended.is_complete && ended.stopped.is_none(), "{ended:?}");
    assert!(begun.elapsed() >= Duration::from_secs(1), "250 a second");
    assert_eq!(world.messages().len(), 500);
    let second = replay(&world.session()).await;
    assert!(second.is_complete && second.tally.sent_before == 500, "{second:?}");
    assert_eq!(world.messages(), messages);
}

#[tokio::test(start_paused = true)]
async fn a_limit_ends_a_run_and_the_next_one_goes_on() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a", "b", "c"]);
    let session = world.session();
    for (limit, expected) in [(2, vec!["a", "b"]), (2, vec!["a", "b", "c"])] {
        let ended = replay_of(&session, From::Expired, Chosen::default(), Some(limit)).await.expect("a run");
        assert!(ended.is_complete, "{ended:?}");
        assert_eq!(world.messages(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_that_cannot_be_written_down() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a"]);
    world.state().denied = Some(("PutObject", 0));
    let error =
        replay_of(&world.session(), From::Expired, Chosen::default(), None).await.expect_err("denied");
    assert_eq!(error.code, Code::AccessDenied);
    assert_eq!(world.messages(), Vec::<String>::new());

    // Where writing fails later, the run ends and says what the next one sends again.
    world.state().denied = Some(("PutObject", 2));
    let session = world.session();
    let mut source = open(&session, From::Expired, Chosen::default(), false).await.expect("a source");
    let mut sink = ToStream::open((&session).into(), "stream", None, Vec::new()).await.expect("a sink");
    source.begin((&session).into()).await.expect("begun");
    let ended = run((&session).into(), &mut source, &mut sink, None, |_| ()).await;
    assert_eq!((ended.not_noted, ended.is_complete), (1, false), "{ended:?}");
    assert!(ended.stopped.is_some_and(|error| error.code == Code::AccessDenied));
}

#[tokio::test(start_paused = true)]
async fn two_runs_do_not_send_the_same_at_once() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a"]);
    let session = world.session();
    let mut other = open(&session, From::Expired, Chosen::default(), false).await.expect("a source");
    other.begin((&session).into()).await.expect("begun");
    let error = replay_of(&session, From::Expired, Chosen::default(), None).await.expect_err("in use");
    assert_eq!(error.code, Code::InUse);
    assert!(error.message.contains("arn:me"), "{error}");
    assert!(error.resource.is_some_and(|resource| resource.starts_with("s3://kept/cwl2le/replayed/stream/")));
    other.end((&session).into()).await.expect("ended");
    assert!(replay(&session).await.is_complete);
    assert_eq!(world.messages(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_cannot_be_read_ends_the_run() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a"]);
    let key = "cwl2le/replayed/stream/2026-x-00000.json".to_owned();
    world.state().objects.insert(key, (b"{\"format_version\": 2}".to_vec(), None));
    let session = world.session();
    let error = replay_of(&session, From::Expired, Chosen::default(), None).await.expect_err("unreadable");
    assert_eq!(error.code, Code::Unreadable);
    assert!(error.resource.is_some_and(|resource| resource.ends_with("00000.json")));
    assert!(open(&session, From::Expired, Chosen::default(), true).await.is_ok(), "--again does not need it");
    assert_eq!(world.messages(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn of_the_quarantine_only_what_can_be_delivered_now_is_sent() {
    let world = World::new(|_| None);
    let put = |key: &str, data: Vec<u8>, reason| {
        world.state().objects.insert(format!("set-aside/stream/shard-0/{key}"), (data, Some(reason)));
    };
    put("1", b"no gzip".to_vec(), "not_gzip");
    put("2", record(GROUP, "routed now"), "unrouted");
    put("3", record(GROUP, "refused"), "refused");
    put("4", record("/app/b", "other group"), "too_large");
    let session = world.session();
    let mut source = open(&session, From::Quarantine, Chosen::default(), false).await.expect("a source");
    let (tally, rows) = survey((&session).into(), &mut source, true, |_| ()).await.expect("a survey");
    let left: Vec<_> = tally.left().into_iter().map(|left| (left.why, left.records)).collect();
    assert_eq!(left, [("not_gzip".to_owned(), 1), ("refused".to_owned(), 1)]);
    assert_eq!((tally.chosen.records, rows.len()), (2, 4));
    assert_eq!(world.messages(), Vec::<String>::new());

    let of = async |args: &[&str]| {
        let ended = replay_of(&session, From::Quarantine, chosen(args), None).await.expect("a run");
        assert!(ended.is_complete, "{ended:?}");
        world.messages()
    };
    assert_eq!(of(&["--log-group", "/app/b"]).await, ["other group"]);
    assert_eq!(of(&["--match", "/app/*"]).await, ["other group", "routed now"]);
    assert_eq!(of(&["--reason", "refused"]).await, ["other group", "routed now", "refused"]);
    assert_eq!(of(&["--reason", "not_gzip"]).await.len(), 3, "it is shown, and never sent");
    assert_eq!(of(&["--since", "2026-11-30T00:00:00Z"]).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_gone_or_odd_does_not_stop_the_others() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a"]);
    world.expires("shard-0/t3", &["b"]);
    world.state().objects.insert(format!("{PREFIX}shard-0/t2"), (b"odd".to_vec(), None));
    let session = world.session();
    let mut source = open(&session, From::Expired, Chosen::default(), false).await.expect("a source");
    world.state().objects.remove(&format!("{PREFIX}shard-0/t3"));
    let (tally, _) = survey((&session).into(), &mut source, false, |_| ()).await.expect("a survey");
    assert_eq!((tally.chosen.records, tally.unreadable_objects), (1, 2));
    let why: Vec<String> = tally.unreadable().into_iter().map(|object| object.why).collect();
    assert!(why[0].contains("not what Lambda writes") && why[1].contains("deleted meanwhile"), "{why:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rate_may_be_lower_and_not_higher_than_a_quarter() {
    let world = World::new(|_| None);
    let session = world.session();
    let sink = async |rate| ToStream::open((&session).into(), "stream", rate, Vec::new()).await;
    assert_eq!(sink(None).await.map(|sink| sink.target().records_a_second).expect("a sink"), Some(250));
    assert_eq!(sink(Some(3)).await.map(|sink| sink.target().records_a_second).expect("a sink"), Some(3));
    let Err(error) = sink(Some(251)).await else { panic!("too fast") };
    assert_eq!(error.code, Code::Usage);
}
