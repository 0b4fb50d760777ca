//! A destination that connects to nobody: what it would send goes to a [`Sink`](super::Sink), which takes everything.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::time::Instant;

use super::verdicts::verdicts;
use super::{Destination, Outlet, Session, Taken, Traffic, Wait};
use crate::net::Failure;
use crate::record::payload::{LogEvent, Payload};

/// In the place of a destination that connects; `frame` appends an event as that one sends it.
pub(super) struct Dry<F> {
    frame: F,
    outlet: Outlet,
    framed: Vec<u8>,
    /// Events that this session has taken.
    taken: u64,
    /// Those that made the code panic.
    unframed: Vec<u64>,
    traffic: Traffic,
}

impl<F: Fn(&Payload<'_>, &LogEvent<'_>, &mut Vec<u8>)> Dry<F> {
    pub(super) fn new(frame: F, outlet: Outlet) -> Self {
        let (framed, unframed) = (Vec::new(), Vec::new());
        Self { frame, outlet, framed, taken: 0, unframed, traffic: Traffic::default() }
    }
}

impl<F: Fn(&Payload<'_>, &LogEvent<'_>, &mut Vec<u8>)> Destination for Dry<F> {
    fn renew(&mut self, _: Instant) -> Wait<'_, ()> {
        Box::pin(async {})
    }

    fn take(&mut self, payload: &Payload<'_>, events: &[LogEvent<'_>]) -> Taken {
        for event in events {
            self.framed.clear();
            let (frame, out) = (&self.frame, &mut self.framed);
            if catch_unwind(AssertUnwindSafe(|| frame(payload, event, out))).is_err() {
                out.clear();
                self.unframed.push(self.taken);
            }
            self.outlet.sink.sent(&self.outlet.destination, event, &self.framed);
            self.traffic.bytes += self.framed.len() as u64;
            self.taken += 1;
        }
        Taken { events: events.len(), full: false }
    }

    fn send(&mut self, _: Instant) -> Wait<'_, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    fn receipt(&mut self, _: Instant) -> Wait<'_, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&mut self) -> Session {
        let (verdicts, _) = verdicts(std::mem::take(&mut self.taken), &std::mem::take(&mut self.unframed));
        Session { verdicts, in_doubt: 0 }
    }

    fn traffic(&self) -> Traffic {
        self.traffic
    }
}
