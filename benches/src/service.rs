//! A log service that compares every byte with the expected one when it arrives.

use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

/// Timeout for a load: longer than any takes, under valgrind as well.
const PATIENCE: Duration = Duration::from_secs(300);

/// Accepts lines over TLS 1.3 on 127.0.0.1 until the program ends.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    expected: Arc<Vec<u8>>,
    arrived: usize,
    first: Option<Instant>,
    /// The position of the first wrong byte.
    wrong: Option<usize>,
}

impl Service {
    /// Starts it, and writes the certificate of the authority that clients must trust to a file.
    pub(crate) fn start(authority: &Path) -> io::Result<Self> {
        let config = Arc::new(tls(authority)?);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = Arc::<(Mutex<State>, Condvar)>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (config, shared) = (Arc::clone(&config), Arc::clone(&shared));
                // A client that disconnects ends its thread; `arrived` notices missing bytes.
                std::thread::spawn(move || serve(stream, config, &shared));
            }
        });
        Ok(Self { address, state })
    }

    /// Expects exactly these bytes from now on.
    pub(crate) fn expect(&self, wire: &Arc<Vec<u8>>) {
        *lock(&self.state.0) = State { expected: Arc::clone(wire), ..State::default() };
    }

    /// Waits until all expected bytes have arrived; the time when the first one did.
    pub(crate) fn arrived(&self) -> Result<Instant, String> {
        let waiting = |state: &mut State| state.wrong.is_none() && state.arrived < state.expected.len();
        let waited = self.state.1.wait_timeout_while(lock(&self.state.0), PATIENCE, waiting);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match (state.wrong, state.first) {
            (Some(at), _) => {
                Err(format!("byte {at} of {} is another one than it should be", state.expected.len()))
            }
            (None, Some(first)) if state.arrived == state.expected.len() => Ok(first),
            _ => Err(format!("{} of {} bytes arrived", state.arrived, state.expected.len())),
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut socket: TcpStream, config: Arc<ServerConfig>, state: &(Mutex<State>, Condvar)) -> Option<()> {
    let mut tls = ServerConnection::new(config).ok()?;
    let mut stream = Stream::new(&mut tls, &mut socket);
    let mut buffer = vec![0; 256 << 10];
    loop {
        let bytes = match stream.read(&mut buffer).ok()? {
            0 => return None,
            length => &buffer[..length],
        };
        let mut state_now = lock(&state.0);
        state_now.take(bytes);
        let done = state_now.wrong.is_some() || state_now.arrived >= state_now.expected.len();
        drop(state_now);
        if done {
            state.1.notify_all();
        }
    }
}

impl State {
    fn take(&mut self, bytes: &[u8]) {
        self.first.get_or_insert_with(Instant::now);
        let expected = self.expected.get(self.arrived..).unwrap_or_default();
        if self.wrong.is_none() && !expected.starts_with(bytes) {
            let same = expected.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            self.wrong = Some(self.arrived + same);
        }
        self.arrived += bytes.len();
    }
}

/// A certificate for 127.0.0.1, signed by a new authority whose certificate is written to `authority`.
fn tls(authority: &Path) -> io::Result<ServerConfig> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    std::fs::write(authority, certificate.pem())?;
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).map_err(io::Error::other)?;
    let certificate = params.signed_by(&key, &issuer).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .map_err(io::Error::other)
}
