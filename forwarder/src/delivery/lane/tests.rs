use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::*;
use crate::config::Config;
use crate::destination::{Session, Taken, Traffic, Verdict, Wait};
use crate::net::FailureKind;
use crate::quarantine::refused_tests::invocation;
use crate::record::payload::Payload;
use crate::{Forwarder, Options};

/// Is full after each record and takes it at once, in the tenth of a second that its connection needs.
struct Eager(Rc<Cell<u32>>);

impl Destination for Eager {
    fn renew(&mut self, _: Instant) -> Wait<'_, ()> {
        Box::pin(async {})
    }

    fn take(&mut self, _: &Payload<'_>, events: &[LogEvent<'_>]) -> Taken {
        Taken { events: events.len(), full: true }
    }

    fn send(&mut self, _: Instant) -> Wait<'_, Result<(), Failure>> {
        self.0.set(self.0.get() + 1);
        Box::pin(async {
            tokio::time::advance(Duration::from_millis(100)).await;
            Ok(())
        })
    }

    fn receipt(&mut self, _: Instant) -> Wait<'_, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&mut self) -> Session {
        Session::default()
    }

    fn traffic(&self) -> Traffic {
        Traffic::default()
    }
}

#[tokio::test(start_paused = true)]
async fn small_records_that_are_taken_at_once_do_not_make_it_forget_the_time() {
    let invocation = invocation(&[&["m"][..]; 1000]);
    let config = r#"{"destinations":{"x":{"type":"logentries","endpoint":"127.0.0.1:1","tls":false,
        "token":"01234567-89ab-cdef-0123-456789abcdef"}}}"#;
    let mut forwarder = Forwarder::new(&Config::from_json(config).unwrap(), Options::default()).unwrap();
    let sends = Rc::new(Cell::new(0));
    forwarder.replace_destinations(|| Box::new(Eager(Rc::clone(&sends))));
    let deadline = Instant::now() + Duration::from_secs(60);
    let outcome = forwarder.handle(&invocation, deadline).await;
    assert!(Instant::now() < deadline, "it answers in time");
    assert_eq!(outcome.lanes[0].failure.as_ref().unwrap().kind, FailureKind::Deadline);
    assert!((500..600).contains(&sends.get()), "{}", sends.get());
}

/// Panics while it has a session open, once.
struct Panics {
    open: Rc<Cell<u64>>,
    panics: bool,
}

impl Destination for Panics {
    fn renew(&mut self, _: Instant) -> Wait<'_, ()> {
        Box::pin(async {})
    }

    fn take(&mut self, _: &Payload<'_>, events: &[LogEvent<'_>]) -> Taken {
        self.open.set(self.open.get() + events.len() as u64);
        Taken { events: events.len(), full: false }
    }

    fn send(&mut self, _: Instant) -> Wait<'_, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    fn receipt(&mut self, _: Instant) -> Wait<'_, Result<(), Failure>> {
        assert!(!std::mem::take(&mut self.panics), "on purpose");
        Box::pin(async { Ok(()) })
    }

    fn close(&mut self) -> Session {
        let events = self.open.take();
        Session { verdicts: vec![Verdict { events: 0..events, rejected: None }], in_doubt: 0 }
    }

    fn traffic(&self) -> Traffic {
        Traffic::default()
    }
}

#[tokio::test]
async fn a_session_that_a_panic_left_open_does_not_count_in_the_next() {
    let config = r#"{"destinations":{"x":{"type":"logentries","endpoint":"127.0.0.1:1","tls":false,
        "token":"01234567-89ab-cdef-0123-456789abcdef"}}}"#;
    let mut forwarder = Forwarder::new(&Config::from_json(config).unwrap(), Options::default()).unwrap();
    let open = Rc::new(Cell::new(0));
    forwarder.replace_destinations(|| Box::new(Panics { open: Rc::clone(&open), panics: true }));
    let deadline = Instant::now() + Duration::from_secs(60);
    let first = invocation(&[&["m"][..]; 5]);
    let run = AssertUnwindSafe(forwarder.handle(&first, deadline)).catch_unwind().await;
    assert!(run.is_err());
    assert_eq!(open.get(), 5);
    let outcome = forwarder.handle(&invocation(&[&["m"][..]; 2]), deadline).await;
    assert_eq!(outcome.lanes[0].events, 2);
    assert_eq!(outcome.account.events.delivered, 2);
}
