//! A TCP connection, plain or TLS, that knows what the peer has acknowledged.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::race::{self, NoneAnswered};
use super::wire::{Stream, Wire};
use crate::destination::Timeouts;
use crate::destination::stream::receipt::{Marks, Standing};
use crate::net::tls::{Tls, Trust};
use crate::net::{Failure, FailureKind, certificate};
#[cfg(test)]
use tests::resolve;

/// Where to connect to.
pub struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: Option<Tls>,
}

impl Target {
    /// A host and port, plain or with TLS. All connections to it share one TLS configuration, and with it the session
    /// tickets that make the second handshake cheap.
    ///
    /// # Errors
    /// A certificate file that cannot be read, a host that no certificate can name.
    pub(crate) fn new((host, port): (String, u16), tls: bool, trust: &Trust) -> Result<Self, String> {
        let tls = if tls { Some(Tls::new(&host, trust)?) } else { None };
        Ok(Self { host, port, tls })
    }
}

/// An open connection.
pub(crate) struct Connection {
    pub(super) stream: Stream,
    marks: Marks,
    /// When the first of them was.
    began: Option<Instant>,
    /// How long no byte may be acknowledged.
    pub(super) patience: Duration,
    /// The same once the peer has acknowledged something in this session.
    patience_after_progress: Duration,
    /// How many bytes the peer has acknowledged, and when it was first seen that it had.
    moved: (u64, Instant),
    /// Whether nothing but the peer's kernel has answered yet: a plain connection that is new.
    unproven: bool,
    /// Whether the peer is known to have ended it.
    pub(super) ended: bool,
}

impl Connection {
    /// Resolves, connects and shakes hands. The name is resolved every time, because addresses change.
    pub(crate) async fn open(target: &Target, timeouts: Timeouts, until: Instant) -> Result<Self, Failure> {
        let address = format!("{}:{}", target.host, target.port);
        let addresses = timeout_at(until, resolve(&target.host, target.port))
            .await
            .map_err(|_| deadline("resolving", &address))?
            .map_err(|error| Failure::new(FailureKind::Dns, format!("{address}: {error}")))?;
        if addresses.is_empty() {
            return Err(Failure::new(FailureKind::Dns, format!("{address}: no address")));
        }
        match race::connect(addresses, timeouts.connect, until).await {
            Ok(socket) => Self::greet(socket, target, timeouts, until).await,
            Err(NoneAnswered { last: Some((tried, error)) }) => {
                let tried = tried.to_string();
                let place = if tried == address { tried } else { format!("{address} ({tried})") };
                Err(Failure::new(FailureKind::Connect, format!("{place}: {error}")))
            }
            Err(NoneAnswered { last: None }) => Err(deadline("connecting to", &address)),
        }
    }

    async fn greet(
        socket: TcpStream,
        target: &Target,
        timeouts: Timeouts,
        until: Instant,
    ) -> Result<Self, Failure> {
        let address = format!("{}:{}", target.host, target.port);
        // Writes are coalesced here; waiting for more in the kernel only delays the end of a batch.
        socket.set_nodelay(true).map_err(|error| broken(&error))?;
        let wire = Wire { socket, taken: 0 };
        let stream = match &target.tls {
            None => Stream::Plain(wire),
            Some(tls) => {
                let limit = until.min(Instant::now() + timeouts.handshake);
                match timeout_at(limit, tls.connector.connect(tls.name.clone(), wire)).await {
                    Ok(Ok(stream)) => Stream::Tls(Box::new(stream)),
                    Ok(Err(error)) => return Err(handshake_failure(&address, &error)),
                    Err(_) if limit == until => return Err(deadline("greeting", &address)),
                    Err(_) => {
                        let why = format!("{address}: no answer within {:?}", timeouts.handshake);
                        return Err(Failure::new(FailureKind::Handshake, why));
                    }
                }
            }
        };
        let moved = (stream.wire().taken, Instant::now());
        Ok(Self {
            stream,
            marks: Marks::default(),
            began: None,
            patience: timeouts.progress,
            patience_after_progress: timeouts.progress,
            moved,
            unproven: target.tls.is_none(),
            ended: false,
        })
    }

