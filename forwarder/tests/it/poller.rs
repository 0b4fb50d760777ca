//! A thousand invocations under random faults and random poison, played by a model of AWS's poller.
//!
//! The model follows the documented rules of a Kinesis trigger with `ReportBatchItemFailures`: records come
//! in order, in batches; the lowest sequence number reported is the checkpoint and everything from it on
//! comes again; an invocation that fails as a whole comes again as a whole; a batch that failed may be cut
//! in two; after so many attempts its records expire. At the end every event is delivered at least once,
//! dropped by its route, quarantined in S3, refused by name, skipped, or expired by name. The route to the first
//! destination drops some events and redacts others. The two destinations are of any type; services that answer refuse
//! some events for good.
//!
//! The seed of each run is printed; `CWL2LE_SEED=n cargo test -p cwl2le-forwarder --test it poller` replays it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::common::bucket::{Bucket, Mood};
use crate::common::sink::Sink;
use crate::common::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cwl2le_forwarder::config::{Config, Destination, Route};
use cwl2le_forwarder::delivery::fate::Fate;
use cwl2le_forwarder::{Forwarder, Persistence};
use cwl2le_local::log_service::{Answer, Fault, Transport};
use fastrand::Rng;
use serde_json::Value;
use tokio::time::Instant;

/// What services that answer refuse for good.
const UNWANTED: &str = "unwanted";

/// How often the model sends a batch again before its records expire.
const ATTEMPTS: u32 = 8;

/// What a part of a record of the model stream is.
enum Kind {
    /// Events for the destination of this number, as they are to arrive: at least one.
    Events(usize, Vec<String>),
    /// Events that the route drops.
    Filtered,
    Poison,
    Nothing,
}

struct StreamRecord {
    /// One, or several that the Kinesis Producer Library packed together.
    parts: Vec<Kind>,
    json: Value,
}

impl StreamRecord {
    fn has_poison(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Kind::Poison))
    }

    fn has_events(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Kind::Events(..)))
    }

    fn has_filtered(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Kind::Filtered))
    }

    /// The messages that a destination takes.
    fn messages<'r>(&'r self, to: usize, sink: &Sink) -> impl Iterator<Item = &'r String> {
        let of = move |part| match part {
            &Kind::Events(destination, ref messages) if destination == to => Some(messages),
            _ => None,
        };
        self.parts.iter().filter_map(of).flatten().filter(|message| sink.wants(message))
    }
}

impl Sink {
    fn wants(&self, message: &str) -> bool {
        !(self.is_http() && message.contains(UNWANTED))
    }

    /// From now on answers like this, or refuses for good what holds an event that it does not want.
    fn answer(&self, answer: Answer) {
        self.service.answer_with(move |request| {
            let is_unwanted = String::from_utf8_lossy(&request.body).contains(UNWANTED);
            if is_unwanted { Answer::status(400).body(request.body.clone()) } else { answer.clone() }
        });
    }
}

fn some_poison(rng: &mut Rng) -> Vec<u8> {
    let good = gzip(payload("/app", "f", &["never seen".into()]).to_string().as_bytes());
    match rng.u8(0..9) {
        0 => b"plain text".to_vec(),
        1 => good[..rng.usize(3..good.len())].to_vec(),
        2 => [&good[..], b"trailing"].concat(),
        3 => gzip(b"{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{\"id\":1}]}"),
        4 => gzip(b"\xff\xfe not UTF-8"),
        5 => gzip(b"{\"messageType\":\"OTHER\"}"),
        6 => gzip(&vec![b' '; 9 << 20]),
        7 => b"\xf3\x89\x9a\xc2 looks aggregated, and is not".to_vec(),
        _ => Vec::new(),
    }
}

