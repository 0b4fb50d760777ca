use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::JoinHandle;

use cwl2le_local::log_service::{LogService, Options as Service, Transport};

use super::super::connection::{Connection, Target};
use super::super::wire::Stream;
use super::*;
use crate::destination::probe::{Probe, probe};
use crate::destination::{Settings, Timeouts};
use crate::net::tls::Trust;

const LONG: Duration = Duration::from_secs(60);

/// A peer that does this with the only connection it accepts.
fn peer(act: impl FnOnce(TcpStream) + Send + 'static) -> (Target, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (host, port) = ("127.0.0.1".to_owned(), listener.local_addr().unwrap().port());
    let thread = std::thread::spawn(move || act(listener.accept().unwrap().0));
    (Target { host, port, tls: None }, thread)
}

async fn open(target: &Target) -> Connection {
    Connection::open(target, Timeouts::default(), Instant::now() + LONG).await.unwrap()
}

async fn finish(connection: &mut Connection, wait: Duration) -> Result<Closing, Failure> {
    connection.finish(wait, Instant::now() + LONG).await
}

#[tokio::test]
async fn a_peer_that_reads_everything_closes() {
    let (target, thread) = peer(|mut socket| {
        let mut all = Vec::new();
        socket.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"line\n");
    });
    let mut connection = open(&target).await;
    connection.send(b"line\n", 1, Instant::now() + LONG).await.unwrap();
    assert_eq!(finish(&mut connection, LONG).await.unwrap(), Closing::Closed);
    thread.join().unwrap();
}

#[tokio::test]
async fn a_peer_that_never_reads_acknowledges_and_stays_open() {
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let (target, thread) = peer(move |socket| {
        let _ = wait.recv();
        drop(socket);
    });
    let mut connection = open(&target).await;
    connection.send(b"line\n", 1, Instant::now() + LONG).await.unwrap();
    let closing = finish(&mut connection, Duration::from_millis(80)).await.unwrap();
    assert_eq!(closing, Closing::StaysOpen { for_long: true });
    drop(release);
    thread.join().unwrap();
}

/// What the kernel does for a process that is killed, too.
#[tokio::test]
async fn a_peer_that_closes_over_unread_bytes_is_a_reset() {
    let (target, thread) = peer(|socket| {
        socket.peek(&mut [0]).unwrap();
        drop(socket);
    });
    let mut connection = open(&target).await;
    connection.send(b"line\n", 1, Instant::now() + LONG).await.unwrap();
    let failure = finish(&mut connection, LONG).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Reset, "{failure}");
    thread.join().unwrap();
}

#[tokio::test]
async fn a_peer_that_ends_its_side_first_proves_nothing() {
    let (told, tell) = std::sync::mpsc::channel();
    let (target, thread) = peer(move |mut socket| {
        socket.read_exact(&mut [0; 5]).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        told.send(()).unwrap();
        socket.read_to_end(&mut Vec::new()).unwrap();
    });
    let mut connection = open(&target).await;
    connection.send(b"line\nline\n", 2, Instant::now() + LONG).await.unwrap();
    tell.recv().unwrap();
    // The kernel knows a moment later; the runtime need not.
    while connection.standing().unwrap().open {
        tokio::task::yield_now().await;
    }
    let failure = finish(&mut connection, LONG).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Closed, "{failure}");
    drop(connection);
    thread.join().unwrap();
}

/// Its FIN comes while bytes are under way, so it was no answer to ours.
#[tokio::test]
async fn a_peer_that_ends_its_side_before_it_has_everything_proves_nothing() {
    let (told, tell) = std::sync::mpsc::channel::<()>();
    let (target, thread) = peer(move |socket| {
        tell.recv().unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        // Not closed, and not read, until the test has its answer.
        let _ = tell.recv();
    });
    let mut connection = open(&target).await;
    // More than both kernels hold.
    let much = vec![b'x'; 32 << 20];
    let sending = connection.send(&much, 1, Instant::now() + Duration::from_millis(100));
    assert_eq!(sending.await.unwrap_err().kind, FailureKind::Deadline);
    told.send(()).unwrap();
    let failure = finish(&mut connection, LONG).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Closed, "{failure}");
    drop((connection, told));
    thread.join().unwrap();
}

#[tokio::test]
async fn what_a_peer_says_before_it_closes_is_read() {
    let (target, thread) = peer(|mut socket| {
        socket.read_to_end(&mut Vec::new()).unwrap();
        socket.write_all(&[b'x'; 100_000]).unwrap();
    });
    let mut connection = open(&target).await;
    connection.send(b"line\n", 1, Instant::now() + LONG).await.unwrap();
    assert_eq!(finish(&mut connection, LONG).await.unwrap(), Closing::Closed);
    thread.join().unwrap();
}

fn settings(service: &LogService, ca_file: Option<&std::path::Path>) -> Settings {
    let keys = serde_json::json!({"endpoint": service.address(), "tls": ca_file.is_some()});
    let mut keys = keys;
    if let Some(path) = ca_file {
        keys["ca_file"] = serde_json::json!(path);
    }
    Settings::read("syslog", keys).unwrap().unwrap()
}

#[tokio::test]
async fn the_second_handshake_resumes_the_session_of_the_first() {
    for transport in [Transport::Tls12, Transport::Tls13] {
        let service = LogService::start(Service::with_transport(transport)).unwrap();
        let mut ca = tempfile::NamedTempFile::new().unwrap();
        ca.write_all(service.ca_pem().as_bytes()).unwrap();
        let Settings::Syslog(syslog) = settings(&service, Some(ca.path())) else { unreachable!() };
        let target = syslog.target(&Trust::file(ca.path().to_str())).unwrap();
        let mut kinds = Vec::new();
        for _ in 0..3 {
            let mut connection = open(&target).await;
            let Stream::Tls(tls) = &connection.stream else { unreachable!() };
            kinds.push(tls.get_ref().1.handshake_kind().unwrap());
            connection.send(b"line\n", 1, Instant::now() + LONG).await.unwrap();
            assert_eq!(finish(&mut connection, LONG).await.unwrap(), Closing::Closed);
        }
        use rustls::HandshakeKind::{Full, Resumed};
        assert_eq!(kinds, [Full, Resumed, Resumed], "{transport:?}");
        assert_eq!(service.line_count(), 3);
    }
}

#[tokio::test]
async fn a_probe_finds_out_whether_a_service_closes_and_sends_nothing() {
    let until = || Instant::now() + LONG;
    let timeouts = Timeouts { close: Duration::from_millis(80), ..Timeouts::default() };
    let service = LogService::start(Service::default()).unwrap();
    let found =
        probe(&settings(&service, None), Timeouts { close: LONG, ..timeouts }, until()).await.unwrap();
    assert!(matches!(found, Some(Probe::Closes(_))), "{found:?}");
    assert_eq!(service.line_count(), 0);

    service.set_fault(cwl2le_local::log_service::Fault::Stall);
    let found = probe(&settings(&service, None), timeouts, until()).await.unwrap();
    assert_eq!(found, Some(Probe::StaysOpen));

    service.stop_listening();
    let failure = probe(&settings(&service, None), timeouts, until()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Connect);

    let answers = serde_json::json!({"url": "http://127.0.0.1:1/"});
    let answers = Settings::read("http", answers).unwrap().unwrap();
    assert_eq!(probe(&answers, timeouts, until()).await.unwrap(), None);
}
