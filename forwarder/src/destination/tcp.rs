//! A TCP connection, plain or TLS, that knows what the peer has acknowledged.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use super::{Failure, FailureKind, Patience};
use crate::receipt::{Marks, Standing};
use crate::tls::Tls;
#[cfg(test)]
use tests::resolve;

/// Where to connect to.
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<Tls>,
}

/// The socket, and how many bytes the kernel has taken from us.
struct Wire {
    socket: TcpStream,
    taken: u64,
}

enum Stream {
    Plain(Wire),
    Tls(Box<TlsStream<Wire>>),
}

/// An open connection.
pub(super) struct Connection {
    stream: Stream,
    marks: Marks,
    /// When the first of them was.
    began: Option<Instant>,
    patience: Duration,
    /// Whether nothing but the peer's kernel has answered yet: a plain connection that is new.
    unproven: bool,
    /// Whether the peer is known to have ended it.
    ended: bool,
}

impl Connection {
    /// Resolves, connects and shakes hands. The name is resolved every time, because addresses change.
    pub(super) async fn open(target: &Target, patience: Patience, until: Instant) -> Result<Self, Failure> {
        let address = format!("{}:{}", target.host, target.port);
        let addresses = timeout_at(until, resolve(&target.host, target.port))
            .await
            .map_err(|_| deadline("resolving", &address))?
            .map_err(|error| Failure::new(FailureKind::Dns, format!("{address}: {error}")))?;
        let mut failure = Failure::new(FailureKind::Dns, format!("{address}: no address"));
        for candidate in addresses {
            let limit = until.min(Instant::now() + patience.connect);
            match timeout_at(limit, TcpStream::connect(candidate)).await {
                Ok(Ok(socket)) => return Self::greet(socket, target, patience, until).await,
                Ok(Err(error)) => {
                    failure = Failure::new(FailureKind::Connect, format!("{address} ({candidate}): {error}"))
                }
                Err(_) if limit == until => return Err(deadline("connecting to", &address)),
                Err(_) => {
                    let why = format!("{address} ({candidate}): no answer within {:?}", patience.connect);
                    failure = Failure::new(FailureKind::Connect, why);
                }
            }
        }
        Err(failure)
    }

    async fn greet(
        socket: TcpStream,
        target: &Target,
        patience: Patience,
        until: Instant,
    ) -> Result<Self, Failure> {
        let address = format!("{}:{}", target.host, target.port);
        // Writes are coalesced here; waiting for more in the kernel only delays the end of a batch.
        socket.set_nodelay(true).map_err(|error| broken(&error))?;
        let wire = Wire { socket, taken: 0 };
        let stream = match &target.tls {
            None => Stream::Plain(wire),
            Some(tls) => {
                let limit = until.min(Instant::now() + patience.handshake);
                match timeout_at(limit, tls.connector.connect(tls.name.clone(), wire)).await {
                    Ok(Ok(stream)) => Stream::Tls(Box::new(stream)),
                    Ok(Err(error)) => return Err(handshake_failure(&address, &error)),
                    Err(_) if limit == until => return Err(deadline("greeting", &address)),
                    Err(_) => {
                        let why = format!("{address}: no answer within {:?}", patience.handshake);
                        return Err(Failure::new(FailureKind::Handshake, why));
                    }
                }
            }
        };
        Ok(Self {
            stream,
            marks: Marks::default(),
            began: None,
            patience: patience.progress,
            unproven: target.tls.is_none(),
            ended: false,
        })
    }

    /// Begins a new session on a kept connection, if it is as it was left: open, with nothing under way.
    pub(super) fn begin_again(&mut self, patience: Patience) -> bool {
        self.began = None;
        self.marks = Marks::default();
        self.patience = patience.progress_on_kept;
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
        let mut last = (u64::MAX, began);
        loop {
            let standing = self.standing()?;
            if !standing.open {
                return Err(self.how_it_ended().await);
            }
            if standing.unacknowledged == 0 {
                return self.second_thoughts(until).await;
            }
            let now = Instant::now();
            if standing.unacknowledged < last.0 {
                last = (standing.unacknowledged, now);
            }
            if now >= until {
                return Err(deadline("waiting for acknowledgement", ""));
            }
            if now >= last.1 + self.patience {
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

    /// The position in this session up to which the peer has acknowledged, if the connection is whole.
    pub(super) fn acknowledged(&mut self) -> u64 {
        match self.standing() {
            Ok(standing) if standing.open && !self.ended => {
                let wire = self.stream.wire().taken.saturating_sub(standing.unacknowledged);
                self.marks.acknowledged(wire)
            }
            _ => 0,
        }
    }

    fn standing(&self) -> Result<Standing, Failure> {
        Standing::of(&self.stream.wire().socket)
            .map_err(|error| Failure::new(FailureKind::Unsupported, error.to_string()))
    }

    /// Drives one operation to its end, reading what comes in meanwhile, as long as bytes move.
    async fn progress<T>(
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
        let mut moved = (self.on_its_way(), Instant::now());
        loop {
            let limit = until.min(moved.1 + self.patience);
            if let Ok(result) = timeout_at(limit, poll_fn(|cx| step(self, cx))).await {
                return result;
            }
            let now = (self.on_its_way(), Instant::now());
            if now.1 >= until {
                return Err(deadline("sending", ""));
            }
            if now.0 == moved.0 {
                return Err(stalled(self.patience, now.0.1));
            }
            moved = now;
        }
    }

    /// Changes whenever the kernel takes or the peer acknowledges a byte.
    fn on_its_way(&self) -> (u64, u64) {
        (self.stream.wire().taken, self.standing().map_or(0, |standing| standing.unacknowledged))
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
    async fn how_it_ended(&mut self) -> Failure {
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

fn deadline(doing: &str, address: &str) -> Failure {
    let target = if address.is_empty() { String::new() } else { format!(" {address}") };
    Failure::new(
        FailureKind::Deadline,
        format!("the time of the invocation is used up while {doing}{target}"),
    )
}

fn stalled(patience: Duration, unacknowledged: u64) -> Failure {
    let why =
        format!("no byte was taken or acknowledged for {patience:?}; {unacknowledged} bytes are under way");
    Failure::new(FailureKind::Stalled, why)
}

/// A connection that broke, by its error.
fn broken(error: &io::Error) -> Failure {
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
    Failure::new(kind, format!("{address}: {error}"))
}

impl Stream {
    fn wire(&self) -> &Wire {
        match self {
            Self::Plain(wire) => wire,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = match self {
            Self::Plain(wire) => Pin::new(wire).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, bytes),
        };
        match ready!(written) {
            Ok(0) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            result => Poll::Ready(result),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(wire) => Pin::new(wire).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(wire) => Pin::new(wire).poll_read(cx, buffer),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, buffer),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.socket).poll_write(cx, bytes));
        self.taken += *result.as_ref().unwrap_or(&0) as u64;
        Poll::Ready(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.socket).poll_write_vectored(cx, slices));
        self.taken += *result.as_ref().unwrap_or(&0) as u64;
        Poll::Ready(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[path = "tcp_tests.rs"]
mod tests;
