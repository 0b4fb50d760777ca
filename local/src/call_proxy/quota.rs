//! AWS's token bucket for one operation.

use std::time::Instant;

/// AWS's token bucket for one operation.
#[derive(Debug)]
pub(super) struct Quota {
    operation: String,
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled: Instant,
}

impl Quota {
    /// A full bucket.
    pub(super) fn new(operation: &str, per_second: f64, burst: f64) -> Self {
        Self { operation: operation.to_owned(), per_second, burst, tokens: burst, filled: Instant::now() }
    }

    /// Whether one more call is allowed now.
    pub(super) fn take(&mut self, operation: &str) -> bool {
        if operation != self.operation {
            return true;
        }
        let now = Instant::now();
        let gained = now.duration_since(self.filled).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.burst);
        self.filled = now;
        let allowed = self.tokens >= 1.0;
        if allowed {
            self.tokens -= 1.0;
        }
        allowed
    }
}
