//! One connection to a log service, under its fault.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::fault::{Fault, Protocol};
use super::received::Cutter;
use super::requests::Reader;
use super::shared::{FaultNews, Shared};

/// A connection whose TCP end can still be reset after the handshake.
trait Stream: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Stream for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Serves one connection to its end. That a client goes away in whatever manner is no error here.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream, number: u64) {
    let mut changed = shared.watch_fault();
    let mut fault = shared.take_fault();
    // Faults from before the first byte. One that is changed meanwhile frees the connection.
    loop {
        match fault {
            Fault::Refuse => return reset(&stream),
            Fault::CloseAtOnce => return,
            Fault::SlowAccept(pause) => {
                tokio::select! {
                    () = tokio::time::sleep(pause) => break,
                    () = changed.changed() => fault = shared.take_fault(),
                }
            }
            Fault::HandshakeStuck => {
                changed.changed().await;
                fault = shared.take_fault();
            }
            _ => break,
        }
    }
    match shared.tls.acceptor() {
        None => read(&shared, stream, number, fault, changed).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                read(&shared, stream, number, fault, changed).await;
            }
        }
    }
}

/// Reads lines until the client ends or the fault does.
async fn read(
    shared: &Shared,
    mut stream: impl Stream,
    number: u64,
    mut fault: Fault,
    mut changed: FaultNews,
) {
    let mut taker =
        Taker { protocol: shared.protocol, cutter: Cutter::new(number), reader: Reader::default() };
    let mut buffer = vec![0; 64 * 1024];
    let mut since_fault = 0;
    let mut half_closed = false;
    loop {
        let limit = match next_step(fault, since_fault) {
            Step::Read(limit) => limit.min(buffer.len()),
            Step::ReadAfter(pause, limit) => {
                tokio::time::sleep(pause).await;
                limit.min(buffer.len())
            }
            Step::Reset => return reset(stream.tcp()),
            Step::HalfClose if !half_closed => {
                half_closed = true;
                let _ = stream.shutdown().await;
                continue;
            }
            Step::HalfClose => buffer.len(),
            Step::Stall => 0,
            Step::Pause(pause) => {
                tokio::time::sleep(pause).await;
                fault = Fault::None;
                continue;
            }
            Step::ResetInPause => {
                let pause = Duration::from_millis(1);
                match tokio::time::timeout(pause, stream.read(&mut buffer)).await {
                    Ok(Ok(count)) if count > 0 => {
                        if taker.take(&buffer[..count], shared, &mut stream).await.is_none() {
                            return;
                        }
                        continue;
                    }
                    // The runtime hears of bytes a little later than the kernel has them.
                    Err(_) if has_unread(stream.tcp()) => continue,
                    _ => return reset(stream.tcp()),
                }
            }
        };
        tokio::select! {
            // A fault that was set before bytes were sent is seen before them.
            biased;
            () = changed.changed() => {
                fault = shared.take_fault();
                since_fault = 0;
            }
            count = stream.read(&mut buffer[..limit]), if limit > 0 => match count {
                Ok(0) if fault == Fault::NeverClose => {
                    changed.changed().await;
                    return;
                }
                Ok(0) | Err(_) => return,
                Ok(count) => {
                    since_fault += count as u64;
                    if taker.take(&buffer[..count], shared, &mut stream).await.is_none() {
                        return;
                    }
                }
            },
        }
    }
}

/// What makes lines of the bytes of one connection.
struct Taker {
    protocol: Protocol,
    cutter: Cutter,
    reader: Reader,
}

impl Taker {
    /// Takes the next bytes, and answers where that is the custom; `None` when there is nobody to go on with.
    async fn take(&mut self, bytes: &[u8], shared: &Shared, stream: &mut impl Stream) -> Option<()> {
        match self.protocol {
            Protocol::Lines => self.cutter.feed(bytes, &shared.received),
            Protocol::Syslog => self.cutter.feed_counted(bytes, &shared.received)?,
            Protocol::Http | Protocol::Webhook => {
                for (request, answer) in self.reader.feed(bytes, &shared.requests)? {
                    self.cutter.push(request.stored, &shared.received);
                    answer.write(stream).await?;
                }
            }
        }
        Some(())
    }
}

enum Step {
    Read(usize),
    ReadAfter(Duration, usize),
    Stall,
    Pause(Duration),
    Reset,
    HalfClose,
    ResetInPause,
}

fn next_step(fault: Fault, read: u64) -> Step {
    // Up to the limit of a fault exactly, never beyond.
    let up_to = |limit: u64, then: Step| match limit.checked_sub(read) {
        None | Some(0) => then,
        Some(left) => Step::Read(usize::try_from(left).unwrap_or(usize::MAX)),
    };
    match fault {
        Fault::None | Fault::NeverClose | Fault::SlowAccept(_) => Step::Read(usize::MAX),
        Fault::Refuse | Fault::CloseAtOnce => Step::Reset,
        Fault::HandshakeStuck | Fault::Stall => Step::Stall,
        Fault::Trickle { bytes, every } => Step::ReadAfter(every, bytes.max(1)),
        Fault::StallAfter(limit) => up_to(limit, Step::Stall),
        Fault::PauseAfter(limit, pause) => up_to(limit, Step::Pause(pause)),
        Fault::ResetAfter(limit) => up_to(limit, Step::Reset),
        Fault::ResetInPauseAfter(limit) => up_to(limit, Step::ResetInPause),
        Fault::HalfCloseAfter(limit) => up_to(limit, Step::HalfClose),
    }
}

/// Makes the end of this connection a reset instead of an orderly close.
fn reset(stream: &TcpStream) {
    // A connection that is already gone needs no reset.
    let _ = stream.set_zero_linger();
}

/// Whether the kernel has bytes, at this very moment, that have not been read.
#[cfg(unix)]
fn has_unread(stream: &TcpStream) -> bool {
    use std::os::fd::AsFd as _;
    let twin = stream.as_fd().try_clone_to_owned().map(std::net::TcpStream::from);
    twin.and_then(|twin| twin.peek(&mut [0])).is_ok_and(|count| count > 0)
}

#[cfg(not(unix))]
fn has_unread(_stream: &TcpStream) -> bool {
    false
}
