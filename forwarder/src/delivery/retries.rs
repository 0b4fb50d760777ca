//! When a lane tries again, and when it gives up.

use std::time::Duration;

/// When a lane gives up within one invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Maximum pause before the second attempt. It doubles with each attempt after that.
    pub first_pause: Duration,
    /// Maximum pause between two attempts.
    pub longest_pause: Duration,
    /// Maximum number of attempts in a row without progress. After that, AWS sends the batch again.
    pub attempts: u32,
}

impl Default for Retries {
    fn default() -> Self {
        Self { first_pause: Duration::from_millis(200), longest_pause: Duration::from_secs(3), attempts: 6 }
    }
}

impl Retries {
    /// A random pause up to a limit that doubles, so that many functions that lost the same service do not return to
    /// it at the same moment.
    pub(super) fn pause(self, fruitless: u32) -> Duration {
        let doubled = self.first_pause.saturating_mul(1 << fruitless.saturating_sub(1).min(16));
        doubled.min(self.longest_pause).mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_cap_and_differ() {
        let retries = Retries::default();
        for (fruitless, most) in [(0, 200), (1, 200), (2, 400), (3, 800), (5, 3000), (40, 3000)] {
            let pause = retries.pause(fruitless).as_millis();
            assert!((most / 2..=most).contains(&pause), "{fruitless}: {pause}");
        }
    }
}
