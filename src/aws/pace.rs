//! How fast AWS is called: one token bucket for each operation, shared by everything that goes on.
//!
//! A bucket starts below the default quota of its operation, speeds up while AWS answers, and never passes the quota
//! unless `--rate` says so. When AWS throttles a call, the bucket falls back, climbs fast to just below the rate that
//! was too much, and slowly from there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Minimum rate, in calls a second.
const SLOWEST: f64 = 1.0;
/// Growth of the rate in a second in which every call was accepted.
const GROWTH: f64 = 1.25;
/// The same near a rate that was too much.
const CAREFUL_GROWTH: f64 = 1.05;
/// What is left of the rate after throttling.
const BACKOFF: f64 = 0.5;
/// From which part of a rate that was too much the growth is careful.
const NEAR: f64 = 0.8;
/// How long a rate that was too much is remembered.
const MEMORY: Duration = Duration::from_secs(60);

/// The rates of an operation.
#[derive(Debug, Clone, Copy)]
struct Rates {
    /// Calls a second to begin with.
    first: f64,
    /// Calls that may be made at once.
    burst: f64,
    /// Maximum calls a second: the default quota, where AWS documents one.
    most: f64,
}

/// The rates to use for an operation.
///
/// The quotas are those of "CloudWatch Logs quotas", "Kinesis Data Streams quotas" and "Lambda quotas" in AWS's guides:
/// subscription filters can be put and deleted 5 times a second and described 10 times, events can be filtered 5 times,
/// and Lambda accepts 15 calls of its control plane. "CloudWatch service quotas" has 3 calls a second that put or delete
/// alarms, and 9 that describe them. IAM documents none.
const fn rates(operation: &str) -> Rates {
    match operation.as_bytes() {
        b"PutSubscriptionFilter" | b"DeleteSubscriptionFilter" | b"FilterLogEvents" | b"TestMetricFilter" => {
            Rates { first: 4.5, burst: 5.0, most: 5.0 }
        }
        b"DescribeSubscriptionFilters" | b"DescribeLogGroups" => {
            Rates { first: 9.0, burst: 10.0, most: 10.0 }
        }
        b"PutMetricAlarm" | b"DeleteAlarms" => Rates { first: 2.5, burst: 3.0, most: 3.0 },
        b"DescribeAlarms" => Rates { first: 8.0, burst: 9.0, most: 9.0 },
        _ => Rates { first: 10.0, burst: 15.0, most: 15.0 },
    }
}

/// The buckets.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    buckets: Mutex<HashMap<(&'static str, &'static str), Bucket>>,
    /// Maximum calls a second of every operation, in the place of its quota.
    most: Option<f64>,
    /// That of another region of the account, which paces the calls of services that have no regions.
    global: Option<Arc<Pace>>,
}

/// The paces of a run in several environments, by account and region: AWS counts calls there, whoever makes them. Clones
/// are the same.
#[derive(Debug, Clone, Default)]
pub struct Paces(Arc<Mutex<ByPlace>>);

/// Each with its account and region; with an empty region, that of the services that have none.
type ByPlace = HashMap<(String, String), Arc<Pace>>;

impl Paces {
    /// The pace in an account and region; `new`, where no session has been there.
    pub(super) fn of(&self, account: &str, region: &str, new: &Arc<Pace>) -> Arc<Pace> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // IAM is one for all regions.
        let of_account = known.entry((account.to_owned(), String::new())).or_insert_with(|| Arc::clone(new));
        let iam = Arc::clone(of_account);
        let pace = known
            .entry((account.to_owned(), region.to_owned()))
            .or_insert_with(|| if Arc::ptr_eq(&iam, new) { iam } else { Arc::new(new.beside(iam)) });
        Arc::clone(pace)
    }
}

/// The turn of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// How long to wait for it.
    pub(crate) pause: Duration,
    /// The rate at which the bucket let it go.
    rate: f64,
}

