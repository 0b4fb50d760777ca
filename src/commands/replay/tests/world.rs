//! A fake S3 and a fake stream.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::args::{From, Replay};
use super::super::chosen::Chosen;
use super::super::reading::Reading;
use super::super::run::{Run, run};
use super::super::sink::stream::ToStream;
use super::super::source::objects::{Objects, ReadContents, Shelf};
use super::super::source::{Source, expired, quarantine};
use crate::aws::testing::{Answer, FakeAws, Request};
use crate::aws::{Options, Session};
use crate::error::Result;
use crate::events::{Origin, Record, SavedEvent};
use crate::signals::replayed::Manifest;

pub(super) const BUCKET: &str = "kept";
pub(super) const PREFIX: &str = "aws/lambda/uuid/";
/// Of the function of an isolated destination.
pub(super) const OTHER_PREFIX: &str = "aws/lambda/own/";
pub(super) const GROUP: &str = "/app/a";
/// When everything was kept: 2026-11-29T20:00:00Z.
pub(super) const KEPT_AT: u64 = 1_795_982_400;

/// What an answer of the stream does with a record, by its number among all that were put.
pub(super) type Refuses = fn(usize) -> Option<&'static str>;

/// A bucket and a stream.
#[derive(Default)]
pub(super) struct State {
    /// By key: what it holds, and its reason where it has one.
    pub(super) objects: BTreeMap<String, (Vec<u8>, Option<&'static str>)>,
    /// The events of the log group, each with its time and in a log stream of its own.
    pub(super) logged: Vec<(i64, &'static str)>,
    /// The messages in the stream.
    pub(super) stream: Vec<String>,
    pub(super) put: usize,
    /// Operations that are denied from this call on.
    pub(super) denied: Option<(&'static str, usize)>,
    /// The call of `PutRecords` that is carried out and answered like this.
    pub(super) lost: Option<(usize, Answer)>,
    /// Objects that cannot be read, by their keys: with the code that S3 answers.
    pub(super) broken: BTreeMap<String, &'static str>,
    /// How many calls there were.
    pub(super) calls: usize,
    /// What befalls a call.
    pub(super) befalls: Option<Befalls>,
    /// Whether the run was killed: nothing of it gets through any more.
    pub(super) is_dead: bool,
    /// How long ago the manifests were written, in seconds.
    pub(super) manifests_age: u64,
    /// Whether each write has to leave a manifest of a run that goes on.
    pub(super) must_go_on: bool,
}

/// What befalls one call.
#[derive(Clone)]
pub(super) struct Befalls {
    /// Its number among all calls, from 1.
    pub(super) at: usize,
    /// Whether AWS carries it out.
    pub(super) is_carried_out: bool,
    /// Whether the run dies with it.
    pub(super) kills: bool,
    /// What is answered.
    pub(super) answer: Answer,
}

#[derive(Clone)]
pub(super) struct World {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) aws: FakeAws,
}

impl World {
    pub(super) fn new(refuses: Refuses) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let of = Arc::clone(&state);
        let aws = FakeAws::new(move |request| of.lock().expect("no panic").answer(request, refuses));
        Self { state, aws }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    pub(super) fn session(&self) -> Session {
        let patience = Some(Duration::from_millis(300));
        self.aws.session_with(&Options { patience, rate: Some(u16::MAX), ..Options::default() })
    }

    /// Puts an object of Lambda's with a record for each message.
    pub(super) fn expires(&self, key: &str, messages: &[&str]) {
        let sequences: Vec<String> = (0..messages.len()).map(|at| format!("{key}{at}")).collect();
        let records: Vec<_> = sequences.iter().map(String::as_str).zip(messages.iter().copied()).collect();
        self.expires_with(&format!("{PREFIX}{key}"), &records);
    }

    /// The same with a record for each sequence number and message.
    pub(super) fn expires_with(&self, key: &str, records: &[(&str, &str)]) {
        let records = records.iter().map(|(sequence, message)| {
            json!({"kinesis": {
                "data": STANDARD.encode(record(GROUP, message)),
                "partitionKey": "p",
                "sequenceNumber": sequence,
            }})
        });
        let payload = json!({ "Records": records.collect::<Vec<Value>>() }).to_string();
        let document = json!({"requestContext": {"condition": "MaxRecordAgeExceeded"}, "payload": payload});
        self.state().objects.insert(key.to_owned(), (document.to_string().into_bytes(), None));
    }

    /// The manifests, in the order of their names.
    pub(super) fn manifests(&self) -> Vec<Manifest> {
        let state = self.state();
        let all = state.objects.iter().filter(|(key, _)| key.starts_with("cwl2le/replayed/stream/"));
        all.map(|(_, (body, _))| Manifest::read(body).expect("a manifest")).collect()
    }

    pub(super) fn messages(&self) -> Vec<String> {
        self.state().stream.clone()
    }
}

pub(super) fn record(log_group: &str, message: &str) -> Vec<u8> {
    let event = SavedEvent { message: message.to_owned(), ..SavedEvent::default() };
    match Record::of(Origin { log_group, log_stream: "s", ..Origin::default() }, &[event]) {
        Record::Data(data) => data,
        other => panic!("{other:?}"),
    }
}

impl State {
    fn answer(&mut self, request: &Request, refuses: Refuses) -> Answer {
        if self.is_dead {
            return Answer::Refused;
        }
        self.calls += 1;
        let calls = self.calls;
        let Some(befalls) = self.befalls.take_if(|befalls| befalls.at == calls) else {
            return self.carry_out(request, refuses);
        };
        if befalls.is_carried_out {
            self.carry_out(request, refuses);
        }
        self.is_dead = befalls.kills;
        befalls.answer
    }

    fn carry_out(&mut self, request: &Request, refuses: Refuses) -> Answer {
        if let Some((operation, from)) = self.denied
            && request.operation == operation
            && request.before >= from
        {
            return Answer::Error(403, "AccessDenied", "no");
        }
        let path = request.uri.split('?').next().unwrap_or_default().trim_start_matches('/').to_owned();
        match request.operation.as_str() {
            "ListObjectsV2" => self.list(&request.uri),
            "GetObject" if self.broken.contains_key(&path) => Answer::Error(403, self.broken[&path], "no"),
            "GetObject" => match self.objects.get(&path) {
                Some((body, reason)) => {
                    let reason = reason.map(|reason| ("x-amz-meta-reason", reason.to_owned()));
                    Answer::Object(reason.into_iter().collect(), body.clone())
                }
                None => Answer::Error(404, "NoSuchKey", "no"),
            },
            "PutObject" => {
                self.objects.insert(path, (request.body.to_string().into_bytes(), None));
                let ended = |json: &[u8]| Manifest::read(json).expect("a manifest").ended;
                let mut manifests = self.objects.iter().filter(|(key, _)| key.starts_with("cwl2le/"));
                assert!(!self.must_go_on || manifests.any(|(_, (json, _))| !ended(json)));
                Answer::Object(Vec::new(), Vec::new())
            }
            "FilterLogEvents" => self.read_logs(&request.body),
            "ListShards" => Answer::Json(json!({"Shards": [{"ShardId": "shardId-000000000000",
                "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": u128::MAX.to_string()},
                "SequenceNumberRange": {"StartingSequenceNumber": "1"}}]})),
            "PutRecords" => {
                let answer = self.put(&request.body, refuses);
                let lost = self.lost.as_ref().filter(|(number, _)| *number == request.before);
                lost.map_or(answer, |(_, lost)| lost.clone())
            }
            other => panic!("{other}"),
        }
    }

    /// Two events a page.
    fn read_logs(&self, body: &Value) -> Answer {
        let time = |name: &str| body[name].as_i64().expect("a time");
        let (since, until) = (time("startTime"), time("endTime"));
        let after = body["nextToken"].as_str().map_or(0, |token| token.parse().expect("a token"));
        let all: Vec<_> =
            self.logged.iter().filter(|(time, _)| (since..=until).contains(time)).skip(after).collect();
        let page = all.iter().take(2).map(|(time, message)| {
            json!({"timestamp": time, "message": message, "logStreamName": message, "eventId": message})
        });
        let page: Vec<Value> = page.collect();
        let next = (all.len() > 2).then(|| (after + 2).to_string());
        Answer::Json(json!({"events": page, "nextToken": next}))
    }

    /// Two objects a page, by their keys; many where there are many.
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
        let size = if all.len() < 100 { 2 } else { 1000 };
        let page = all.iter().take(size).map(|(key, (body, _))| {
            // Manifests are of now, everything else has been kept for long.
            let is_manifest = key.starts_with("cwl2le/");
            let time = if is_manifest {
                SystemTime::now() - Duration::from_secs(self.manifests_age)
            } else {
                UNIX_EPOCH + Duration::from_secs(KEPT_AT)
            };
            let time = humantime::format_rfc3339_millis(time);
            let (time, size) = (format!("<LastModified>{time}</LastModified>"), body.len());
            format!("<Contents><Key>{key}</Key>{time}<Size>{size}</Size></Contents>")
        });
        let page: String = page.collect();
        let next = all.get(size - 1).filter(|_| all.len() > size).map(|(key, _)| {
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

pub(in super::super) fn chosen(args: &[&str]) -> Chosen {
    use clap::Parser;
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        replay: Replay,
    }
    let line = [&["replay", "--from", "quarantine"], args].concat();
    Chosen::of(&Line::try_parse_from(line).expect("flags").replay, 1_800_000_000_000).expect("chosen")
}

pub(super) async fn open(session: &Session, from: From, chosen: Chosen, again: bool) -> Result<Objects> {
    let (prefixes, contents): (_, ReadContents) = match from {
        From::Expired => (vec![PREFIX.to_owned(), OTHER_PREFIX.to_owned()], expired::contents),
        From::Quarantine | From::LogGroups | From::Stream => {
            (vec!["set-aside/stream/".to_owned()], quarantine::contents)
        }
    };
    let shelf = Shelf { bucket: BUCKET.to_owned(), owner: "123456789012".to_owned(), prefixes, contents };
    let manifest = Manifest::new("default", from.name(), "stream", "arn:me", "2026-11-29T20:00:00Z");
    Objects::open(session.into(), shelf, (chosen, again), Reading::new(256, None), ("stream", manifest)).await
}

/// A run of `replay` as far as it gets.
pub(super) async fn replay_of(
    session: &Session,
    from: From,
    chosen: Chosen,
    limit: Option<u64>,
) -> Result<Run> {
    let mut source = open(session, from, chosen, false).await?;
    let mut sink = ToStream::open(session.into(), "stream", None, Vec::new()).await?;
    source.begin(session.into()).await?;
    let ended = run(session.into(), &mut source, &mut sink, limit, |_| ()).await;
    source.end(session.into()).await?;
    Ok(ended)
}

pub(super) async fn replay(session: &Session) -> Run {
    replay_of(session, From::Expired, Chosen::default(), None).await.expect("a run")
}

pub(super) fn sorted(mut messages: Vec<String>) -> Vec<String> {
    messages.sort();
    messages
}
