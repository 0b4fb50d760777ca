//! How a log service starts.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::fault::{Fault, Protocol, Transport};

/// How a log service starts.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What is spoken on a connection; plain by default.
    pub transport: Transport,
    /// The fault it starts with; none by default.
    pub fault: Fault,
    /// The kernel's receive buffer of each connection in bytes. A small one (16 KiB, say) makes the sender
    /// feel a slow reader at once; by default the kernel decides and may take megabytes nobody has read.
    pub receive_buffer: Option<u32>,
    /// What makes lines of the bytes; line feeds by default.
    pub protocol: Protocol,
    /// Where it listens; by default on a free port of 127.0.0.1, which stays its own while it is down. The port of an
    /// address that is given here is kept by the caller, for example by a [`crate::ReservedPort`].
    pub address: Option<SocketAddr>,
    /// The key of its certificate authority, from [`super::LogService::authority_key`] of another service: clients that
    /// trust that one trust this one. A new authority by default.
    pub authority_key: Option<String>,
    /// A file that each line is appended to as soon as it is read and before anything else happens on its connection.
    /// So it holds what the process has read, also if the process is killed.
    pub record: Option<PathBuf>,
}

impl Options {
    /// Default options with another transport.
    pub fn with_transport(transport: Transport) -> Self {
        Self { transport, ..Self::default() }
    }
}
