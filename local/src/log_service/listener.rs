//! The service's thread: it accepts, obeys commands and owns every connection.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use socket2::{SockRef, Socket};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::Options;
use super::connection;
use super::fault::{Fault, Protocol};
use super::http::Requests;
use super::received::Received;
use super::tls::Tls;
use crate::ReservedPort;
use crate::reserved_port::bound;

/// Answers a command when it is carried out.
pub(super) type Done = std::sync::mpsc::Sender<()>;

/// What the owner of a service can ask of its thread.
#[derive(Debug)]
pub(super) enum Command {
    Stop(Done),
    Resume(Done),
    CloseConnections(Done),
    End(Done),
}

/// A fault, and for how many more connections it holds (`None`: for all).
#[derive(Clone, Copy, Debug)]
pub(super) struct Armed {
    fault: Fault,
    left: Option<u32>,
}

/// What owner, thread and connections share.
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

/// Runs a service until it is told to end. The address, or why there is none, goes to `started`.
pub(super) fn run(
    shared: Arc<Shared>,
    options: &Options,
    inbox: mpsc::UnboundedReceiver<Command>,
    started: &std::sync::mpsc::Sender<io::Result<SocketAddr>>,
) {
    let receive_buffer = options.receive_buffer;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = runtime.and_then(|runtime| {
        runtime.block_on(async {
            // Keeps the port ours while the service is down.
            let reserved = if options.address.is_none() { Some(ReservedPort::new()?) } else { None };
            let reserved = reserved.as_ref().map(ReservedPort::address);
            let address = options.address.or(reserved).ok_or(io::ErrorKind::AddrNotAvailable)?;
            let listener = bind(address, receive_buffer)?.listen(1024)?;
            let _ = started.send(Ok(address));
            serve(&shared, receive_buffer, address, listener, inbox).await;
            Ok(())
        })
    });
    if let Err(error) = result {
        let _ = started.send(Err(error));
    }
}

fn bind(address: SocketAddr, receive_buffer: Option<u32>) -> io::Result<TcpSocket> {
    let socket = bound(address)?;
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    Ok(socket)
}

async fn serve(
    shared: &Arc<Shared>,
    receive_buffer: Option<u32>,
    address: SocketAddr,
    listener: TcpListener,
    mut inbox: mpsc::UnboundedReceiver<Command>,
) {
    let mut listener = Some(listener);
    let mut open = Connections::default();
    loop {
        tokio::select! {
            command = inbox.recv() => match command {
                Some(Command::Stop(done)) => {
                    listener.take().iter().for_each(|listener| shut(&SockRef::from(listener)));
                    open.close().await;
                    let _ = done.send(());
                }
                Some(Command::Resume(done)) => {
                    if listener.is_none() {
                        listener = bind(address, receive_buffer).and_then(|socket| socket.listen(1024)).ok();
                    }
                    let _ = done.send(());
                }
                Some(Command::CloseConnections(done)) => {
                    open.close().await;
                    let _ = done.send(());
                }
                Some(Command::End(done)) => {
                    listener.take().iter().for_each(|listener| shut(&SockRef::from(listener)));
                    open.close().await;
                    let _ = done.send(());
                    return;
                }
                None => return,
            },
            stream = accept(listener.as_ref()) => {
                let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
                open.serve(shared, stream, number);
            }
            // Ended connections are let go of.
            Some(_) = open.tasks.join_next() => open.twins.retain(|twin| twin.strong_count() > 0),
        }
    }
}

/// Ends a socket for everybody. A process that another thread is just starting has a copy of each until it runs its own
/// program, and closing ours alone would leave the kernel to accept and acknowledge for that long.
fn shut(socket: &Socket) {
    // One that has ended already needs no end.
    let _ = socket.shutdown(Shutdown::Both);
}

/// The connections that are open.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    /// Each task has its own, so that none outlives the connection: the last to close it is who sends a reset.
    twins: Vec<Weak<Socket>>,
}

impl Connections {
    fn serve(&mut self, shared: &Arc<Shared>, stream: TcpStream, number: u64) {
        let twin = SockRef::from(&stream).try_clone().ok().map(Arc::new);
        self.twins.extend(twin.as_ref().map(Arc::downgrade));
        let serving = connection::serve(Arc::clone(shared), stream, number);
        self.tasks.spawn(async move {
            let _twin = twin;
            serving.await;
        });
    }

    /// Ends all of them.
    async fn close(&mut self) {
        for twin in self.twins.drain(..).filter_map(|twin| twin.upgrade()) {
            shut(&twin);
        }
        self.tasks.shutdown().await;
    }
}

/// The next connection; never when the service is down.
async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    while let Some(listener) = listener {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client gave up first, or files ran out for a moment.
            Err(_) => tokio::task::yield_now().await,
        }
    }
    std::future::pending().await
}
