//! Sends the events of one batch over TCP, and waits for the receipt.
//!
//! What counts as delivered depends on [`Receipt`]: that the service closes its side of the connection after ours
//! (see [`super::closing`]), or that its kernel acknowledges (see [`super::receipt`]). A session is one connection, or
//! several where the service is so slow that a proof for all of it would not come in time.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::time::Instant;

use super::closing::Closing;
use super::connection::{Connection, Target};
use super::proof::{Need, Proof, Receipt};
use crate::destination::dry::Dry;
use crate::destination::verdicts::verdicts;
use crate::destination::{Destination, Session, Surroundings, Taken, Timeouts, Traffic, Wait};
use crate::net::{Failure, FailureKind};
use crate::record::payload::{LogEvent, Payload};

/// How much is framed before it is written: one TLS write a line costs ten times as much as pieces of this
/// size, and larger ones gain nothing.
const PIECE: usize = 128 * 1024;

/// Maximum capacity of the buffer to keep after a session. One that grew beyond it for a large event is freed.
const KEPT_BUFFER: usize = 1 << 20;

/// How an event stands in the stream.
pub(crate) trait Framing {
    /// Appends an event as it goes over the wire.
    fn frame(&self, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>);

    /// Notes that the service has ended a connection, which may mean that it refuses a secret.
    fn refused(&mut self);

    /// Reads a refused secret again.
    fn renew(&mut self, until: Instant) -> Wait<'_, ()>;
}

/// A connection, which is kept from one session to the next where the receipt leaves it open.
pub(super) struct Stream<F> {
    framing: F,
    target: Target,
    timeouts: Timeouts,
    proof: Proof,
    connection: Option<Connection>,
    traffic: Traffic,
    session: Numbers,
    framed: Vec<u8>,
}

/// A service ready to use, without connecting; with an outlet, in a way that never will.
///
/// # Errors
/// A certificate file that cannot be read, a host that no certificate can name.
pub(crate) fn build(
    framing: impl Framing + 'static,
    target: Result<Target, String>,
    receipt: Receipt,
    surroundings: &Surroundings,
) -> Result<Box<dyn Destination>, String> {
    if let Some(outlet) = surroundings.outlet.clone() {
        let frame = move |payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>| {
            framing.frame(payload, event, out);
        };
        return Ok(Box::new(Dry::new(frame, outlet)));
    }
    Ok(Box::new(Stream::new(framing, target?, receipt, surroundings.timeouts)))
}

/// How far a session has come, in events.
#[derive(Default)]
struct Numbers {
    taken: u64,
    sent: u64,
    /// Those of the pieces that went over the connection as a whole.
    written: u64,
    /// Those that have their receipt, whatever becomes of the rest.
    received: u64,
    /// What the receipt for the connection in use takes; `None` while there is none in use.
    need: Option<Need>,
    /// How many bytes went over the connection in use.
    bytes: usize,
    /// Those that made the code panic; nothing of them is sent.
    unframed: Vec<u64>,
}

impl<F: Framing> Stream<F> {
    /// Makes it ready to use, without connecting.
    pub(super) fn new(framing: F, target: Target, receipt: Receipt, timeouts: Timeouts) -> Self {
        Self {
            framing,
            target,
            timeouts,
            proof: Proof::new(receipt),
            connection: None,
            traffic: Traffic::default(),
            session: Numbers::default(),
            framed: Vec::new(),
        }
    }

    async fn renewed(&mut self, until: Instant) {
        if self.connection.as_mut().is_some_and(|kept| !kept.begin_again(self.timeouts)) {
            self.connection = None;
            self.framing.refused();
        }
        self.framing.renew(until).await;
    }

    /// These services never say that a secret is wrong. One that ends the connection may mean it.
    fn suspect<T>(&mut self, result: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(Failure { kind: FailureKind::Closed | FailureKind::Reset, .. }) = result {
            self.framing.refused();
        }
        result
    }

    /// Gets a connection for this session, and says what its receipt takes.
    async fn connect(&mut self, until: Instant) -> Result<Need, Failure> {
        if let Some(need) = self.session.need {
            return Ok(need);
        }
        if !self.connection.as_mut().is_some_and(|kept| kept.begin_again(self.timeouts)) {
            self.connection = None;
            self.connection = Some(Connection::open(&self.target, self.timeouts, until).await?);
            self.traffic.connections += 1;
        }
        let need = self.proof.need();
        self.session.need = Some(need);
        self.session.bytes = 0;
        Ok(need)
    }