    /// Begins a new session on a kept connection, if it is as it was left: open, with nothing under way.
    pub(crate) fn begin_again(&mut self, timeouts: Timeouts) -> bool {
        self.began = None;
        self.marks = Marks::default();
        self.patience = timeouts.progress_on_kept;
        self.patience_after_progress = timeouts.progress;
        self.moved = (self.stream.wire().taken, Instant::now());
        let drained = self.drain(&mut Context::from_waker(std::task::Waker::noop())).is_ok();
        drained && self.standing().is_ok_and(|standing| standing.open && standing.unacknowledged == 0)
    }

    /// Writes and flushes all of `bytes`, with which the session has come to `position`.
    pub(super) async fn send(&mut self, bytes: &[u8], position: u64, until: Instant) -> Result<(), Failure> {
        self.began.get_or_insert_with(Instant::now);
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = self.progress(until, |stream, cx| stream.poll_write(cx, rest)).await?;
            rest = &rest[written..];
        }
        self.progress(until, |stream, cx| stream.poll_flush(cx)).await?;
        self.marks.note(position, self.stream.wire().taken);
        Ok(())
    }

    /// Waits until the peer has acknowledged everything and has not ended the connection.
    pub(super) async fn receipt(&mut self, until: Instant) -> Result<(), Failure> {
        let began = Instant::now();
        loop {
            let standing = self.look()?;
            if !standing.open {
                return Err(self.how_it_ended().await);
            }
            if standing.unacknowledged == 0 {
                return self.second_thoughts(until).await;
            }
            let now = Instant::now();
            if now >= until {
                return Err(deadline("waiting for acknowledgement", ""));
            }
            if now >= self.moved_at().max(began) + self.patience {
                return Err(stalled(self.patience, standing.unacknowledged));
            }
            // The kernel does not tell when bytes are acknowledged, so it is asked: as often as the timer
            // allows at first, then at a quarter of the time waited. The peer's end is told at once.
            let pause = (began.elapsed() / 4).clamp(Duration::from_millis(1), Duration::from_millis(50));
            let ended = poll_fn(|cx| match self.drain(cx) {
                Ok(()) => Poll::Pending,
                Err(failure) => Poll::Ready(failure),
            });
            if let Ok(failure) = timeout_at(until.min(now + pause), ended).await {
                return Err(failure);
            }
        }
    }

    /// Listens for the end of a connection whose service dies, or gives up an idle connection, at the very
    /// moment when its kernel acknowledges.
    ///
    /// Such a loss cannot be excluded on TCP, but it shows within about a round trip. So we listen once more
    /// for as long as sending and acknowledgement took. The kernel acknowledges also for a process that will
    /// never take the connection; a TLS handshake shows that it has, a plain connection gets more time once.
    async fn second_thoughts(&mut self, until: Instant) -> Result<(), Failure> {
        const LONGEST: Duration = Duration::from_millis(10);
        const UNPROVEN: Duration = Duration::from_millis(50);
        let took = self.began.map_or(Duration::ZERO, |began| began.elapsed()).min(LONGEST);
        let took = if std::mem::take(&mut self.unproven) { UNPROVEN } else { took };
        let ended = poll_fn(|cx| match self.drain(cx) {
            Ok(()) => Poll::Pending,
            Err(failure) => Poll::Ready(failure),
        });
        if let Ok(failure) = timeout_at(until.min(Instant::now() + took), ended).await {
            return Err(failure);
        }
        if self.standing()?.open { Ok(()) } else { Err(self.how_it_ended().await) }
    }

    /// The position in this session up to which the peer has acknowledged, if the connection is whole and the peer
    /// still acknowledges. One that has stalled gets no verdict: nobody knows whether a process is there.
    pub(super) fn acknowledged(&mut self) -> u64 {
        match self.look() {
            Ok(standing) if standing.open && !self.ended && self.moved.1.elapsed() < self.patience / 4 => {
                let wire = self.stream.wire().taken.saturating_sub(standing.unacknowledged);
                self.marks.acknowledged(wire)
            }
            _ => 0,
        }
    }

    pub(super) fn standing(&self) -> Result<Standing, Failure> {
        Standing::of(&self.stream.wire().socket)
            .map_err(|error| Failure::new(FailureKind::Unsupported, error.to_string()))
    }

    /// Asks the kernel, and notes whether the peer has acknowledged anything since the last look. Then a kept
    /// connection is known to be alive and gets the patience of a new one.
    pub(super) fn look(&mut self) -> Result<Standing, Failure> {
        let standing = self.standing()?;
        let acknowledged = self.stream.wire().taken.saturating_sub(standing.unacknowledged);
        if standing.open && acknowledged > self.moved.0 {
            self.moved = (acknowledged, Instant::now());
            self.patience = self.patience_after_progress;
        }
        Ok(standing)
    }

    /// When the peer was last seen to acknowledge something.
    pub(super) fn moved_at(&self) -> Instant {
        self.moved.1
    }

    /// Drives one operation to its end, reading what comes in meanwhile, as long as bytes move.
    pub(super) async fn progress<T>(
        &mut self,
        until: Instant,
        mut operation: impl FnMut(&mut Stream, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Result<T, Failure> {
        let mut step = |this: &mut Self, cx: &mut Context<'_>| {
            this.drain(cx)?;
            let result = ready!(operation(&mut this.stream, cx));
            Poll::Ready(result.map_err(|error| {
                this.ended = true;
                broken(&error)
            }))
        };
        // Mostly there is nothing to wait for, and nothing to measure then.
        if let Poll::Ready(result) = poll_fn(|cx| Poll::Ready(step(self, cx))).await {
            return result;
        }
        let began = Instant::now();
        loop {
            let limit = until.min(Instant::now() + self.patience / 8);
            if let Ok(result) = timeout_at(limit, poll_fn(|cx| step(self, cx))).await {
                return result;
            }
            let (standing, now) = (self.look()?, Instant::now());
            if now >= until {
                return Err(deadline("sending", ""));
            }
            if now >= self.moved_at().max(began) + self.patience {
                return Err(stalled(self.patience, standing.unacknowledged));
            }
        }
    }

    /// Reads and drops what the peer sends: TLS session tickets, or an end. Unread bytes would turn our
    /// close into a reset.
    fn drain(&mut self, cx: &mut Context<'_>) -> Result<(), Failure> {
        let mut scratch = [0; 512];
        loop {
            let mut buffer = ReadBuf::new(&mut scratch);
            match self.stream.poll_read(cx, &mut buffer) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                    self.ended = true;
                    return Err(Failure::new(FailureKind::Closed, "the log service closed the connection"));
                }
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.ended = true;
                    return Err(broken(&error));
                }
            }
        }
    }

    /// The failure of a connection that the kernel says is not open any more.
    pub(super) async fn how_it_ended(&mut self) -> Failure {
        self.ended = true;
        let read = poll_fn(|cx| match self.drain(cx) {
            Ok(()) => Poll::Pending,
            Err(failure) => Poll::Ready(failure),
        });
        // The runtime hears of it in a moment; if not, the kernel's word is enough.
        match timeout_at(Instant::now() + Duration::from_millis(20), read).await {
            Ok(failure) => failure,
            Err(_) => Failure::new(FailureKind::Closed, "the log service ended the connection"),
        }
    }
}

