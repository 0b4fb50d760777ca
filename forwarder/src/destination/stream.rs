//! Log services that take a stream of bytes over TCP and answer nothing.
//!
//! What counts as delivered is what the peer's TCP has acknowledged on a connection that nobody has ended; see
//! [`crate::receipt`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::time::Instant;

use super::dry::Dry;
use super::tcp::{Connection, Target};
use super::{
    Destination, Failure, FailureKind, Patience, Rejected, Session, Surroundings, Taken, Traffic, Verdict,
    Wait,
};
use crate::payload::{LogEvent, Payload};
use crate::tls::Tls;

/// How much is framed before it is written: one TLS write a line costs ten times as much as pieces of this
/// size, and larger ones gain nothing. A few bytes more are one TLS record and one system call more.
const PIECE: usize = 128 * 1024;

/// A buffer that grew beyond this for one large event is let go of after the session.
const KEPT_BUFFER: usize = 1 << 20;

/// How an event stands in the stream.
pub(super) trait Framing {
    /// Appends an event as it goes over the wire.
    fn frame(&self, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>);

    /// Notes that the service has ended a connection, which may mean that it refuses a secret.
    fn refused(&mut self);

    /// Reads a refused secret again.
    fn renew(&mut self, until: Instant) -> Wait<'_, ()>;
}

/// Whether a piece is to be sent before an event as large as the last one. An empty piece never is.
fn is_full(framed: usize, last: usize) -> bool {
    framed > 0 && framed + last > PIECE
}

/// A connection that is kept from one session to the next.
pub(super) struct Stream<F> {
    framing: F,
    target: Target,
    patience: Patience,
    connection: Option<Connection>,
    traffic: Traffic,
    session: Numbers,
    framed: Vec<u8>,
    /// How many bytes the last event took; the next one may take as many.
    last: usize,
}

/// A service ready to use, without connecting; with an outlet, in a way that never will.
///
/// # Errors
/// A certificate file that cannot be read, a host that no certificate can name.
pub(super) fn build(
    framing: impl Framing + 'static,
    (host, port): (String, u16),
    tls: bool,
    ca_file: Option<&str>,
    surroundings: &Surroundings,
) -> Result<Box<dyn Destination>, String> {
    if let Some(outlet) = surroundings.outlet.clone() {
        let frame = move |payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>| {
            framing.frame(payload, event, out);
        };
        return Ok(Box::new(Dry::new(frame, outlet)));
    }
    let tls = if tls { Some(Tls::new(&host, ca_file)?) } else { None };
    Ok(Box::new(Stream::new(framing, Target { host, port, tls }, surroundings.patience)))
}

/// How far a session has come, in events.
#[derive(Default)]
struct Numbers {
    taken: u64,
    sent: u64,
    /// Whether the connection is in use by this session.
    begun: bool,
    /// Whether everything taken has its receipt.
    complete: bool,
    /// Those that made the code panic; nothing of them is sent.
    unframed: Vec<u64>,
}

impl<F: Framing> Stream<F> {
    /// Makes it ready to use, without connecting.
    pub(super) fn new(framing: F, target: Target, patience: Patience) -> Self {
        Self {
            framing,
            target,
            patience,
            connection: None,
            traffic: Traffic::default(),
            session: Numbers::default(),
            framed: Vec::new(),
            last: 0,
        }
    }

    async fn renewed(&mut self, until: Instant) {
        if self.connection.as_mut().is_some_and(|kept| !kept.begin_again(self.patience)) {
            self.connection = None;
            self.framing.refused();
        }
        self.framing.renew(until).await;
    }

    /// These services never say that a secret is wrong. One that ends the connection may mean it.
    fn suspect(&mut self, result: Result<(), Failure>) -> Result<(), Failure> {
        if let Err(Failure { kind: FailureKind::Closed | FailureKind::Reset, .. }) = result {
            self.framing.refused();
        }
        result
    }

    async fn connect(&mut self, until: Instant) -> Result<(), Failure> {
        if self.connection.as_mut().is_some_and(|kept| kept.begin_again(self.patience)) {
            return Ok(());
        }
        self.connection = None;
        self.connection = Some(Connection::open(&self.target, self.patience, until).await?);
        self.traffic.connections += 1;
        Ok(())
    }

    fn open(&mut self) -> Result<&mut Connection, Failure> {
        self.connection.as_mut().ok_or_else(|| Failure::new(FailureKind::Closed, "there is no connection"))
    }

    fn is_full(&self) -> bool {
        is_full(self.framed.len(), self.last)
    }

