//! A log service as a process of its own, which can be stopped and killed, and which tells what its process has read.
//!
//! It is the test binary itself, started again for one of its tests; see [`serve_if_asked`]. What it reads it first
//! looks at with `MSG_PEEK` and appends to a file, and only then takes from the kernel: at every moment the file holds
//! at least what the process has read, also when it is killed.

#![allow(
    unsafe_code,
    clippy::print_stdout,
    reason = "nothing safe sends a signal; the parent reads what is printed"
)]

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

const DIRECTORY: &str = "CWL2LE_TEST_RECEIVER";

/// What a receiver does with connections from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Reads to the end and closes.
    Good,
    NeverAccepts,
    NeverReads,
    /// Hangs after this many bytes.
    ReadsSome(u32),
    /// Reads to the end and keeps the connection.
    NeverCloses,
}

impl Manner {
    fn to_number(self) -> u64 {
        match self {
            Self::Good => 0,
            Self::NeverAccepts => 1,
            Self::NeverReads => 2,
            Self::NeverCloses => 3,
            Self::ReadsSome(bytes) => 4 | u64::from(bytes) << 8,
        }
    }

    fn from_number(number: u64) -> Self {
        match number & 0xff {
            0 => Self::Good,
            1 => Self::NeverAccepts,
            2 => Self::NeverReads,
            3 => Self::NeverCloses,
            _ => Self::ReadsSome((number >> 8) as u32),
        }
    }
}

/// An authority, and a certificate of it for 127.0.0.1, as PEM files.
pub struct Certificates {
    pub folder: tempfile::TempDir,
}

impl Certificates {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        write("ca.pem", authority.pem());
        write("cert.pem", certificate.pem());
        write("key.pem", key.serialize_pem());
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Sends a signal to a process that this test has started.
pub fn signal(process: &Child, signal: i32) {
    // SAFETY: kill(2) takes two numbers; the process is ours and has not been waited for.
    assert_eq!(unsafe { libc::kill(process.id() as i32, signal) }, 0);
}

/// Stops a process, and returns when each of its threads stands still: kill(2) returns before.
pub fn stop(process: &Child) {
    signal(process, libc::SIGSTOP);
    let tasks = format!("/proc/{}/task", process.id());
    let stands_still = |task: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with('T'))
    };
    while !std::fs::read_dir(&tasks).unwrap().all(stands_still) {
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// A running receiver.
pub struct Receiver {
    pub process: Child,
    commands: ChildStdin,
    pub address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Receiver {
    /// Starts one; `test` is the name of the test that calls [`serve_if_asked`].
    pub fn start(test: &str, certificates: Option<&Certificates>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(DIRECTORY, folder.path());
        if let Some(certificates) = certificates {
            command.env("CWL2LE_TEST_CERTIFICATES", certificates.folder.path());
        }
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let commands = process.stdin.take().unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        let address = said.lines().map_while(Result::ok).find_map(|line| {
            let (_, address) = line.split_once("listens on ")?;
            address.parse().ok()
        });
        Self { process, commands, address: address.unwrap(), folder }
    }

    /// Changes what it does. Connections that were taken before keep their manner.
    pub fn behave(&mut self, manner: Manner) {
        let acknowledgement = self.folder.path().join("manner");
        let number = manner.to_number().to_string();
        writeln!(self.commands, "{number}").unwrap();
        while std::fs::read_to_string(&acknowledgement).ok().as_deref() != Some(&number) {
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Every message `<m...>` that the process has read by now.
    pub fn has_read(&self) -> HashSet<String> {
        let mut all = HashSet::new();
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            for rest in text.split("<m").skip(1) {
                all.extend(rest.split_once('>').map(|(message, _)| format!("<m{message}>")));
            }
        }
        all
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until it is killed, if this process was started by [`Receiver::start`].
pub fn serve_if_asked() {
    let Some(folder) = std::env::var_os(DIRECTORY) else { return };
    let tls = std::env::var_os("CWL2LE_TEST_CERTIFICATES").map(|folder| tls(Path::new(&folder)));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let manner = Arc::new(AtomicU64::new(0));
    let (for_commands, place) = (Arc::clone(&manner), PathBuf::from(&folder));
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let Ok(number) = line.unwrap().parse() else { continue };
            for_commands.store(number, Ordering::SeqCst);
            let new = place.join("manner.new");
            std::fs::write(&new, format!("{number}")).unwrap();
            std::fs::rename(new, place.join("manner")).unwrap();
        }
        // Whoever started this has gone.
        std::process::exit(0);
    });
    println!("listens on {}", listener.local_addr().unwrap());
    for number in 0.. {
        let (socket, now) = loop {
            let now = Manner::from_number(manner.load(Ordering::SeqCst));
            match listener.accept() {
                _ if now == Manner::NeverAccepts => {}
                Ok((socket, _)) => break (socket, now),
                Err(_) => {}
            }
            std::thread::sleep(Duration::from_micros(100));
        };
        socket.set_nonblocking(false).unwrap();
        let file = File::create(Path::new(&folder).join(format!("connection-{number}"))).unwrap();
        let tls = tls.clone();
        std::thread::spawn(move || serve(socket, file, tls, now));
    }
}

fn tls(folder: &Path) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

/// One connection, to its end.
fn serve(mut socket: TcpStream, mut file: File, tls: Option<Arc<ServerConfig>>, manner: Manner) {
    let mut tls = tls.map(|config| ServerConnection::new(config).unwrap());
    let mut buffer = vec![0; 16 << 10];
    let mut taken = 0;
    loop {
        let limit = match manner {
            Manner::NeverReads => hang(),
            Manner::ReadsSome(most) if taken >= most as usize => hang(),
            Manner::ReadsSome(most) => buffer.len().min(most as usize - taken),
            _ => buffer.len(),
        };
        let Ok(count) = socket.peek(&mut buffer[..limit]) else { return };
        let mut is_over = count == 0;
        let count = match &mut tls {
            None => {
                file.write_all(&buffer[..count]).unwrap();
                count
            }
            Some(tls) => {
                let read = tls.read_tls(&mut &buffer[..count]).unwrap();
                let Ok(state) = tls.process_new_packets() else { return };
                let mut plain = vec![0; state.plaintext_bytes_to_read()];
                tls.reader().read_exact(&mut plain).unwrap();
                file.write_all(&plain).unwrap();
                is_over |= state.peer_has_closed();
                read
            }
        };
        socket.read_exact(&mut buffer[..count]).unwrap();
        taken += count;
        if let Some(tls) = &mut tls {
            while tls.wants_write() {
                if tls.write_tls(&mut socket).is_err() {
                    return;
                }
            }
        }
        if is_over {
            if manner == Manner::NeverCloses {
                hang();
            }
            return;
        }
    }
}
