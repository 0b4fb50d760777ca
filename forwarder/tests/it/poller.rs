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
use std::ops::Range;
use std::time::Duration;

use cwl2le_forwarder::config::{Config, Destination};
use cwl2le_forwarder::delivery::fate::Fate;
use cwl2le_forwarder::{Forwarder, Options, Outcome, Retries};
use cwl2le_local::log_service::{Fault, Transport};
use fastrand::Rng;
use tokio::time::Instant;

use crate::common::bucket::{Bucket, Mood};
use crate::common::faulty::{AWAY, Service, random_mood};
use crate::common::stream::{self, Kind, StreamRecord};
use crate::common::*;

/// How often the model sends a batch again before its records expire.
const ATTEMPTS: u32 = 8;

/// The largest batch, in records.
const LARGEST_BATCH: usize = 11;

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

impl Totals {
    fn add(&mut self, other: &Self) {
        self.invocations += other.invocations;
        self.events += other.events;
        self.lost += other.lost;
        self.twice += other.twice;
        self.expired += other.expired;
        self.quarantined += other.quarantined;
        self.failed_invocations += other.failed_invocations;
        self.remembered += other.remembered;
        self.held += other.held;
    }
}

/// Where AWS stands in the stream.
#[derive(Default)]
struct Poller {
    /// The first record that is not done.
    checkpoint: usize,
    /// How often the batch has come again without getting further.
    attempts: u32,
    /// How many records the batch has; 0 where a new one is to be chosen.
    size: usize,
}

impl Poller {
    /// The records of the next invocation.
    fn batch(&mut self, rng: &mut Rng, records: usize) -> Range<usize> {
        if self.size == 0 {
            self.size = rng.usize(1..=LARGEST_BATCH);
        }
        self.checkpoint..(self.checkpoint + self.size).min(records)
    }

    /// Everything before this record is done.
    fn go_on(&mut self, from: usize) {
        *self = Self { checkpoint: from, attempts: 0, size: 0 };
    }

    /// Everything from this record on comes again, perhaps in a batch of half the size.
    fn retry(&mut self, rng: &mut Rng, from: usize) {
        self.attempts = if from > self.checkpoint { 0 } else { self.attempts + 1 };
        self.checkpoint = from;
        if rng.bool() {
            self.size = self.size.div_ceil(2);
        }
    }
}

/// One stream, from its first record to its last.
struct Play {
    seed: u64,
    rng: Rng,
    services: [Service; 2],
    bucket: Bucket,
    config: Config,
    forwarder: Forwarder,
    stream: Vec<StreamRecord>,
    poller: Poller,
    /// What became of each record in the last invocation that had it.
    fates: HashMap<usize, Fate>,
    expired: HashSet<usize>,
    totals: Totals,
}

impl Play {
    fn start(seed: u64, kind: &'static str) -> Self {
        let mut rng = Rng::with_seed(seed);
        let transports = [Transport::Plain, Transport::Tls12, Transport::Tls13];
        let [first, second] = [transports[rng.usize(0..3)], transports[rng.usize(0..3)]];
        // Every type gets its turn, beside any other.
        let other = Destination::TYPES[rng.usize(0..Destination::TYPES.len())];
        let services = [Service::start(kind, first), Service::start(other, second)];
        let mut config = Config::single(services[0].sink.config());
        config.destinations.insert("second".into(), services[1].sink.config());
        config.quarantine = Some("s3://set-aside".parse().unwrap());
        config.routes.push(stream::route());
        let bucket = Bucket::start();
        Self {
            seed,
            rng,
            services,
            forwarder: new_process(&config, &bucket),
            bucket,
            config,
            stream: Vec::new(),
            poller: Poller::default(),
            fates: HashMap::new(),
            expired: HashSet::new(),
            totals: Totals::default(),
        }
    }

    /// Plays so many invocations with faults, and as many without as the stream takes to drain.
    async fn play(mut self, invocations: usize) -> Totals {
        while self.totals.invocations < invocations || self.poller.checkpoint < self.stream.len() {
            for service in &mut self.services {
                service.recover(self.seed).await;
            }
            let fails = self.totals.invocations < invocations;
            let mood = if fails { self.make_trouble() } else { self.end_trouble() };
            let batch = self.poller.batch(&mut self.rng, self.stream.len());
            let outcome = self.invoke(batch.clone(), mood).await;
            self.totals.invocations += 1;
            self.note_claims(batch.start, &outcome);
            let failed = self.note_fates(batch.start, &outcome);
            let reported = outcome.response.unwrap().batch_item_failures;
            let reported = reported.first().map(|first| first.item_identifier.clone());
            assert_eq!(reported, failed.map(sequence), "seed {}", self.seed);
            match failed {
                None => self.poller.go_on(batch.end),
                Some(failed) => {
                    self.totals.failed_invocations += 1;
                    self.poller.retry(&mut self.rng, failed);
                    if self.poller.attempts > ATTEMPTS && self.totals.invocations < invocations {
                        self.expire();
                    }
                }
            }
        }
        for to in 0..self.services.len() {
            self.check_arrivals(to).await;
        }
        self.check_fates();
        self.totals.expired = self.expired.len();
        self.totals
    }

    /// New records, new faults; tells how S3 is to behave.
    fn make_trouble(&mut self) -> Mood {
        let rng = &mut self.rng;
        let mood = random_mood(rng);
        for _ in 0..rng.usize(0..4) {
            let number = self.stream.len();
            self.stream.push(StreamRecord::random(rng, number));
        }
        self.services.iter_mut().for_each(|service| service.fail(rng));
        // Sometimes another process of the function gets the batch, which remembers nothing.
        if rng.u8(0..20) == 0 {
            self.forwarder = new_process(&self.config, &self.bucket);
        }
        mood
    }