    async fn flush(&mut self, until: Instant) -> Result<(), Failure> {
        if self.framed.is_empty() {
            return Ok(());
        }
        if !self.session.begun {
            self.connect(until).await?;
            self.session.begun = true;
        }
        self.session.sent = self.session.taken;
        let framed = std::mem::take(&mut self.framed);
        let taken = self.session.taken;
        let sent = self.open()?.send(&framed, taken, until).await;
        self.framed = framed;
        self.suspect(sent)?;
        self.traffic.bytes += self.framed.len() as u64;
        self.framed.clear();
        Ok(())
    }

    async fn wait(&mut self, until: Instant) -> Result<(), Failure> {
        self.flush(until).await?;
        if self.session.begun {
            let receipt = self.open()?.receipt(until).await;
            self.suspect(receipt)?;
        }
        self.session.complete = true;
        Ok(())
    }
}

impl<F: Framing> Destination for Stream<F> {
    fn renew(&mut self, until: Instant) -> Wait<'_, ()> {
        Box::pin(self.renewed(until))
    }

    fn take(&mut self, payload: &Payload<'_>, events: &[LogEvent<'_>]) -> Taken {
        let mut taken = 0;
        while taken < events.len() && !self.is_full() {
            let (framing, out, last) = (&self.framing, &mut self.framed, &mut self.last);
            let (mut whole, mut count) = (out.len(), 0);
            let run = catch_unwind(AssertUnwindSafe(|| {
                for event in &events[taken..] {
                    framing.frame(payload, event, out);
                    count += 1;
                    *last = out.len() - whole;
                    whole = out.len();
                    if is_full(whole, *last) {
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

    /// After a failure: what a slow service has acknowledged is delivered, what went over a connection that
    /// broke is not, surely.
    fn close(&mut self) -> Session {
        self.framed.clear();
        self.framed.shrink_to(KEPT_BUFFER);
        let session = std::mem::take(&mut self.session);
        let delivered = if session.complete {
            session.taken
        } else if session.begun {
            self.connection.take().map_or(0, |mut connection| connection.acknowledged())
        } else {
            0
        };
        let (verdicts, settled) = verdicts(delivered, &session.unframed);
        Session { verdicts, in_doubt: session.sent.saturating_sub(settled) }
    }

    fn traffic(&self) -> Traffic {
        self.traffic
    }
}

/// The first `delivered` events are, but for those that were never framed. The number of events with a
/// verdict comes with it.
pub(super) fn verdicts(delivered: u64, unframed: &[u64]) -> (Vec<Verdict>, u64) {
    let mut verdicts = Vec::new();
    let mut settled = 0;
    for at in unframed.iter().filter(|at| **at <= delivered) {
        if *at > settled {
            verdicts.push(Verdict { events: settled..*at, rejected: None });
        }
        let why = "the forwarder failed on it; please report this".to_owned();
        let rejected = Some(Rejected { event_id: None, why });
        verdicts.push(Verdict { events: *at..at + 1, rejected });
        settled = at + 1;
    }
    if delivered > settled {
        verdicts.push(Verdict { events: settled..delivered, rejected: None });
        settled = delivered;
    }
    (verdicts, settled)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::payload;

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
        let mut stream = Stream::new(OfSize, target, Patience::default());
        let taken = stream.take(&payload, &payload.events);
        (stream.framed.len(), taken.events, taken.full)
    }

    #[test]
    fn a_piece_ends_before_an_event_that_is_likely_not_to_fit() {
        let most = PIECE / 200;
        assert_eq!(piece([200; 1000]), (most * 200, most, true));
        assert_eq!(piece(vec![200; most - 1]), ((most - 1) * 200, most - 1, false));
        // A large one is likely to be followed by a large one, and one is always taken.
        assert_eq!(piece([PIECE - 10, 9]), (PIECE - 10, 1, true));
        assert_eq!(piece([PIECE, 9]), (PIECE, 1, true));
        assert_eq!(piece([3 * PIECE, 9]), (3 * PIECE, 1, true));
        assert_eq!(piece([10, 3 * PIECE, 9]), (3 * PIECE + 10, 2, true));
    }

    fn told(delivered: u64, unframed: &[u64]) -> Vec<(Range<u64>, bool)> {
        let verdicts = verdicts(delivered, unframed).0;
        verdicts.into_iter().map(|verdict| (verdict.events, verdict.rejected.is_some())).collect()
    }

    #[test]
    fn what_was_never_framed_is_rejected_when_its_turn_has_come() {
        assert_eq!(told(0, &[]), []);
        assert_eq!(told(5, &[]), [(0..5, false)]);
        assert_eq!(told(0, &[0]), [(0..1, true)]);
        assert_eq!(told(5, &[2, 7]), [(0..2, false), (2..3, true), (3..5, false)]);
        assert_eq!(told(2, &[2]), [(0..2, false), (2..3, true)]);
    }
}
