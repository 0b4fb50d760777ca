//! Whatever an HTTP service does, the forwarder tells the truth about it.
//!
//! Random streams are delivered to doubles of every type with the rules of the real service. In each invocation the
//! double is unkind in a way of its own. Then:
//!
//! - what is reported as delivered is stored;
//! - stored, set aside and failed together are what was sent;
//! - nothing that is set aside is stored, unless an earlier invocation had failed with it, or the service said how many
//!   events of a request it refused and not which;
//! - a service that refuses everything makes the forwarder set aside no more good events than docs/delivery.md says;
//! - once the service is kind again, everything that is good arrives and everything that is bad is set aside.
//!
//! The service that answers 204 and stores nothing, as Rapid7's webhook does for an unknown token, cannot be told; see
//! `webhook.rs`. `CWL2LE_ROUNDS=n` plays more rounds of each type, `CWL2LE_SEED=n` one round again.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cwl2le_forwarder::config::{Config, Destination};
use cwl2le_forwarder::delivery::fate::Fate;
use cwl2le_forwarder::{Forwarder, Options, Retries};
use cwl2le_local::log_service::{Answer, Transport};
use fastrand::Rng;
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};
use prost::Message as _;
use serde_json::json;
use tokio::time::Instant;

use crate::common::sink::Sink;
use crate::common::*;

/// Rounds of each type: as many as take about 20 seconds.
const ROUNDS: u64 = 150;

/// Maximum number of events set aside without proof until something is accepted, see docs/delivery.md.
const UNPROVEN: usize = 8;

/// Seeds of rounds that failed once.
const REGRESSIONS: [(&str, u64); 4] = [
    // A refusal of one invocation was confirmed in another, in which the service had broken again.
    ("insight-webhook", 952_783_896_639_383_379),
    // The last events, many of them bad, were all in flight together, so that none was accepted after a refusal.
    ("insight-webhook", 536_742_921_974_991_198),
    // Nothing but bad events is left, in a process in which the service has accepted nothing.
    ("loggly", 919_927_458_641_937_570),
    ("otlp", 919_927_458_641_937_570),
];

/// How the double treats the requests of one invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// It refuses bad events with this status.
    Kind(u16),
    RefusesAll(u16),
    /// It accepts this many requests and refuses the others.
    RefusesAfter(u64, u16),
    /// It never answers; it may have stored the events.
    Hangs(bool),
    /// It closes the connection when it should answer; it may have stored the events.
    HangsUp(bool),
    /// It fails; it may have stored the events.
    Fails(u16, bool),
    /// It answers 200 and says no in the body.
    SaysNo,
    /// It stores the events and its answer is cut off.
    CutOff,
    /// It accepts all, in several megabytes.
    Verbose,
    /// It refuses this many of the events of every request, and does not say which.
    Some(i64),
    /// It asks for an hour.
    Throttles,
}

fn some_mood(rng: &mut Rng, kind: &str) -> Mood {
    let refusal = *[400, 406, 413, 422].get(rng.usize(0..4)).unwrap();
    match rng.u8(0..24) {
        0..=3 => Mood::Kind(refusal),
        4..=6 => Mood::RefusesAll(refusal),
        7 => Mood::RefusesAll(rng.choice([401, 403, 404, 405, 415, 301]).unwrap()),
        8..=11 => Mood::RefusesAfter(rng.u64(1..8), refusal),
        12 => Mood::Hangs(rng.bool()),
        13 => Mood::HangsUp(rng.bool()),
        14..=16 => Mood::Fails(rng.choice([500, 502, 503, 408, 429]).unwrap(), rng.bool()),
        17 | 18 if kind != "insight-webhook" => Mood::SaysNo,
        19 if kind != "insight-webhook" => Mood::CutOff,
        20 => Mood::Verbose,
        21 if kind == "otlp" => Mood::Some(rng.u8(1..4).into()),
        22 => Mood::Throttles,
        _ => Mood::Kind(refusal),
    }
}

