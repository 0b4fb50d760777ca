use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use cwl2le_local::ReservedPort;
use cwl2le_local::log_service::{LogService, Options, Transport};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

use super::*;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);

async fn get(client: &Client, url: &str, patience: Duration, time: Duration) -> Result<Answer, Failure> {
    let request = Request::get(url).body(Bytes::new()).unwrap();
    client.send(request, patience, Instant::now() + time).await
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test]
async fn a_connection_is_kept_and_redirects_are_answers() {
    let (listener, port) = listener();
    std::thread::spawn(move || {
        // One connection only: a second would wait forever.
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        for status in ["302 x\r\nLocation: http://127.0.0.1:1/", "418 x"] {
            let mut line = String::new();
            while line != "\r\n" {
                line.clear();
                assert_ne!(reader.read_line(&mut line).unwrap(), 0);
            }
            stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nhi").as_bytes()).unwrap();
        }
    });
    let client = Client::new(None).unwrap();
    for status in [302, 418] {
        let answer = get(&client, &format!("http://127.0.0.1:{port}/a"), LONG, LONG).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.body.as_ref()), (status, b"hi".as_slice()));
    }
}

#[tokio::test]
async fn failures_have_their_kind_and_no_url() {
    let (hangs_up, closed_port) = listener();
    std::thread::spawn(move || hangs_up.incoming().for_each(drop));
    let (_silent, silent_port) = listener();
    let nobody = ReservedPort::new().unwrap();
    let tls = LogService::start(Options::with_transport(Transport::Tls13)).unwrap();
    let client = Client::new(None).unwrap();
    for (url, time, kind) in [
        ("http://no-such-host.invalid".to_owned(), LONG, FailureKind::Dns),
        (nobody.url(), LONG, FailureKind::Connect),
        (format!("http://127.0.0.1:{closed_port}"), LONG, FailureKind::Closed),
        (format!("http://127.0.0.1:{silent_port}"), LONG, FailureKind::Stalled),
        (format!("http://127.0.0.1:{silent_port}"), SHORT / 2, FailureKind::Deadline),
        (format!("https://{}", tls.address()), LONG, FailureKind::Certificate),
    ] {
        let patience = if kind == FailureKind::Stalled { SHORT } else { LONG };
        let failure = get(&client, &format!("{url}/bulk/token?q=token"), patience, time).await.unwrap_err();
        assert!(failure.kind == kind || reset_is_closed(&failure, kind), "{url} {kind:?}: {failure:?}");
        assert!(!failure.detail.contains("token"), "{failure}");
    }
}

/// Unread bytes turn a close into a reset.
fn reset_is_closed(failure: &Failure, wanted: FailureKind) -> bool {
    wanted == FailureKind::Closed && failure.kind == FailureKind::Reset
}

#[tokio::test]
async fn http_2_is_spoken_where_the_server_offers_it() {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let mut ca = tempfile::NamedTempFile::new().unwrap();
    ca.write_all(certificate.pem().as_bytes()).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (listener, port) = listener();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut tls = ServerConnection::new(Arc::new(config)).unwrap();
        let mut preface = [0; 24];
        Stream::new(&mut tls, &mut stream).read_exact(&mut preface).unwrap();
        preface
    });
    let client = Client::new(ca.path().to_str()).unwrap();
    // The server says nothing more than its name.
    let url = format!("https://localhost:{port}/");
    get(&client, &url, LONG, LONG).await.unwrap_err();
    assert_eq!(&server.join().unwrap(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
}
