//! The pace of calls, on a clock of the test's own.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::pace::Pace;

const LOGS: &str = "logs";

/// Makes calls for so long, one after the other, against a quota of `quota` calls a second with a burst of as many;
/// returns how many were made and how many of them throttled.
async fn run(pace: &Pace, operation: &'static str, seconds: u64, quota: f64) -> (u32, u32) {
    let (begun, mut filled) = (Instant::now(), Instant::now());
    let (mut tokens, mut made, mut throttled) = (quota, 0, 0);
    while begun.elapsed() < Duration::from_secs(seconds) {
        sleep(pace.reserve(LOGS, operation)).await;
        tokens = (tokens + filled.elapsed().as_secs_f64() * quota).min(quota);
        filled = Instant::now();
        made += 1;
        let taken = tokens >= 1.0;
        if taken {
            tokens -= 1.0
        } else {
            throttled += 1
        }
        pace.answered(LOGS, operation, !taken);
    }
    (made, throttled)
}

#[tokio::test(start_paused = true)]
async fn it_begins_below_the_quota_and_speeds_up_while_aws_takes_it() {
    let pace = Pace::default();
    let (first, _) = run(&pace, "PutSubscriptionFilter", 1, 1e9).await;
    assert!(first <= 10, "{first} in the first second, burst included");
    let (later, _) = run(&pace, "PutSubscriptionFilter", 20, 1e9).await;
    assert!(later > 1_000, "{later} in 20 s without a quota");
}

#[tokio::test(start_paused = true)]
async fn it_settles_below_a_quota_it_was_never_told() {
    for quota in [2.0, 5.0, 10.0, 50.0] {
        let pace = Pace::default();
        let (made, throttled) = run(&pace, "PutSubscriptionFilter", 300, quota).await;
        let share = f64::from(throttled) / f64::from(made);
        assert!(share < 0.05, "{throttled} of {made} calls throttled at a quota of {quota}/s");
        let taken = f64::from(made - throttled) / 300.0;
        assert!(taken > quota * 0.5, "{taken:.1} calls/s of {quota} were used");
    }
}

#[tokio::test(start_paused = true)]
async fn operations_do_not_hold_each_other_back() {
    let pace = Pace::default();
    for _ in 0..100 {
        pace.answered(LOGS, "PutSubscriptionFilter", true);
        let _ = pace.reserve(LOGS, "PutSubscriptionFilter");
    }
    assert_eq!(pace.reserve("iam", "GetRole"), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn calls_that_were_throttled_together_slow_down_once() {
    let pace = Pace::default();
    for _ in 0..16 {
        pace.answered(LOGS, "PutSubscriptionFilter", true);
    }
    // 4.5 calls a second, halved once: the next turn is within half a second, not minutes away.
    assert!(pace.reserve(LOGS, "PutSubscriptionFilter") < Duration::from_secs(1));
}