/// An answer of the type that accepts everything.
fn accepting(kind: &str) -> Answer {
    match kind {
        "insight-webhook" => Answer::status(204),
        "loggly" => Answer::status(200).body(r#"{"response":"ok"}"#),
        "otlp" => Answer::status(200).header("Content-Type", "application/x-protobuf"),
        _ => Answer::status(200).body(r#"{"took":1,"errors":false,"items":[]}"#),
    }
}

fn set(sink: &Sink, mood: Mood) {
    let kind = sink.kind;
    let asked = AtomicU64::new(0);
    sink.service.answer_with(move |request| {
        let refused = |status: u16| Answer::status(status).body("no, thanks");
        let is_bad = String::from_utf8_lossy(&request.body).contains("bad");
        let kindly = |status: u16| if is_bad { refused(status) } else { accepting(kind) };
        let filler = "x".repeat(if mood == Mood::Verbose { 3 << 20 } else { 100 });
        match mood {
            Mood::Kind(status) => kindly(status),
            Mood::RefusesAll(status) => refused(status),
            Mood::RefusesAfter(requests, status) => {
                let is_over = asked.fetch_add(1, Ordering::SeqCst) >= requests;
                if is_over { refused(status) } else { kindly(status) }
            }
            Mood::Hangs(stores) => accepting(kind).never().storing(stores && !is_bad),
            Mood::HangsUp(stores) => accepting(kind).hang_up().storing(stores && !is_bad),
            Mood::Fails(status, stores) => {
                Answer::status(status).header("Retry-After", "0").storing(stores && !is_bad && status != 429)
            }
            Mood::SaysNo => match kind {
                "loggly" => Answer::status(200).body(r#"{"response":"failed"}"#).storing(false),
                "http" => Answer::status(200).body(r#"{"errors":true}"#).storing(false),
                _ => Answer::status(200).body("<html>Log in").storing(false),
            },
            // An attribute that nothing reads, as long as needed.
            Mood::CutOff if kind == "otlp" => {
                let body = [&b"\x12\x64"[..], filler.as_bytes()].concat();
                accepting(kind).body(body).cut_after(20).storing(!is_bad)
            }
            Mood::CutOff => accepting(kind)
                .body(json!({"response": "ok", "more": filler}).to_string())
                .cut_after(20)
                .storing(!is_bad),
            Mood::Verbose if is_bad => refused(400),
            Mood::Verbose => match kind {
                "insight-webhook" | "otlp" => accepting(kind),
                _ => Answer::status(200).body(json!({"response": "ok", "more": filler}).to_string()),
            },
            Mood::Some(refused) => {
                let partial_success =
                    ExportLogsPartialSuccess { rejected_log_records: refused, ..Default::default() };
                let body = ExportLogsServiceResponse { partial_success: Some(partial_success) };
                accepting(kind).body(body.encode_to_vec()).storing(!is_bad)
            }
            Mood::Throttles => Answer::status(429).header("Retry-After", "3600"),
        }
    });
}

/// The messages of each record, some of them bad.
fn some_stream(rng: &mut Rng) -> Vec<Vec<String>> {
    let bad_one_in = *[0, 3, 10, 40].get(rng.usize(0..4)).unwrap();
    (0..rng.usize(1..6))
        .map(|record| {
            let most = if rng.u8(0..6) == 0 { 120 } else { 12 };
            (0..rng.usize(1..most))
                .map(|event| {
                    let is_bad = bad_one_in > 0 && rng.usize(0..bad_one_in) == 0;
                    let mark = if is_bad { "bad" } else { "good" };
                    format!("record {record} event {event} {mark} {}", "x".repeat(rng.usize(0..300)))
                })
                .collect()
        })
        .collect()
}

fn forwarder(sink: &Sink) -> Forwarder {
    let mut options: Options = options();
    options.timeouts.progress = Duration::from_millis(150);
    options.timeouts.progress_on_kept = Duration::from_millis(150);
    options.retries = Retries { attempts: 2, ..options.retries };
    Forwarder::new(&Config::single(sink.config()), options).unwrap()
}

/// What became of the events of a stream so far.
#[derive(Default)]
struct Story {
    delivered: HashSet<String>,
    aside: HashSet<String>,
    /// Those that failed once: they may be stored all the same.
    failed: HashSet<String>,
    /// Those of which it is unknown whether they are stored.
    unknown: HashSet<String>,
}

async fn play(kind: &'static str, seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let sink = Sink::start(kind, Transport::Plain);
    let mut process = forwarder(&sink);
    let mut stream = some_stream(&mut rng);
    let mut story = Story::default();
    let mut moods: Vec<Mood> = (0..rng.usize(1..5)).map(|_| some_mood(&mut rng, kind)).collect();
    let unkind = moods.len();
    // In the end it is kind, for as often as it takes.
    moods.extend((0..6).map(|_| Mood::Kind(400)));
    let mut first = 0;
    for (at, mood) in moods.into_iter().enumerate() {
        if first == stream.len() {
            break;
        }
        if at == unkind {
            // One that asked for an hour is left alone for an hour: another process goes on. It has never seen anything
            // accepted, so it sets nothing aside until there is a good event.
            process = forwarder(&sink);
            stream.push(vec!["a good event, later".to_owned()]);
        }
        set(&sink, mood);
        let told = format!("{kind}, seed {seed}, invocation {at}, {mood:?}");
        let records = stream.iter().enumerate().skip(first).map(|(n, messages)| {
            record(&sequence(n), &gzip(payload("/app", "f", messages).to_string().as_bytes()))
        });
        let outcome =
            process.handle(&invocation(records.collect()), Instant::now() + Duration::from_secs(8)).await;
        let account = &outcome.account;
        assert_eq!(account.unbalanced, 0, "{told}");
        let is_unknown: HashSet<usize> = outcome.lanes[0]
            .rejections
            .iter()
            .filter(|rejection| rejection.why.contains("it is unknown which"))
            .map(|rejection| rejection.part)
            .collect();
        let (mut counted, mut unproven) = (0, 0);
        for (part, line) in account.parts.iter().enumerate() {
            let messages = &stream[first + line.record as usize];
            let (mut done, mut rejected) = (0, Vec::new());
            for share in account.shares(line) {
                (done, rejected) = (share.progress.done, share.progress.rejected.clone());
            }
            for (number, message) in (0..).zip(messages) {
                counted += 1;
                if number >= done {
                    story.failed.insert(message.clone());
                } else if !rejected.contains(&number) {
                    assert!(!message.contains("bad") || mood == Mood::Verbose, "{told}: {message:.40}");
                    story.delivered.insert(message.clone());
                } else if story.aside.insert(message.clone()) {
                    if is_unknown.contains(&part) {
                        story.unknown.insert(message.clone());
                    } else if !message.contains("bad") {
                        unproven += 1;
                    }
                }
            }
        }
        assert_eq!(account.events.received, counted, "{told}");
        let stored: HashSet<String> = sink.messages().into_iter().collect();
        let lost: Vec<_> = story.delivered.difference(&stored).collect();
        assert!(
            lost.is_empty(),
            "{told}: {} are called delivered and not stored: {:.60}",
            lost.len(),
            lost[0]
        );
        let both: Vec<_> = story
            .aside
            .intersection(&stored)
            .filter(|text| !story.failed.contains(*text) && !story.unknown.contains(*text))
            .collect();
        assert!(both.is_empty(), "{told}: {} are set aside and stored: {:.60}", both.len(), both[0]);
        assert!(unproven <= UNPROVEN, "{told}: {unproven} good events are set aside");
        first += match account.fates().position(|(fate, _)| *fate == Fate::Failed) {
            Some(failed) => failed,
            None => stream.len() - first,
        };
    }
    assert_eq!(first, stream.len(), "{kind}, seed {seed}: it is still not delivered");
    let all: HashSet<String> = stream.concat().into_iter().collect();
    let known: HashSet<String> = story.delivered.union(&story.aside).cloned().collect();
    assert_eq!(all, known, "{kind}, seed {seed}");
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn http_services_are_never_said_to_have_what_they_have_not() {
    let first = number("CWL2LE_SEED").unwrap_or_else(|| fastrand::u64(..1 << 60));
    let rounds = if number("CWL2LE_SEED").is_some() { 1 } else { number("CWL2LE_ROUNDS").unwrap_or(ROUNDS) };
    let kinds = Destination::TYPES.iter().copied().filter(|kind| !matches!(*kind, "logentries" | "syslog"));
    println!("seeds from {first}, {rounds} rounds of each type");
    // Most of the time is waiting for services that do not answer.
    const THREADS: u64 = 3;
    std::thread::scope(|scope| {
        for kind in kinds {
            for thread in 0..THREADS {
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    let again = REGRESSIONS.iter().filter(|(of, _)| *of == kind && thread == 0);
                    for seed in again
                        .map(|(_, seed)| *seed)
                        .chain((thread..rounds).step_by(THREADS as usize).map(|at| first + at))
                    {
                        runtime.block_on(play(kind, seed));
                    }
                });
            }
        }
    });
}