    fn open(&mut self) -> Result<&mut Connection, Failure> {
        self.connection.as_mut().ok_or_else(|| Failure::new(FailureKind::Closed, "there is no connection"))
    }

    fn most(&self) -> usize {
        self.proof.slice().min(PIECE)
    }

    fn is_full(&self) -> bool {
        !self.framed.is_empty() && self.framed.len() >= self.most()
    }

    async fn flush(&mut self, until: Instant) -> Result<(), Failure> {
        if self.framed.is_empty() {
            return Ok(());
        }
        let need = self.connect(until).await?;
        self.session.sent = self.session.taken;
        let framed = std::mem::take(&mut self.framed);
        let (taken, now) = (self.session.taken, Instant::now());
        // A proof needs time, too.
        let limit = match need {
            Need::Acknowledgement => until,
            Need::Close | Need::Try => until - self.proof.reserve(until.saturating_duration_since(now)),
        };
        let sent = self.open()?.send(&framed, taken, limit).await;
        self.framed = framed;
        self.session.bytes += self.framed.len();
        if let Err(failure) = self.suspect(sent) {
            if failure.kind == FailureKind::Deadline && limit < until && self.session.written > 0 {
                // What went before this piece may have arrived.
                self.prove(self.session.written, until).await?;
            } else if need == Need::Close
                && matches!(failure.kind, FailureKind::Deadline | FailureKind::Stalled)
            {
                self.proof.missed(self.session.bytes);
            }
            return Err(failure);
        }
        self.traffic.bytes += self.framed.len() as u64;
        self.framed.clear();
        self.session.written = taken;
        if need == Need::Close && self.session.bytes >= self.proof.slice() {
            self.prove(taken, until).await?;
        }
        Ok(())
    }

    /// Waits for the proof that the service has read everything that went over the connection, and that the first
    /// `events` of the session with it are delivered. The connection is over then.
    async fn prove(&mut self, events: u64, until: Instant) -> Result<(), Failure> {
        let need = self.session.need.unwrap_or(Need::Close);
        let wait = if need == Need::Try { self.timeouts.close } else { self.timeouts.progress };
        let (began, bytes) = (Instant::now(), self.session.bytes);
        let closing = self.open()?.finish(wait, until).await;
        match self.suspect(closing) {
            Ok(Closing::Closed) => self.proof.closed(bytes, began.elapsed(), self.timeouts.progress),
            Ok(Closing::StaysOpen { for_long }) if need == Need::Try => {
                if for_long {
                    self.proof.stays_open();
                }
                self.traffic.unproven += 1;
            }
            Ok(Closing::StaysOpen { .. }) => {
                self.proof.missed(bytes);
                let why = format!(
                    "the log service has acknowledged everything and did not close its side of the connection within \
                     {:?}, so nothing shows that a process has read it",
                    began.elapsed()
                );
                return Err(Failure::new(FailureKind::Stalled, why));
            }
            // A reset is what a kernel sends for a process that has ended over unread data, so it never counts as a
            // service that merely does not close.
            Err(failure) if need == Need::Try && failure.kind == FailureKind::Reset => {
                let advice = "if the log service always resets a connection whose other side is closed, set \
                              receipt = \"acknowledged\"";
                return Err(Failure { detail: format!("{}; {advice}", failure.detail), ..failure });
            }
            Err(failure) => {
                if need == Need::Close && matches!(failure.kind, FailureKind::Deadline | FailureKind::Stalled)
                {
                    self.proof.missed(bytes);
                }
                return Err(failure);
            }
        }
        self.session.received = events;
        self.session.need = None;
        self.connection = None;
        Ok(())
    }

    async fn wait(&mut self, until: Instant) -> Result<(), Failure> {
        self.flush(until).await?;
        match self.session.need {
            None => {}
            Some(Need::Acknowledgement) => {
                let receipt = self.open()?.receipt(until).await;
                self.suspect(receipt)?;
                self.traffic.unproven += u64::from(self.proof.is_auto());
            }
            Some(Need::Close | Need::Try) => self.prove(self.session.taken, until).await?,
        }
        self.session.received = self.session.taken;
        self.session.need = None;
        Ok(())
    }