/// The addresses of a name at this moment. Tests have names of their own.
#[cfg(not(test))]
async fn resolve(host: &str, port: u16) -> io::Result<Vec<std::net::SocketAddr>> {
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

pub(super) fn deadline(doing: &str, address: &str) -> Failure {
    let target = if address.is_empty() { String::new() } else { format!(" {address}") };
    Failure::new(
        FailureKind::Deadline,
        format!("the time of the invocation is used up while {doing}{target}"),
    )
}

pub(super) fn stalled(patience: Duration, unacknowledged: u64) -> Failure {
    let why =
        format!("no byte was taken or acknowledged for {patience:?}; {unacknowledged} bytes are under way");
    Failure::new(FailureKind::Stalled, why)
}

/// A connection that broke, by its error.
pub(super) fn broken(error: &io::Error) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::WriteZero => FailureKind::Closed,
        _ => FailureKind::Reset,
    };
    Failure::new(kind, error.to_string())
}

fn handshake_failure(address: &str, error: &io::Error) -> Failure {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let kind = match tls {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            FailureKind::Certificate
        }
        _ => FailureKind::Handshake,
    };
    let why = certificate::refusal(error).unwrap_or_else(|| error.to_string());
    Failure::new(kind, format!("{address}: {why}"))
}

#[cfg(test)]
mod tests;