fn some_part(rng: &mut Rng, name: &str) -> (Kind, Vec<u8>) {
    match rng.u8(0..20) {
        0 | 1 => (Kind::Poison, some_poison(rng)),
        2 => (Kind::Nothing, gzip(control().to_string().as_bytes())),
        3 => (Kind::Nothing, gzip(payload("/app", "f", &[]).to_string().as_bytes())),
        _ => {
            let to = rng.usize(0..2);
            // Some are larger than what is framed at once, so that they can be left half done.
            let most = if rng.u8(0..10) == 0 { 400 } else { 20 };
            let messages: Vec<String> = (0..rng.usize(1..most))
                .map(|event| {
                    let mark = ["debug", "bob@example.com", "plain", "plain", UNWANTED][rng.usize(0..5)];
                    format!("{name} event {event} {mark} {}", "x".repeat(rng.usize(0..1500)))
                })
                .collect();
            let filter = ["f", "f@second"][to];
            let json = payload("/app", filter, &messages).to_string();
            // Sometimes in two gzip members.
            let cut = if rng.u8(0..4) == 0 { rng.usize(0..json.len()) } else { json.len() };
            let data = [gzip(&json.as_bytes()[..cut]), gzip(&json.as_bytes()[cut..])].concat();
            let shaped = |message: String| match to {
                0 if message.contains("debug") => None,
                0 => Some(message.replace("bob@example.com", "[email]")),
                _ => Some(message),
            };
            let messages: Vec<_> = messages.into_iter().filter_map(shaped).collect();
            let kind = if messages.is_empty() { Kind::Filtered } else { Kind::Events(to, messages) };
            (kind, data)
        }
    }
}

fn some_record(rng: &mut Rng, number: usize) -> StreamRecord {
    let sequence = sequence(number);
    if rng.u8(0..8) > 0 {
        let (kind, data) = some_part(rng, &format!("record {number}"));
        return StreamRecord { parts: vec![kind], json: record(&sequence, &data) };
    }
    let packed = (0..rng.usize(1..6)).map(|part| some_part(rng, &format!("record {number} part {part}")));
    let (parts, data): (Vec<_>, Vec<_>) = packed.unzip();
    StreamRecord { parts, json: record(&sequence, &aggregate(&data)) }
}

/// Makes something go wrong, or right; tells whether a reset may come at any time from now on.
fn some_fault(rng: &mut Rng, sink: &Sink, transport: Transport) -> bool {
    let service = &sink.service;
    if sink.is_http() && rng.u8(0..3) == 0 {
        let answers = [
            Answer::status(500),
            Answer::status(503).header("Retry-After", "0"),
            Answer::status(429),
            Answer::status(408),
            Answer::status(401),
            Answer::status(404),
        ];
        sink.answer(rng.choice(answers).unwrap());
        return false;
    }
    let which = rng.u8(0..16);
    match which {
        0 => service.stop_listening(),
        1 => service.close_connections(),
        // What a kernel acknowledges for a process that never takes the connection is lost, and on a plain
        // connection no sender can know; with TLS there is no handshake then.
        2 | 3 if transport == Transport::Plain => service.stop_listening(),
        2 => {
            service.close_connections();
            service.set_fault(Fault::Refuse);
        }
        3 => {
            service.close_connections();
            service.set_fault_for(Fault::CloseAtOnce, rng.u32(1..4));
        }
        4 => service.set_fault_for(Fault::ResetInPauseAfter(rng.u64(1..30_000)), rng.u32(1..3)),
        5 => service.set_fault(Fault::HalfCloseAfter(rng.u64(0..30_000))),
        6 => {
            let most = if rng.bool() { 30_000 } else { 300_000 };
            service.set_fault_for(Fault::StallAfter(rng.u64(0..most)), 1);
        }
        7 => service.set_fault_for(Fault::HandshakeStuck, 1),
        8 => service
            .set_fault(Fault::Trickle { bytes: rng.usize(2000..20_000), every: Duration::from_millis(1) }),
        _ => {
            service.resume();
            service.set_fault(Fault::None);
        }
    }
    which == 4
}

