//! The pace of calls, on a clock of the test's own.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::pace::{Pace, Paces};

const LOGS: &str = "logs";

/// Makes calls for so long, one after the other, against a quota of `quota` calls a second with a burst of as many;
/// returns how many were made and how many of them throttled.
async fn run(pace: &Pace, operation: &'static str, seconds: u64, quota: f64) -> (u32, u32) {
    let (begun, mut filled) = (Instant::now(), Instant::now());
    let (mut tokens, mut made, mut throttled) = (quota, 0, 0);
    while begun.elapsed() < Duration::from_secs(seconds) {
        let turn = pace.reserve(LOGS, operation);
        sleep(turn.pause).await;
        tokens = (tokens + filled.elapsed().as_secs_f64() * quota).min(quota);
        filled = Instant::now();
        made += 1;
        let taken = tokens >= 1.0;
        if taken {
            tokens -= 1.0
        } else {
            throttled += 1
        }
        pace.answered(LOGS, operation, turn, !taken);
    }
    (made, throttled)
}

#[tokio::test(start_paused = true)]
async fn it_never_passes_the_documented_quota_whatever_aws_accepts() {
    let pace = Pace::default();
    let (first, _) = run(&pace, "PutSubscriptionFilter", 1, 1e9).await;
    assert!(first <= 10, "{first} in the first second, burst included");
    let (later, _) = run(&pace, "PutSubscriptionFilter", 100, 1e9).await;
    assert!((450..=500).contains(&later), "{later} in 100 s at 5 calls a second");
}

#[tokio::test(start_paused = true)]
async fn it_passes_the_quota_only_as_far_as_it_is_told() {
    let pace = Pace::new(Some(100.0));
    let (made, _) = run(&pace, "PutSubscriptionFilter", 100, 1e9).await;
    assert!((8_000..=10_100).contains(&made), "{made} in 100 s at 100 calls a second");
}

#[tokio::test(start_paused = true)]
async fn it_settles_below_a_quota_it_was_never_told() {
    for quota in [2.0, 3.5, 5.0] {
        let pace = Pace::default();
        let (made, throttled) = run(&pace, "PutSubscriptionFilter", 300, quota).await;
        let share = f64::from(throttled) / f64::from(made);
        assert!(share < 0.1, "{throttled} of {made} calls throttled at a quota of {quota}/s");
        let taken = f64::from(made - throttled) / 300.0;
        assert!(taken > quota * 0.5, "{taken:.1} calls/s of {quota} were used");
    }
}

#[tokio::test(start_paused = true)]
async fn operations_do_not_hold_each_other_back() {
    let pace = Pace::default();
    for _ in 0..100 {
        let turn = pace.reserve(LOGS, "PutSubscriptionFilter");
        pace.answered(LOGS, "PutSubscriptionFilter", turn, true);
    }
    assert_eq!(pace.reserve("iam", "GetRole").pause, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn calls_that_were_throttled_together_slow_down_once() {
    let pace = Pace::default();
    let turns: Vec<_> = (0..16).map(|_| pace.reserve(LOGS, "PutSubscriptionFilter")).collect();
    for turn in &turns {
        // Answers come one by one, over seconds: they still tell of the rate at which the calls were let go.
        sleep(Duration::from_millis(500)).await;
        pace.answered(LOGS, "PutSubscriptionFilter", *turn, true);
    }
    let next = pace.reserve(LOGS, "PutSubscriptionFilter").pause;
    assert!(next < Duration::from_secs(1), "{next:?}");
}

/// A pace that stays low after sixty throttled calls makes the other sixty take minutes.
#[tokio::test(start_paused = true)]
async fn a_burst_of_throttling_is_forgotten_soon() {
    let (pace, begun) = (Pace::default(), Instant::now());
    let (mut to_throttle, mut done) = (60, 0);
    while done < 120 {
        let turn = pace.reserve(LOGS, "PutSubscriptionFilter");
        sleep(turn.pause).await;
        let throttled = to_throttle > 0;
        if throttled {
            to_throttle -= 1;
        } else {
            done += 1;
        }
        pace.answered(LOGS, "PutSubscriptionFilter", turn, throttled);
    }
    // At 5 calls a second, 180 calls take 36 s; it slows down to 1 call a second in between.
    assert!(begun.elapsed() < Duration::from_secs(150), "{:?}", begun.elapsed());
}

/// Environments of one run in the same account.
#[tokio::test(start_paused = true)]
async fn sessions_in_an_account_and_region_share_a_pace_and_those_of_other_regions_only_that_of_iam() {
    let paces = Paces::default();
    let of = |account: &str, region: &str| paces.of(account, region, &Arc::new(Pace::default()));
    let (one, same) = (of("1", "eu-west-1"), of("1", "eu-west-1"));
    let (region, account) = (of("1", "us-east-1"), of("2", "eu-west-1"));
    let waits = |pace: &Pace, service: &'static str, operation: &'static str| {
        pace.reserve(service, operation).pause > Duration::ZERO
    };
    for _ in 0..100 {
        one.reserve(LOGS, "PutSubscriptionFilter");
        one.reserve("iam", "GetRole");
    }
    let filters = [&same, &region, &account].map(|pace| waits(pace, LOGS, "PutSubscriptionFilter"));
    assert_eq!(filters, [true, false, false]);
    let roles = [&same, &region, &account].map(|pace| waits(pace, "iam", "GetRole"));
    assert_eq!(roles, [true, true, false]);
}