    /// How many events of a session that failed the service has received all the same: what it was already known to
    /// have, and where its kernel is believed, what that has acknowledged and goes on acknowledging.
    fn received_before_failure(&mut self, session: &Numbers) -> u64 {
        let Some(need) = session.need else { return session.received };
        let Some(mut connection) = self.connection.take() else { return session.received };
        let acknowledged = if need == Need::Close { 0 } else { connection.acknowledged() };
        if acknowledged <= session.received {
            return session.received;
        }
        self.traffic.unproven += u64::from(self.proof.is_auto());
        acknowledged
    }
}

impl<F: Framing> Destination for Stream<F> {
    fn renew(&mut self, until: Instant) -> Wait<'_, ()> {
        Box::pin(self.renewed(until))
    }

    fn take(&mut self, payload: &Payload<'_>, events: &[LogEvent<'_>]) -> Taken {
        let (mut taken, most) = (0, self.most());
        while taken < events.len() && !self.is_full() {
            let (framing, out) = (&self.framing, &mut self.framed);
            let (mut whole, mut count) = (out.len(), 0);
            let run = catch_unwind(AssertUnwindSafe(|| {
                for event in &events[taken..] {
                    framing.frame(payload, event, out);
                    count += 1;
                    whole = out.len();
                    if whole >= most {
                        break;
                    }
                }
            }));
            taken += count;
            self.session.taken += count as u64;
            if run.is_err() {
                out.truncate(whole);
                self.session.unframed.push(self.session.taken);
                taken += 1;
                self.session.taken += 1;
            }
        }
        Taken { events: taken, full: self.is_full() }
    }

    fn send(&mut self, until: Instant) -> Wait<'_, Result<(), Failure>> {
        Box::pin(self.flush(until))
    }

    fn receipt(&mut self, until: Instant) -> Wait<'_, Result<(), Failure>> {
        Box::pin(self.wait(until))
    }

    fn close(&mut self) -> Session {
        self.framed.clear();
        self.framed.shrink_to(KEPT_BUFFER);
        let session = std::mem::take(&mut self.session);
        let (verdicts, settled) = verdicts(self.received_before_failure(&session), &session.unframed);
        Session { verdicts, in_doubt: session.sent.saturating_sub(settled) }
    }

    fn traffic(&self) -> Traffic {
        self.traffic
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::payload;

    /// As many bytes as the message says.
    struct OfSize;

    impl Framing for OfSize {
        fn frame(&self, _: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) {
            out.resize(out.len() + event.message.parse::<usize>().unwrap(), b'x');
        }

        fn refused(&mut self) {}

        fn renew(&mut self, _: Instant) -> Wait<'_, ()> {
            Box::pin(async {})
        }
    }

    /// How many bytes, and of how many events, a piece has that begins with events of these sizes.
    fn piece(sizes: impl IntoIterator<Item = usize>) -> (usize, usize, bool) {
        let events: Vec<_> = sizes.into_iter().map(|size| format!(r#"{{"message":"{size}"}}"#)).collect();
        let json = format!(r#"{{"messageType":"DATA_MESSAGE","logEvents":[{}]}}"#, events.join(","));
        let payload = payload::parse(json.as_bytes()).unwrap();
        let target = Target { host: "127.0.0.1".to_owned(), port: 1, tls: None };
        let mut stream = Stream::new(OfSize, target, Receipt::Auto, Timeouts::default());
        let taken = stream.take(&payload, &payload.events);
        (stream.framed.len(), taken.events, taken.full)
    }

    #[test]
    fn a_piece_ends_with_the_event_that_fills_it() {
        let most = PIECE.div_ceil(200);
        assert_eq!(piece([200; 1000]), (most * 200, most, true));
        assert_eq!(piece(vec![200; most - 1]), ((most - 1) * 200, most - 1, false));
        assert_eq!(piece([PIECE - 10, 9]), (PIECE - 1, 2, false));
        assert_eq!(piece([PIECE, 9]), (PIECE, 1, true));
        assert_eq!(piece([3 * PIECE, 9]), (3 * PIECE, 1, true));
        assert_eq!(piece([10, 3 * PIECE, 9]), (3 * PIECE + 10, 2, true));
    }
}
