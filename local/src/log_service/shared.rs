//! What the owner of a log service, its thread and its connections share.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use super::fault::{Fault, Protocol};
use super::options::Options;
use super::received::Received;
use super::requests::Requests;
use super::tls::Tls;

/// A fault, and for how many more connections it holds (`None`: for all).
#[derive(Clone, Copy, Debug)]
pub(super) struct Armed {
    fault: Fault,
    left: Option<u32>,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) received: Received,
    pub(super) tls: Tls,
    pub(super) protocol: Protocol,
    pub(super) requests: Requests,
    armed: watch::Sender<Armed>,
    connections: AtomicU64,
}

impl Shared {
    pub(super) fn new(options: &Options) -> io::Result<Self> {
        Ok(Self {
            received: Received::new(options.record.as_deref())?,
            tls: Tls::new(options.transport, options.authority_key.as_deref())?,
            protocol: options.protocol,
            requests: Requests::new(options.protocol),
            armed: watch::Sender::new(Armed { fault: options.fault, left: None }),
            connections: AtomicU64::new(0),
        })
    }

    pub(super) fn set_fault(&self, fault: Fault, left: Option<u32>) {
        self.armed.send_replace(Armed { fault, left });
    }

    pub(super) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    /// Counts one more connection; its number, from 1.
    pub(super) fn count_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The fault of one more connection; counts it.
    pub(super) fn take_fault(&self) -> Fault {
        let mut taken = Fault::None;
        self.armed.send_if_modified(|armed| {
            match &mut armed.left {
                None => taken = armed.fault,
                Some(0) => {}
                Some(left) => {
                    *left -= 1;
                    taken = armed.fault;
                }
            }
            // Counting is no news to other connections.
            false
        });
        taken
    }

    /// Tells when [`Shared::set_fault`] is called.
    pub(super) fn watch_fault(&self) -> FaultNews {
        FaultNews(self.armed.subscribe())
    }
}

/// See [`Shared::watch_fault`].
#[derive(Debug)]
pub(super) struct FaultNews(watch::Receiver<Armed>);

impl FaultNews {
    pub(super) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
