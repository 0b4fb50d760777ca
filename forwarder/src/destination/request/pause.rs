//! A service that wants to be left alone is left alone, across invocations.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Until when a service wants to be left alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pause {
    until: Instant,
    /// The same by the other clock. The monotonic clock may stand still while the function is frozen, and the system's
    /// may be set: the pause is over as soon as it is by one of them.
    date: SystemTime,
}

impl Pause {
    /// A pause that begins now.
    pub(super) fn of(length: Duration) -> Self {
        Self { until: Instant::now() + length, date: SystemTime::now() + length }
    }

    /// How much of it is left, if anything.
    pub(super) fn left(self, now: Instant, date: SystemTime) -> Option<Duration> {
        let by_date = self.date.duration_since(date).unwrap_or_default();
        let left = self.until.saturating_duration_since(now).min(by_date);
        Some(left).filter(|left| !left.is_zero())
    }

    /// When it ends, in RFC 3339.
    pub(super) fn end(self) -> String {
        humantime::format_rfc3339_seconds(self.date).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_over_as_soon_as_one_clock_says_so() {
        let (now, date) = (Instant::now(), SystemTime::now());
        let pause = Pause::of(Duration::from_secs(3600));
        let minute = Duration::from_secs(60);
        assert!(pause.left(now + minute, date + minute).unwrap() <= Duration::from_secs(3541));
        assert_eq!(pause.left(now, date + 61 * minute), None, "it was frozen for an hour");
        assert_eq!(pause.left(now + 61 * minute, date - 600 * minute), None, "the clock was set back");
        assert!(pause.end().ends_with('Z'));
    }
}
