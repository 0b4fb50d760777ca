//! How long a run takes, without the time in which it waited for a person.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Runs since the command began. It stands still while the run waits for what a person types.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    began: Instant,
    waited: Mutex<Duration>,
}

impl Stopwatch {
    /// One that begins now.
    pub(crate) fn start() -> Self {
        Self { began: Instant::now(), waited: Mutex::default() }
    }

    /// Waits for something that takes a person's time.
    pub(crate) async fn paused<T>(&self, wait: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let ended = wait.await;
        *self.waited.lock().unwrap_or_else(PoisonError::into_inner) += began.elapsed();
        ended
    }

    /// The seconds of the run itself so far.
    pub(crate) fn seconds(&self) -> f64 {
        let waited = *self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        self.began.elapsed().saturating_sub(waited).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_time_of_a_person_does_not_count() {
        let stopwatch = Stopwatch::start();
        let before = stopwatch.began.elapsed();
        // As if it had begun an hour ago and waited ever since.
        let stopwatch =
            Stopwatch { began: stopwatch.began, waited: Mutex::new(before + Duration::from_secs(3600)) };
        assert!(stopwatch.seconds() == 0.0, "it never runs backwards");
        let stopwatch = Stopwatch::start();
        let answer = stopwatch.paused(async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            7
        });
        assert_eq!(answer.await, 7);
        let waited = *stopwatch.waited.lock().expect("no panic");
        assert!(waited >= Duration::from_millis(20));
        assert!(stopwatch.seconds() <= (stopwatch.began.elapsed() - waited).as_secs_f64());
    }
}