#[derive(Debug)]
struct Bucket {
    /// Calls a second.
    rate: f64,
    /// Calls that may be made at once.
    burst: f64,
    /// Maximum calls a second.
    most: f64,
    /// Calls that may be made now; below zero when callers are queueing.
    tokens: f64,
    filled: Instant,
    /// Begin of the second in which the rate grew or fell last.
    changed: Instant,
    /// The last rate that was too much, and when.
    too_much: Option<(f64, Instant)>,
}

impl Pace {
    /// With `most` calls a second of every operation at most, in the place of AWS's default quotas.
    pub(crate) fn new(most: Option<f64>) -> Self {
        Self { most, ..Self::default() }
    }

    /// A pace of the same limit for another region of the account.
    fn beside(&self, global: Arc<Self>) -> Self {
        Self { global: Some(global), ..Self::new(self.most) }
    }

    /// Takes a turn and says how long to wait for it.
    pub(crate) fn reserve(&self, service: &'static str, operation: &'static str) -> Turn {
        self.with(service, operation, |bucket, now| {
            bucket.fill(now);
            bucket.tokens -= 1.0;
            let pause = if bucket.tokens >= 0.0 {
                Duration::ZERO
            } else {
                Duration::from_secs_f64(-bucket.tokens / bucket.rate)
            };
            Turn { pause, rate: bucket.rate }
        })
    }

    /// Learns from the answer to the call of a turn.
    pub(crate) fn answered(
        &self,
        service: &'static str,
        operation: &'static str,
        turn: Turn,
        throttled: bool,
    ) {
        self.with(service, operation, |bucket, now| {
            bucket.fill(now);
            if throttled { bucket.slow_down(turn.rate, now) } else { bucket.speed_up(now) }
        });
    }

    fn with<T>(
        &self,
        service: &'static str,
        operation: &'static str,
        act: impl FnOnce(&mut Bucket, Instant) -> T,
    ) -> T {
        if let Some(global) = self.global.as_ref().filter(|_| service == "iam") {
            return global.with(service, operation, act);
        }
        let now = Instant::now();
        // A bucket is whole between any two lines: a panic elsewhere does not break it.
        let mut buckets = self.buckets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let new = || Bucket::new(rates(operation), self.most, now);
        act(buckets.entry((service, operation)).or_insert_with(new), now)
    }
}

impl Bucket {
    fn new(rates: Rates, most: Option<f64>, now: Instant) -> Self {
        let Rates { first, burst, most: quota } = rates;
        let most = most.unwrap_or(quota);
        let (rate, burst) = (first.min(most), burst.min(most.max(1.0)));
        Self { rate, burst, most, tokens: burst, filled: now, changed: now, too_much: None }
    }

    fn fill(&mut self, now: Instant) {
        let seconds = (now - self.filled).as_secs_f64();
        self.tokens = (self.tokens + seconds * self.rate).min(self.burst);
        self.filled = now;
    }

    fn speed_up(&mut self, now: Instant) {
        // Only where the rate is what holds callers back: an idle bucket has learnt nothing.
        if self.tokens > self.burst / 2.0 || now - self.changed < Duration::from_secs(1) {
            return;
        }
        let near = self.too_much.filter(|(_, when)| now - *when < MEMORY).map(|(rate, _)| rate * NEAR);
        let grown = match near {
            Some(near) if self.rate >= near => self.rate * CAREFUL_GROWTH,
            Some(near) => (self.rate * GROWTH).min(near),
            None => self.rate * GROWTH,
        };
        self.rate = grown.min(self.most);
        self.changed = now;
    }

    fn slow_down(&mut self, rate: f64, now: Instant) {
        // A call that was let go at a faster rate than the present one says nothing about the present one.
        if rate > self.rate {
            return;
        }
        self.too_much = Some((self.rate, now));
        self.rate = (self.rate * BACKOFF).max(SLOWEST.min(self.most));
        self.tokens = self.tokens.min(0.0);
        self.changed = now;
    }
}
