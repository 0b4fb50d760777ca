//! Credentials: asked for once, for as long as it takes, and again before they end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::super::credentials::Kept;
use super::*;
use crate::error::Code;
use crate::resources::filter::aws as logs;

const LIMIT: Duration = Duration::from_secs(300);

/// Gives credentials that last for `lasts`, or none, after `takes`, and counts how often it is asked.
#[derive(Debug, Clone)]
struct Slow {
    takes: Duration,
    lasts: Option<Duration>,
    gives: bool,
    asked: Arc<AtomicUsize>,
}

impl Slow {
    fn new(takes: u64) -> Self {
        Self { takes: Duration::from_secs(takes), lasts: None, gives: true, asked: Arc::default() }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn shared(&self) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(self.clone())
    }
}

impl ProvideCredentials for Slow {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.asked.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(self.takes).await;
            let end = self.lasts.map(|lasts| SystemTime::now() + lasts);
            let found = Credentials::new("id", "secret", None, end, "test");
            if self.gives { Ok(found) } else { Err(CredentialsError::provider_error("no code was typed")) }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_them_may_take_minutes_and_is_asked_once() {
    let slow = Slow::new(200);
    let session = FakeAws::new(|_| Answer::ok()).session_by(slow.shared());
    let calls = (0..16).map(|_| logs::filters((&session).into(), "/app"));
    for read in join_all(calls).await {
        read.expect("read");
    }
    assert_eq!(slow.asked(), 1);
    assert_eq!(session.calls(), 16, "nothing is retried");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_to_all_who_waited_and_the_next_one_asks_again() {
    let none = Slow { gives: false, ..Slow::new(40) };
    let aws = FakeAws::new(|_| Answer::ok());
    let session = aws.session_by(none.shared());
    let calls = (0..16).map(|_| logs::filters((&session).into(), "/app"));
    for read in join_all(calls).await {
        let error = crate::error::Error::from(read.expect_err("no credentials"));
        assert_eq!(error.code, Code::BadCredentials);
        assert!(error.message.contains("no code was typed"), "{error}");
    }
    assert_eq!((none.asked(), aws.requests().len()), (1, 0));
    tokio::time::sleep(Duration::from_millis(1)).await;
    logs::filters((&session).into(), "/app").await.expect_err("still none");
    assert_eq!(none.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn they_are_waited_for_as_long_as_for_anything_else_and_a_stop_ends_that() {
    let begun = Instant::now();
    let error = Kept::new(Slow::new(3600).shared(), LIMIT).get().await.expect_err("too late");
    assert!(matches!(error, CredentialsError::ProviderTimedOut(_)), "{error:?}");
    assert_eq!(begun.elapsed(), LIMIT);

    let stop = super::super::Stop::new();
    let options = super::super::Options { stop: stop.clone(), ..super::super::Options::default() };
    let session = FakeAws::new(|_| Answer::ok()).session_with_source(&options, Slow::new(3600).shared());
    let (begun, read) = (Instant::now(), logs::filters((&session).into(), "/app"));
    let (read, ()) = tokio::join!(read, async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        stop.request();
    });
    assert_eq!(crate::error::Error::from(read.expect_err("stopped")).code, Code::Interrupted);
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn they_are_fetched_anew_shortly_before_they_end() {
    for (lasts, asked) in [(None, 1), (Some(3600), 1), (Some(30), 3)] {
        let slow = Slow { lasts: lasts.map(Duration::from_secs), ..Slow::new(0) };
        let kept = Kept::new(slow.shared(), LIMIT);
        for _ in 0..3 {
            kept.get().await.expect("credentials");
        }
        assert_eq!(slow.asked(), asked, "{lasts:?}");
    }
}
