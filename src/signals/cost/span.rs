//! The time that is measured. Pure.

/// Seconds of a day and of an hour.
const DAY: i64 = 86_400;
const HOUR: i64 = 3600;

/// A span of time, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// From here on.
    pub(crate) from: i64,
    /// Up to here.
    pub(crate) until: i64,
}

impl Span {
    /// The last seconds before a time. It begins with a whole period, because CloudWatch adds up nothing less.
    pub(crate) fn before(now: i64, seconds: i64) -> Self {
        let from = now - seconds;
        let period = Self { from, until: now }.period();
        Self { from: from.div_euclid(period) * period, until: now }
    }

    /// The seconds of it.
    pub(crate) fn seconds(self) -> i64 {
        self.until - self.from
    }

    /// The same for what is divided by it: at least a minute.
    #[expect(clippy::cast_precision_loss, reason = "seconds of years")]
    pub(super) fn for_rates(self) -> f64 {
        self.seconds().max(60) as f64
    }

    /// The seconds of one point of many: no metric has more than a thousand.
    pub(crate) fn period(self) -> i64 {
        match self.seconds() {
            seconds if seconds < 3 * HOUR + 60 => 60,
            seconds if seconds < 31 * DAY + HOUR => HOUR,
            _ => DAY,
        }
    }

    /// The seconds of one point, as short as CloudWatch keeps them for so long: those of a minute for 15 days, those of
    /// 5 minutes for 63.
    pub(super) fn fine(self) -> i64 {
        match self.seconds() {
            seconds if seconds <= DAY => 60,
            seconds if seconds <= 60 * DAY => 300,
            _ => HOUR,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_begins_with_a_period_and_has_at_most_a_thousand() {
        let now = 1_764_500_123;
        for seconds in [3600, 3 * HOUR, 4 * HOUR, DAY, 30 * DAY, 31 * DAY, 40 * DAY, 455 * DAY] {
            let span = Span::before(now, seconds);
            assert_eq!((span.from % span.period(), span.from % span.fine()), (0, 0), "{seconds}");
            assert!(span.until == now && span.seconds() >= seconds, "{span:?}");
            assert!(
                span.seconds() < seconds + 2 * span.period() && span.seconds() / span.period() <= 1000,
                "{span:?}"
            );
        }
    }
}
