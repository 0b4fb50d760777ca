//! How fast AWS is called: one token bucket for each operation, shared by everything that goes on.
//!
//! A bucket starts below the default quota of its operation, speeds up while AWS takes it, and on throttling
//! falls back and stays just below the rate that was too much for a minute.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Calls a second that no bucket exceeds.
const FASTEST: f64 = 200.0;
/// Calls a second that no bucket falls below.
const SLOWEST: f64 = 0.5;
/// Growth of the rate within a second in which every call was taken.
const GROWTH: f64 = 1.25;
/// What is left of the rate after throttling.
const BACKOFF: f64 = 0.5;
/// How close a bucket goes to a rate that was too much, until it tries again.
const BELOW: f64 = 0.95;
/// How long a rate that was too much is remembered.
const MEMORY: Duration = Duration::from_secs(60);

/// Calls a second to begin with, and calls that may be made at once.
///
/// Subscription filters can be put and deleted 5 times a second and described 10 times, events be filtered 5 times; other operations of these
/// services take at least 20 at once from an account that does nothing else.
const fn start(operation: &str) -> (f64, f64) {
    match operation.as_bytes() {
        b"PutSubscriptionFilter" | b"DeleteSubscriptionFilter" | b"FilterLogEvents" => (4.5, 5.0),
        b"DescribeSubscriptionFilters" | b"DescribeLogGroups" => (9.0, 10.0),
        _ => (10.0, 20.0),
    }
}

/// The buckets.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<HashMap<(&'static str, &'static str), Bucket>>);

#[derive(Debug)]
struct Bucket {
    /// Calls a second.
    rate: f64,
    /// Calls that may be made at once.
    burst: f64,
    /// Calls that may be made now; below zero when callers are queueing.
    tokens: f64,
    filled: Instant,
    /// Begin of the second in which the rate grew or fell last.
    changed: Instant,
    /// The rate that was too much, and when.
    too_much: Option<(f64, Instant)>,
}

impl Pace {
    /// Takes a turn and says how long to wait for it.
    pub(crate) fn reserve(&self, service: &'static str, operation: &'static str) -> Duration {
        self.with(service, operation, |bucket, now| {
            bucket.fill(now);
            bucket.tokens -= 1.0;
            if bucket.tokens >= 0.0 {
                Duration::ZERO
            } else {
                Duration::from_secs_f64(-bucket.tokens / bucket.rate)
            }
        })
    }

    /// Learns from an answer.
    pub(crate) fn answered(&self, service: &'static str, operation: &'static str, throttled: bool) {
        self.with(service, operation, |bucket, now| {
            bucket.fill(now);
            if throttled { bucket.slow_down(now) } else { bucket.speed_up(now) }
        });
    }

    fn with<T>(
        &self,
        service: &'static str,
        operation: &'static str,
        act: impl FnOnce(&mut Bucket, Instant) -> T,
    ) -> T {
        let now = Instant::now();
        // A bucket is whole between any two lines: a panic elsewhere does not break it.
        let mut buckets = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        act(buckets.entry((service, operation)).or_insert_with(|| Bucket::new(operation, now)), now)
    }
}

impl Bucket {
    fn new(operation: &str, now: Instant) -> Self {
        let (rate, burst) = start(operation);
        Self { rate, burst, tokens: burst, filled: now, changed: now, too_much: None }
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
        let ceiling = match self.too_much {
            Some((rate, when)) if now - when < MEMORY => rate * BELOW,
            _ => FASTEST,
        };
        self.rate = (self.rate * GROWTH).min(ceiling).max(SLOWEST);
        self.changed = now;
    }

    fn slow_down(&mut self, now: Instant) {
        // Calls that were sent together are throttled together: one fall for all of them.
        if self.too_much.is_some_and(|(_, when)| now - when < Duration::from_secs(1)) {
            return;
        }
        self.too_much = Some((self.rate, now));
        self.rate = (self.rate * BACKOFF).max(SLOWEST);
        self.tokens = self.tokens.min(0.0);
        self.changed = now;
    }
}