    /// Repairs whatever is wrong, so that the stream drains.
    fn end_trouble(&self) -> Mood {
        self.services.iter().for_each(|service| service.sink.service.resume());
        Mood::Takes
    }

    async fn invoke(&mut self, batch: Range<usize>, mood: Mood) -> Outcome {
        self.bucket.set(mood);
        // An S3 that is away is asked again and again until the end, which nobody wants to wait for.
        let time = Duration::from_millis(if mood == AWAY { 1500 } else { 8000 });
        let records = self.stream[batch.clone()].iter().map(|record| record.json.clone()).collect();
        let outcome = self.forwarder.handle(&invocation(records), Instant::now() + time).await;
        assert_eq!(outcome.account.unbalanced, 0, "seed {}", self.seed);
        assert_eq!(outcome.account.records.received as usize, batch.len());
        self.totals.held += outcome.quarantine.as_ref().map_or(0, |report| report.held.len());
        outcome
    }

    /// Notes which events of the batch that begins at record `first` are called delivered, and checks that those are
    /// rejected that the service does not want.
    fn note_claims(&mut self, first: usize, outcome: &Outcome) {
        for parts in outcome.account.parts.chunk_by(|a, b| a.record == b.record) {
            let record = &self.stream[first + parts[0].record as usize];
            assert!(parts.len() <= record.parts.len(), "seed {}", self.seed);
            for (part, kind) in parts.iter().zip(&record.parts) {
                let Kind::Events { destination, messages } = kind else { continue };
                let Service { sink, claimed, .. } = &mut self.services[*destination];
                for share in outcome.account.shares(part) {
                    let progress = &share.progress;
                    for at in progress.before..progress.done {
                        let message = &messages[at as usize];
                        let is_rejected = progress.rejected.contains(&at);
                        let is_wanted = stream::is_wanted(sink, message);
                        assert_eq!(is_rejected, !is_wanted, "seed {}: {message:.30}", self.seed);
                        claimed.extend(Some(message.clone()).filter(|_| !is_rejected));
                    }
                    self.totals.remembered += progress.before as usize;
                }
            }
        }
    }

    /// Notes what became of the records, and tells the first that failed.
    fn note_fates(&mut self, first: usize, outcome: &Outcome) -> Option<usize> {
        let mut failed = None;
        for (number, (fate, _)) in (first..).zip(outcome.account.fates()) {
            if *fate == Fate::Failed {
                failed = failed.or(Some(number));
            } else {
                self.fates.insert(number, fate.clone());
            }
        }
        failed
    }

    /// AWS gives up on the batch: what of it has never been done is gone.
    fn expire(&mut self) {
        let gone = self.poller.batch(&mut self.rng, self.stream.len());
        self.expired.extend(gone.clone().filter(|number| !self.fates.contains_key(number)));
        self.poller.go_on(gone.end);
    }

    /// Compares what a destination got with what it should get.
    async fn check_arrivals(&mut self, to: usize) {
        let (sink, totals) = (&self.services[to].sink, &mut self.totals);
        // The last invocation may have delivered everything under a fault.
        sink.service.set_fault(Fault::None);
        let (mut expected, mut must) = (HashSet::new(), Vec::new());
        for (number, record) in self.stream.iter().enumerate() {
            for message in record.messages(to, sink) {
                totals.events += 1;
                expected.insert(message);
                if !self.expired.contains(&number) {
                    must.push(message);
                }
            }
        }
        let (messages, missing) = sink.wait_for_all(&must).await;
        totals.lost += missing.len();
        let arrived: HashSet<&String> = messages.iter().collect();
        totals.twice += messages.len() - arrived.len();
        // A line may be cut off by a reset, but nothing may arrive that nobody sent.
        assert_eq!(arrived.difference(&expected).count(), 0, "seed {}", self.seed);
    }

    /// Checks that every record ended as it had to, and that S3 has what was quarantined.
    fn check_fates(&mut self) {
        let (seed, kept) = (self.seed, self.bucket.objects());
        for (number, record) in self.stream.iter().enumerate() {
            let Some(fate) = self.fates.get(&number) else {
                assert!(self.expired.contains(&number), "seed {seed}: record {number} has no fate");
                continue;
            };
            assert!(record.may_end_as(fate), "seed {seed}: record {number}: {fate:?}");
            self.totals.quarantined += usize::from(record.has_poison());
            if let Fate::Quarantined(_) = fate {
                let key =
                    format!("/set-aside/cloudwatch-logs-stream/shardId-000000000000/{}", sequence(number));
                let is_kept = kept.get(&key).is_some_and(|kept| kept.body == record.data());
                assert!(is_kept, "seed {seed}: {number} is not in S3");
            }
        }
    }
}

/// Another process of the function.
fn new_process(config: &Config, bucket: &Bucket) -> Forwarder {
    let mut options: Options = options();
    options.timeouts.progress = Duration::from_millis(120);
    options.timeouts.progress_on_kept = Duration::from_millis(60);
    options.timeouts.handshake = Duration::from_millis(150);
    options.retries = Retries { attempts: 2, ..options.retries };
    options.aws = Some(bucket.aws());
    Forwarder::new(config, options).unwrap()
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
                    let totals = runtime.block_on(async { Play::start(*seed, kind(*seed)).play(50).await });
                    tell.send((*seed, totals)).unwrap();
                }
            });
        }
        drop(tell);
    });
    let mut all = Totals::default();
    for (seed, totals) in told {
        assert_eq!(totals.lost, 0, "seed {seed}");
        all.add(&totals);
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
