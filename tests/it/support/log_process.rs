//! A log service in a process of its own, which can be stopped and killed like a real one.
//!
//! The process is this test binary again: it runs the test `chain::soak::the_log_service` alone, which calls [`serve`].

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cwl2le_local::ReservedPort;
use cwl2le_local::log_service::{LogService, Options, Transport};

/// Names the folder of the process that is to be a log service.
const FOLDER: &str = "CWL2LE_TEST_LOG_PROCESS";
/// Maximum time for the process to start.
const STARTING: Duration = Duration::from_secs(60);

/// A log service in a process of its own. It listens on the same port whenever it runs.
pub(crate) struct LogProcess {
    folder: tempfile::TempDir,
    port: ReservedPort,
    child: Child,
    record: Record,
}

/// What the processes have read so far.
struct Record {
    file: File,
    /// The beginning of a line.
    rest: Vec<u8>,
}

impl LogProcess {
    /// Starts it, with TLS 1.3.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Makes the certificate authority that all processes share.
        let options = Options::with_transport(Transport::Tls13);
        let first = LogService::start(options).expect("a log service");
        std::fs::write(folder.path().join("ca.pem"), first.ca_pem()).expect("written");
        std::fs::write(folder.path().join("key.pem"), first.authority_key()).expect("written");
        let record = folder.path().join("lines");
        std::fs::write(&record, "").expect("written");
        let record = Record { file: File::open(record).expect("the record"), rest: Vec::new() };
        let port = ReservedPort::new().expect("a port");
        let child = spawn(folder.path(), port.address());
        Self { folder, port, child, record }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The certificates to trust.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Hands a line to the function that the process was started with.
    pub(crate) fn tell(&mut self, what: &str) {
        let stdin = self.child.stdin.as_mut().expect("a pipe");
        writeln!(stdin, "{what}").and_then(|()| stdin.flush()).expect("the log service reads");
    }

    /// Sends a signal to the process, such as `STOP` and `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let signal = format!("-{name}");
        let sent = Command::new("kill").args([&signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success(), "{name}");
    }

    /// Ends the process with SIGKILL. Returns when it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Starts another process in the place of one that was killed.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.folder.path(), self.port.address());
    }

    /// The lines that were read since the last call, by whichever process.
    pub(crate) fn new_lines(&mut self) -> Vec<String> {
        let Record { file, rest } = &mut self.record;
        file.read_to_end(rest).expect("the record");
        let end = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines: Vec<u8> = rest.drain(..end).collect();
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }
}

impl Drop for LogProcess {
    fn drop(&mut self) {
        // One that is gone already needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the process and waits until it accepts connections.
fn spawn(folder: &Path, address: SocketAddr) -> Child {
    let binary = std::env::current_exe().expect("this binary");
    let mut child = Command::new(binary)
        .args(["chain::soak::the_log_service", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, format!("{address} {}", folder.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("this binary runs");
    let deadline = Instant::now() + STARTING;
    while TcpStream::connect(address).is_err() {
        assert!(child.try_wait().expect("a child").is_none(), "the log service ended");
        assert!(Instant::now() < deadline, "the log service does not listen");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

/// What the test `the_log_service` does: nothing, unless it is the process of a [`LogProcess`]. Then it serves until
/// that one is dropped; each line of [`LogProcess::tell`] goes to `told`.
pub(crate) fn serve(told: impl Fn(&LogService, &str)) {
    let Ok(place) = std::env::var(FOLDER) else { return };
    let (address, folder) = place.split_once(' ').expect("an address and a folder");
    let key = std::fs::read_to_string(Path::new(folder).join("key.pem")).expect("a key");
    let service = LogService::start(Options {
        address: Some(address.parse().expect("an address")),
        authority_key: Some(key),
        record: Some(Path::new(folder).join("lines")),
        ..Options::with_transport(Transport::Tls13)
    });
    let service = service.expect("a log service");
    for line in BufReader::new(std::io::stdin()).lines() {
        told(&service, &line.expect("a line"));
    }
}