/// Makes S3 fail for a moment, or for the whole of the next invocation.
fn some_mood(rng: &mut Rng) -> Mood {
    match rng.u8(0..40) {
        0 | 1 => Mood::Refuses(rng.u32(1..3), 503, "SlowDown"),
        2 | 3 => Mood::HangsUp(rng.u32(1..3)),
        4 => AWAY,
        _ => Mood::Takes,
    }
}

const AWAY: Mood = Mood::Refuses(u32::MAX, 503, "ServiceUnavailable");

#[derive(Default)]
struct Totals {
    invocations: usize,
    events: usize,
    lost: usize,
    twice: usize,
    expired: usize,
    quarantined: usize,
    failed_invocations: usize,
    /// Events that came again and were not sent again.
    remembered: usize,
    /// Records that came again because S3 did not take them.
    held: usize,
}

/// One stream from its first record to its last, in so many invocations at least.
async fn play(seed: u64, kind: &'static str, invocations: usize) -> Totals {
    let mut rng = Rng::with_seed(seed);
    let transports = [Transport::Plain, Transport::Tls12, Transport::Tls13];
    let chosen = [transports[rng.usize(0..3)], transports[rng.usize(0..3)]];
    // Every type gets its turn, beside any other.
    let second = Destination::TYPES[rng.usize(0..Destination::TYPES.len())];
    let sinks = [Sink::start(kind, chosen[0]), Sink::start(second, chosen[1])];
    let mut config = Config::single(sinks[0].config());
    config.destinations.insert("second".into(), sinks[1].config());
    let bucket = Bucket::start();
    config.quarantine = Some("s3://set-aside".parse().unwrap());
    let rules = r#"{"exclude":[{"message":" debug "}],"redact":[{"find":["email"]}]}"#;
    config.routes.push(Route {
        log_group: "*".into(),
        destination: "default".into(),
        shape: Some(serde_json::from_str(rules).unwrap()),
    });
    let options = || {
        let mut options = options();
        options.patience.progress = Duration::from_millis(120);
        options.patience.progress_on_kept = Duration::from_millis(60);
        options.patience.handshake = Duration::from_millis(150);
        options.persistence = Persistence { attempts: 2, ..options.persistence };
        options.aws = Some(bucket.aws());
        options
    };
    let mut forwarder = Forwarder::new(&config, options()).unwrap();

    let mut stream: Vec<StreamRecord> = Vec::new();
    let mut totals = Totals::default();
    let (mut checkpoint, mut attempts, mut size) = (0, 0, 0);
    // What became of each record in the last invocation that had it.
    let mut fates: HashMap<usize, Fate> = HashMap::new();
    let mut expired: HashSet<usize> = HashSet::new();
    // What the last invocation called delivered, by destination.
    let mut claimed = [Vec::new(), Vec::new()];
    let mut reset_pending = [false; 2];
    while totals.invocations < invocations || checkpoint < stream.len() {
        // What its kernel has acknowledged a service reads before it dies, and a reset of an idle connection
        // is seen before the next bytes go out: on TCP nobody can do better, see docs/delivery.md.
        for ((sink, claimed), pending) in sinks.iter().zip(&mut claimed).zip(&mut reset_pending) {
            sink.service.set_fault(Fault::None);
            sink.answer(Answer::status(200));
            let missing = sink.wait_for_all(&claimed.iter().collect::<Vec<_>>()).await.1;
            assert!(missing.is_empty(), "seed {seed}: lost {} like {:?}", missing.len(), &missing[0][..30]);
            claimed.clear();
            if std::mem::take(pending) {
                sink.service.close_connections();
            }
        }
        let mut mood = Mood::Takes;
        if totals.invocations < invocations {
            mood = some_mood(&mut rng);
            for _ in 0..rng.usize(0..4) {
                let number = stream.len();
                stream.push(some_record(&mut rng, number));
            }
            for ((sink, transport), pending) in sinks.iter().zip(chosen).zip(&mut reset_pending) {
                *pending = some_fault(&mut rng, sink, transport);
            }
            // Sometimes another process of the function gets the batch, which remembers nothing.
            if rng.u8(0..20) == 0 {
                forwarder = Forwarder::new(&config, options()).unwrap();
            }
        } else {
            // The end: whatever was wrong is repaired, so that the stream drains.
            sinks.iter().for_each(|sink| sink.service.resume());
        }
        size = if size == 0 { rng.usize(1..12) } else { size };
        let end = (checkpoint + size).min(stream.len());
        let batch = invocation(stream[checkpoint..end].iter().map(|record| record.json.clone()).collect());
        bucket.set(mood);
        // It is asked again and again until the end, which nobody wants to wait for.
        let time = Duration::from_millis(if mood == AWAY { 1500 } else { 8000 });
        let outcome = forwarder.handle(&batch, Instant::now() + time).await;
        totals.held += outcome.quarantine.map_or(0, |report| report.held.len());
        totals.invocations += 1;
        assert_eq!(outcome.account.unbalanced, 0, "seed {seed}");
        assert_eq!(outcome.account.records.received as usize, end - checkpoint);
        let mut lowest = None;
        for (at, (fate, _)) in outcome.account.fates().enumerate() {
            let number = checkpoint + at;
            if *fate == Fate::Failed {
                lowest = lowest.or(Some(number));
            } else {
                fates.insert(number, fate.clone());
            }
        }
        let mut next = (0, 0);
        for part in &outcome.account.parts {
            // The number of the part within its record.
            next = if next.0 == part.record { (next.0, next.1 + 1) } else { (part.record, 1) };
            if let Kind::Events(to, messages) = &stream[checkpoint + next.0 as usize].parts[next.1 - 1] {
                for share in outcome.account.shares(part) {
                    let progress = &share.progress;
                    for at in progress.before..progress.done {
                        let message = &messages[at as usize];
                        let is_rejected = progress.rejected.contains(&at);
                        assert_eq!(is_rejected, !sinks[*to].wants(message), "seed {seed}: {message:.30}");
                        claimed[*to].extend(Some(message.clone()).filter(|_| !is_rejected));
                    }
                    totals.remembered += share.progress.before as usize;
                }
            }
        }
        let reported = outcome.response.unwrap().batch_item_failures;
        assert_eq!(
            reported.first().map(|first| first.item_identifier.clone()),
            lowest.map(sequence),
            "seed {seed}"
        );

        match lowest {
            None => (checkpoint, attempts, size) = (end, 0, 0),
            Some(lowest) => {
                totals.failed_invocations += 1;
                attempts = if lowest > checkpoint { 0 } else { attempts + 1 };
                checkpoint = lowest;
                // Bisect, retry, expire.
                size = if rng.bool() { size.div_ceil(2) } else { size };
                if attempts > ATTEMPTS && totals.invocations < invocations {
                    let gone = checkpoint..(checkpoint + size).min(stream.len());
                    expired.extend(gone.clone().filter(|number| !fates.contains_key(number)));
                    (checkpoint, attempts, size) = (gone.end, 0, 0);
                }
            }
        }
    }

    for (to, sink) in sinks.iter().enumerate() {
        // The last invocation may have delivered everything under a fault.
        sink.service.set_fault(Fault::None);
        let expected: Vec<(usize, &String)> = stream
            .iter()
            .enumerate()
            .flat_map(|(number, record)| record.messages(to, sink).map(move |message| (number, message)))
            .collect();
        let must: Vec<&String> = expected
            .iter()
            .filter(|(number, _)| !expired.contains(number))
            .map(|(_, message)| *message)
            .collect();
        let (messages, missing) = sink.wait_for_all(&must).await;
        let arrived: HashMap<String, usize> =
            messages.into_iter().fold(HashMap::new(), |mut all, message| {
                *all.entry(message).or_default() += 1;
                all
            });
        totals.events += expected.len();
        totals.lost += missing.len();
        totals.twice += arrived.values().map(|times| times - 1).sum::<usize>();
        let known: HashSet<&String> = expected.iter().map(|(_, message)| *message).collect();
        // A line may be cut off by a reset, but nothing may arrive that nobody sent.
        let strangers = arrived.keys().filter(|line| !known.contains(line)).count();
        assert_eq!(strangers, 0, "seed {seed}");
    }
    let kept = bucket.objects();
    for (number, record) in stream.iter().enumerate() {
        let Some(fate) = fates.get(&number) else {
            assert!(expired.contains(&number), "seed {seed}: record {number} has no fate");
            continue;
        };
        let is_right = match fate {
            Fate::Quarantined(_) => record.has_poison(),
            Fate::Delivered | Fate::DeliveredBefore => record.has_events() && !record.has_poison(),
            Fate::Filtered => record.has_filtered() && !record.has_events() && !record.has_poison(),
            Fate::Skipped(_) => !record.has_events() && !record.has_poison() && !record.has_filtered(),
            Fate::Rejected => record.has_events() && !record.has_poison(),
            Fate::Failed => false,
        };
        assert!(is_right, "seed {seed}: record {number}: {fate:?}");
        totals.quarantined += usize::from(record.has_poison());
        if let Fate::Quarantined(_) = fate {
            let key = format!("/set-aside/cloudwatch-logs-stream/shardId-000000000000/{}", sequence(number));
            let data = STANDARD.decode(record.json["kinesis"]["data"].as_str().unwrap()).unwrap();
            assert!(
                kept.get(&key).is_some_and(|kept| kept.body == data),
                "seed {seed}: {number} is not in S3"
            );
        }
    }
    totals.expired = expired.len();
    totals
}

