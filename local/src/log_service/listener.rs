//! The service's thread: it accepts, obeys commands and owns every connection.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Weak};

use socket2::{SockRef, Socket};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::connection;
use super::options::Options;
use super::shared::Shared;
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
                let number = shared.count_connection();
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
