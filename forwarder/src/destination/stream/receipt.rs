//! What the kernel knows about bytes on a TCP connection.
//!
//! A successful write says that our own kernel has the bytes, nothing more. `SIOCOUTQ` and `TCP_INFO` tell whether the
//! peer's TCP has acknowledged them and whether the peer has closed or reset the connection. An acknowledgement is the
//! word of the peer's kernel: a process that hangs still gets one. That the peer closes its side after we have closed
//! ours shows that its process has read everything; see [`super::closing`].

use std::collections::VecDeque;
use std::io;

/// How a connection stands at this moment, according to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Bytes handed to the kernel that the peer has not acknowledged, sent or not.
    pub(super) unacknowledged: u64,
    /// Whether the peer has neither closed nor reset the connection. Our own side may be closed.
    pub(super) open: bool,
}

impl Standing {
    /// Asks the kernel.
    ///
    /// The order matters: a reset empties the queue of unacknowledged bytes, so the state is read after it.
    ///
    /// # Errors
    /// When the kernel refuses, which it does for what is no TCP socket; and on systems other than Linux,
    /// which the function never runs on.
    #[cfg(target_os = "linux")]
    pub(super) fn of(socket: &impl std::os::fd::AsRawFd) -> io::Result<Self> {
        let fd = socket.as_raw_fd();
        let unacknowledged = kernel::unacknowledged(fd)?;
        Ok(Self { unacknowledged, open: kernel::is_open(fd)? })
    }

    /// Not to be had on this system.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn of<T>(_socket: &T) -> io::Result<Self> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "delivery receipts need Linux, where the function runs",
        ))
    }
}

/// The two questions to the kernel.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the standard library has neither of these calls")]
mod kernel {
    use std::io;
    use std::os::fd::RawFd;

    /// `SIOCOUTQ`, tcp(7): the bytes of the send queue that are not acknowledged.
    pub(super) fn unacknowledged(fd: RawFd) -> io::Result<u64> {
        let mut bytes: libc::c_int = 0;
        // SAFETY: TIOCOUTQ, which is SIOCOUTQ on a socket, writes one int to the pointer, which is valid.
        if unsafe { libc::ioctl(fd, libc::TIOCOUTQ, &raw mut bytes) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(u64::try_from(bytes).unwrap_or(0))
    }

    /// `TCP_INFO`, tcp(7): whether the peer may still send. The states are those of the kernel's `tcp_states.h`:
    /// `ESTABLISHED`, and after our half-close `FIN_WAIT1` and `FIN_WAIT2`.
    pub(super) fn is_open(fd: RawFd) -> io::Result<bool> {
        const OPEN: [u8; 3] = [1, 4, 5];
        // The state is the first byte of the structure; the kernel writes no more than it is told to.
        let mut state: u8 = 0;
        let mut length: libc::socklen_t = 1;
        // SAFETY: the kernel writes at most `length` bytes to the first pointer; both pointers are valid.
        let result = unsafe {
            libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, (&raw mut state).cast(), &raw mut length)
        };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(OPEN.contains(&state))
    }
}

/// How much of what was sent is acknowledged, when encryption makes other bytes of it on the wire.
///
/// After each flush the position in what was sent, by any count, is noted together with that on the wire.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// (sent, on the wire), both counted from the start and growing.
    pending: VecDeque<(u64, u64)>,
    acknowledged: u64,
}

impl Marks {
    /// Notes that everything up to `sent` is on the wire up to `wire`.
    pub(super) fn note(&mut self, sent: u64, wire: u64) {
        self.pending.push_back((sent, wire));
    }

    /// How much of what was sent is acknowledged when the wire is acknowledged up to `wire`.
    pub(super) fn acknowledged(&mut self, wire: u64) -> u64 {
        while let Some(&(sent, _)) = self.pending.front().filter(|(_, needed)| *needed <= wire) {
            self.acknowledged = sent;
            self.pending.pop_front();
        }
        self.acknowledged
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    /// Waits for something the kernel does soon.
    fn eventually(what: impl Fn() -> bool) {
        while !what() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn acknowledged_bytes_leave_the_queue() {
        let (mut client, mut server) = pair();
        client.write_all(b"hello").unwrap();
        server.read_exact(&mut [0; 5]).unwrap();
        eventually(|| Standing::of(&client).unwrap() == Standing { unacknowledged: 0, open: true });
    }

    #[test]
    fn bytes_that_nobody_takes_stay_in_the_queue() {
        let (mut client, _server) = pair();
        client.set_nonblocking(true).unwrap();
        while client.write(&[0; 65536]).is_ok() {}
        let standing = Standing::of(&client).unwrap();
        assert!(standing.unacknowledged > 0 && standing.open, "{standing:?}");
    }

    #[test]
    fn a_close_and_a_reset_are_seen() {
        let (client, server) = pair();
        drop(server);
        eventually(|| !Standing::of(&client).unwrap().open);

        // Closing over unread bytes makes a reset, which empties the queue: the state tells.
        let (mut client, server) = pair();
        client.write_all(b"unread").unwrap();
        eventually(|| server.peek(&mut [0; 1]).unwrap() > 0);
        drop(server);
        eventually(|| !Standing::of(&client).unwrap().open);
    }

    #[test]
    fn marks_translate_positions() {
        let mut marks = Marks::default();
        marks.note(10, 15);
        marks.note(20, 30);
        assert_eq!([0, 14, 15, 29, 30, 99].map(|wire| marks.acknowledged(wire)), [0, 0, 10, 10, 20, 20]);
    }
}