#[test]
fn a_thousand_random_invocations_lose_nothing() {
    let seeds: Vec<u64> = match std::env::var("CWL2LE_SEED") {
        Ok(seed) => vec![seed.parse().expect("CWL2LE_SEED is a number")],
        Err(_) => {
            let first = fastrand::u64(..1 << 63);
            (first..first + 20).collect()
        }
    };
    // The same for the same seed; and of twenty seeds in a row every type has three.
    let kind = |seed: u64| Destination::TYPES[(seed % Destination::TYPES.len() as u64) as usize];
    let (tell, told) = std::sync::mpsc::channel();
    // Most of the time is waiting for services that do not answer.
    std::thread::scope(|scope| {
        for lane in seeds.chunks(seeds.len().div_ceil(10)) {
            let tell = tell.clone();
            scope.spawn(move || {
                for seed in lane {
                    println!("seed {seed}, {}", kind(*seed));
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    let totals = runtime.block_on(play(*seed, kind(*seed), 50));
                    tell.send((*seed, totals)).unwrap();
                }
            });
        }
        drop(tell);
    });
    let mut all = Totals::default();
    for (seed, totals) in told {
        assert_eq!(totals.lost, 0, "seed {seed}");
        all.invocations += totals.invocations;
        all.events += totals.events;
        all.twice += totals.twice;
        all.expired += totals.expired;
        all.quarantined += totals.quarantined;
        all.failed_invocations += totals.failed_invocations;
        all.remembered += totals.remembered;
        all.held += totals.held;
    }
    println!(
        "{} invocations ({} reported a failure), {} events: 0 lost, {} duplicated, {} remembered and not sent again; \
         {} records quarantined, all of them in S3, after {} times that it did not take one; {} expired",
        all.invocations,
        all.failed_invocations,
        all.events,
        all.twice,
        all.remembered,
        all.quarantined,
        all.held,
        all.expired
    );
}
