//! How long and how fast a call is retried. What is retried stands in the table of errors.

use std::time::Duration;

use tokio::time::Instant;

/// How long and how fast something is retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// From the first failure to the last retry. A session's patience can shorten it.
    pub(crate) total: Duration,
    /// The first pause; each is up to twice the one before.
    first: Duration,
    /// The longest pause.
    longest: Duration,
}

/// Maximum time for all causes of one call together. Each has a clock of its own, and causes may take turns forever.
pub(crate) const ALTOGETHER: Duration = Duration::from_secs(600);
/// Maximum time until what was just made shows to every call. AWS's services are eventually consistent, within seconds.
pub(crate) const SHOWS: Duration = Duration::from_secs(10);

/// The kinds of causes, each with a budget of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// IAM and Kinesis changes reach other services within seconds, sometimes minutes.
    Propagation,
    /// A function has just got its role or its grants. IAM is seconds late; a denial that stays is for a person to fix,
    /// who waits for it.
    Granting,
    /// Another change of the same resource is going on.
    Busy,
    /// IAM does not yet show in one call what an earlier one has done.
    Consistency,
    /// AWS asks for fewer calls.
    Throttling,
    /// AWS has a fault of its own.
    Fault,
    /// The connection failed.
    Connection,
}

impl Cause {
    /// The budget in a session that has had an answer from AWS before, or has not.
    pub(crate) const fn budget(self, answered: bool) -> Budget {
        match self {
            // Five minutes is what mature tools allow.
            Self::Propagation => budget(300, 500, 5_000),
            Self::Granting => budget(60, 500, 5_000),
            Self::Busy => budget(300, 200, 5_000),
            Self::Consistency => budget(30, 200, 2_000),
            Self::Throttling => budget(300, 500, 20_000),
            Self::Fault => budget(60, 200, 5_000),
            // The address is right, and the network will come back.
            Self::Connection if answered => budget(60, 200, 5_000),
            // A wrong address fails the same way, and whoever mistyped it should not wait long.
            Self::Connection => budget(5, 200, 2_000),
        }
    }

    /// Whether it is waited for what an earlier call did to take effect everywhere.
    pub(crate) const fn is_propagation(self) -> bool {
        matches!(self, Self::Propagation | Self::Consistency)
    }

    /// Whether AWS may have carried out the call that failed: it broke down on the way, or the answer was lost.
    pub(crate) const fn leaves_open(self) -> bool {
        matches!(self, Self::Fault | Self::Connection)
    }
}

const fn budget(total_s: u64, first_ms: u64, longest_ms: u64) -> Budget {
    Budget {
        total: Duration::from_secs(total_s),
        first: Duration::from_millis(first_ms),
        longest: Duration::from_millis(longest_ms),
    }
}

/// What the table of errors says of a call that is retried.
#[derive(Debug)]
pub(crate) struct Retry {
    /// Decides how long.
    pub(crate) cause: Cause,
    /// What is waited for, as in "waiting for ...".
    pub(crate) why: &'static str,
}

/// What a call waits for, since when, and how long it waits next.
#[derive(Debug)]
pub(crate) struct Waiting {
    retry: &'static Retry,
    since: Instant,
    backoff: Backoff,
}

impl Waiting {
    /// Goes on waiting for the same thing, or begins to wait for another one: its clock and its pauses start again,
    /// because the time that one took says nothing about the next.
    pub(crate) fn for_cause(before: Option<Self>, retry: &'static Retry, budget: Budget) -> Self {
        match before {
            Some(waiting) if std::ptr::eq(waiting.retry, retry) => waiting,
            _ => Self { retry, since: Instant::now(), backoff: Backoff::new(budget) },
        }
    }

    /// How long it has waited for this.
    pub(crate) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// The next pause.
    pub(crate) fn pause(&mut self) -> Duration {
        self.backoff.next()
    }
}

/// Growing pauses with jitter, so that many calls that failed together do not come back together.
#[derive(Debug)]
pub(crate) struct Backoff {
    pause: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { pause: budget.first, longest: budget.longest }
    }

    /// The next pause: between half of the current step and all of it.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.pause.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.pause = (self.pause * 2).min(self.longest);
        pause
    }
}
