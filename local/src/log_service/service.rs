//! A running log service, as its owner steers it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;

use super::fault::{Certificate, Fault};
use super::http::{Answer, Request};
use super::listener::{self, Command};
use super::options::Options;
use super::received::{Line, TooFewLines};
use super::shared::Shared;

/// A running log service.
#[derive(Debug)]
pub struct LogService {
    address: SocketAddr,
    shared: Arc<Shared>,
    commands: mpsc::UnboundedSender<Command>,
    thread: Option<JoinHandle<()>>,
}

impl LogService {
    /// Starts a service on a free port of 127.0.0.1; it listens when this returns.
    ///
    /// # Errors
    /// When no port can be bound, no thread can be started or no certificate can be made.
    pub fn start(options: Options) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(&options)?);
        let (commands, inbox) = mpsc::unbounded_channel();
        let (started, address) = std::sync::mpsc::channel();
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("log-service".into())
            .spawn(move || listener::run(for_thread, &options, inbox, &started))?;
        let address =
            address.recv().map_err(|_| io::Error::other("the log service's thread ended at start"))??;
        Ok(Self { address, shared, commands, thread: Some(thread) })
    }

    /// Where it listens: 127.0.0.1 and a port that stays its own while it is down.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate authority to trust, in PEM, for a client's `ca_file`. Its certificates are for
    /// `127.0.0.1` and `localhost`. Also a plain service has one, which nobody needs.
    pub fn ca_pem(&self) -> &str {
        self.shared.tls.ca_pem()
    }

    /// The key of that authority, in PEM: see [`Options::authority_key`].
    pub fn authority_key(&self) -> String {
        self.shared.tls.authority_key()
    }

    /// Changes what goes wrong, for new connections and for those that are open; byte counts of faults start
    /// at this moment.
    pub fn set_fault(&self, fault: Fault) {
        self.shared.set_fault(fault, None);
    }

    /// Like [`LogService::set_fault`], but only for the next `connections` (each open one counts);
    /// afterwards all is well.
    pub fn set_fault_for(&self, fault: Fault, connections: u32) {
        self.shared.set_fault(fault, Some(connections));
    }

    /// Changes the certificate that new connections get.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub fn set_certificate(&self, certificate: Certificate) -> io::Result<()> {
        self.shared.tls.set_certificate(certificate)
    }

    /// Takes the service down: connections are closed, new ones refused. Returns when that is so.
    pub fn stop_listening(&self) {
        self.command(Command::Stop);
    }

    /// Brings it back on the same port. Returns when it listens.
    pub fn resume(&self) {
        self.command(Command::Resume);
    }

    /// Closes every open connection and goes on listening: what an idle timeout does.
    pub fn close_connections(&self) {
        self.command(Command::CloseConnections);
    }

    /// Everything received so far, line by line, without the line feeds.
    pub fn lines(&self) -> Vec<Line> {
        self.shared.received.lines()
    }

    /// How many lines have been received so far.
    pub fn line_count(&self) -> usize {
        self.shared.received.count()
    }

    /// Forgets the lines and requests received so far.
    pub fn clear(&self) {
        self.shared.received.clear();
        self.shared.requests.clear();
    }

    /// Changes what an HTTP service answers from now on; 200 to everything at first.
    pub fn answer_with(&self, answers: impl Fn(&Request) -> Answer + Send + Sync + 'static) {
        self.shared.requests.answer_with(Arc::new(answers));
    }

    /// Says which tokens belong to a log at a [`super::Protocol::Webhook`]; before this, all do. What is sent with
    /// another is answered as if it had been stored, and is not.
    pub fn know_tokens(&self, tokens: &[&str]) {
        self.shared.requests.know_tokens(tokens.iter().map(|token| (*token).to_owned()).collect());
    }

    /// The requests that an HTTP service has read to their end, whatever it answered.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.all()
    }

    /// Every line from now on, as it arrives.
    pub fn subscribe(&self) -> mpsc::UnboundedReceiver<Line> {
        self.shared.received.subscribe()
    }

    /// Waits until at least `count` lines have arrived since the start (or the last [`LogService::clear`])
    /// and returns all of them.
    ///
    /// # Errors
    /// When `patience` ends first; the error holds what did arrive.
    pub async fn wait_for_lines(&self, count: usize, patience: Duration) -> Result<Vec<Line>, TooFewLines> {
        self.shared.received.wait_for(count, patience).await
    }

    /// How many connections have been accepted.
    pub fn connections(&self) -> u64 {
        self.shared.connections()
    }

    /// Sends a command and waits until it is carried out.
    fn command(&self, make: impl FnOnce(std::sync::mpsc::Sender<()>) -> Command) {
        let (done, wait) = std::sync::mpsc::channel();
        // When the thread is gone there is nothing to stop, resume or close, and `recv` ends at once.
        let _ = self.commands.send(make(done));
        let _ = wait.recv();
    }
}

impl Drop for LogService {
    fn drop(&mut self) {
        self.command(Command::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
