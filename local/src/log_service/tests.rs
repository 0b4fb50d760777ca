use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn start(options: Options) -> LogService {
    LogService::start(options).unwrap()
}

/// A blocking TLS client that trusts the service's authority.
fn tls_client(service: &LogService) -> io::Result<rustls::StreamOwned<rustls::ClientConnection, TcpStream>> {
    tls_client_of(service.address(), service.ca_pem())
}

fn tls_client_of(
    address: SocketAddr,
    ca_pem: &str,
) -> io::Result<rustls::StreamOwned<rustls::ClientConnection, TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    let mut connection =
        rustls::ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut tcp = TcpStream::connect(address)?;
    connection.complete_io(&mut tcp)?;
    Ok(rustls::StreamOwned::new(connection, tcp))
}

#[tokio::test]
async fn lines_arrive_in_order_on_every_transport() {
    for transport in [Transport::Plain, Transport::Tls12, Transport::Tls13] {
        let service = start(Options::with_transport(transport));
        let mut news = service.subscribe();
        let mut client: Box<dyn Write> = match transport {
            Transport::Plain => Box::new(TcpStream::connect(service.address()).unwrap()),
            _ => Box::new(tls_client(&service).unwrap()),
        };
        client.write_all(b"t one\nt tw").unwrap();
        client.write_all(b"o\n\nrest without end").unwrap();
        client.flush().unwrap();
        let lines = service.wait_for_lines(3, PATIENCE).await.unwrap();
        assert_eq!(lines.iter().map(Line::text).collect::<Vec<_>>(), ["t one", "t two", ""]);
        assert_eq!((lines[1].token().as_str(), lines[1].message().as_str()), ("t", "two"));
        assert_eq!(news.recv().await.unwrap().text(), "t one");
        assert_eq!(service.connections(), 1);
    }
}

#[tokio::test]
async fn a_record_holds_what_was_read_and_another_service_goes_on_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("lines");
    let first = start(Options { record: Some(record.clone()), ..Options::with_transport(Transport::Tls13) });
    let mut client = tls_client(&first).unwrap();
    client.write_all(b"one\ntwo\nrest").unwrap();
    client.flush().unwrap();
    first.wait_for_lines(2, PATIENCE).await.unwrap();
    assert_eq!(std::fs::read_to_string(&record).unwrap(), "\none\ntwo\n");

    // In the place of the first, for clients that trust that one.
    let port = crate::ReservedPort::new().unwrap();
    let authority_key = Some(first.authority_key());
    let second = start(Options {
        address: Some(port.address()),
        authority_key,
        record: Some(record.clone()),
        ..Options::with_transport(Transport::Tls13)
    });
    assert_eq!(second.address(), port.address());
    let mut client = tls_client_of(port.address(), first.ca_pem()).unwrap();
    client.write_all(b"three\n").unwrap();
    client.flush().unwrap();
    second.wait_for_lines(1, PATIENCE).await.unwrap();
    assert_eq!(std::fs::read_to_string(&record).unwrap(), "\none\ntwo\n\nthree\n");
}

#[tokio::test]
async fn too_few_lines_are_an_error_that_holds_them() {
    let service = start(Options::default());
    let error = service.wait_for_lines(1, Duration::from_millis(1)).await.unwrap_err();
    assert!(error.to_string().starts_with("0 of 1 lines arrived"), "{error}");
}

#[tokio::test]
async fn it_goes_down_and_comes_back_on_the_same_port() {
    let service = start(Options::default());
    let mut old = TcpStream::connect(service.address()).unwrap();
    service.stop_listening();
    assert_eq!(TcpStream::connect(service.address()).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    assert!(matches!(old.read(&mut [0; 1]), Ok(0) | Err(_)), "the old connection is closed");
    service.resume();
    TcpStream::connect(service.address()).unwrap().write_all(b"back\n").unwrap();
    service.wait_for_lines(1, PATIENCE).await.unwrap();
    service.close_connections();
}

#[tokio::test]
async fn a_reset_comes_after_exactly_so_many_bytes() {
    let service = start(Options { fault: Fault::ResetAfter(4), ..Options::default() });
    let mut client = TcpStream::connect(service.address()).unwrap();
    client.write_all(b"1\n2\n3\n").unwrap();
    assert_eq!(client.read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(service.line_count(), 2);
}

#[tokio::test]
async fn a_half_closed_service_reads_on() {
    let service = start(Options { fault: Fault::HalfCloseAfter(2), ..Options::default() });
    let mut client = TcpStream::connect(service.address()).unwrap();
    client.write_all(b"1\n").unwrap();
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    client.write_all(b"2\n").unwrap();
    service.wait_for_lines(2, PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_stalled_service_reads_again_when_the_fault_is_lifted() {
    for fault in [Fault::Stall, Fault::HandshakeStuck, Fault::StallAfter(0), Fault::SlowAccept(PATIENCE * 60)]
    {
        let service = start(Options { fault, ..Options::default() });
        TcpStream::connect(service.address()).unwrap().write_all(b"1\n").unwrap();
        service.set_fault(Fault::None);
        service.wait_for_lines(1, PATIENCE).await.unwrap();
    }
}

#[tokio::test]
async fn a_fault_can_be_for_some_connections_only() {
    let service = start(Options::default());
    service.set_fault_for(Fault::CloseAtOnce, 2);
    for _ in 0..2 {
        assert_eq!(TcpStream::connect(service.address()).unwrap().read(&mut [0; 1]).unwrap(), 0);
    }
    TcpStream::connect(service.address()).unwrap().write_all(b"1\n").unwrap();
    service.wait_for_lines(1, PATIENCE).await.unwrap();
}

#[test]
fn bad_certificates_are_refused_by_the_client() {
    let service = start(Options::with_transport(Transport::Tls13));
    for (certificate, expected) in [
        (Certificate::Expired, "Expired"),
        (Certificate::WrongName, "NotValidForName"),
        (Certificate::UnknownAuthority, "BadSignature"),
    ] {
        service.set_certificate(certificate).unwrap();
        let error = tls_client(&service).unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains(expected) || text.contains("UnknownIssuer"), "{certificate:?}: {text}");
    }
    service.set_certificate(Certificate::Valid).unwrap();
    tls_client(&service).unwrap();
}

#[tokio::test]
async fn lines_may_have_their_lengths_before_them() {
    let service = start(Options { protocol: Protocol::Syslog, ..Options::default() });
    let mut client = TcpStream::connect(service.address()).unwrap();
    client.write_all(b"3 one7 two\nlin").unwrap();
    client.write_all(b"e").unwrap();
    let lines = service.wait_for_lines(2, PATIENCE).await.unwrap();
    assert_eq!(lines.iter().map(Line::text).collect::<Vec<_>>(), ["one", "two\nlin"]);
}

#[test]
fn it_answers_requests_and_takes_lines_of_those_that_it_accepts() {
    let service = start(Options { protocol: Protocol::Http, ..Options::default() });
    service.answer_with(|request| {
        if request.body.starts_with(b"bad") {
            Answer::status(400).header("X", "y").body("no")
        } else {
            Answer::status(204)
        }
    });
    let mut client = TcpStream::connect(service.address()).unwrap();
    client
        .write_all(
            b"POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nbad\nPOST /b HTTP/1.1\r\nContent-Length: 5\r\n",
        )
        .unwrap();
    client.write_all(b"\r\ngood\n").unwrap();
    let expected = "HTTP/1.1 400 As Told\r\nX: y\r\nContent-Length: 2\r\n\r\nnoHTTP/1.1 204 As Told\r\n\r\n";
    let mut answers = vec![0; expected.len()];
    client.read_exact(&mut answers).unwrap();
    assert_eq!(String::from_utf8(answers).unwrap(), expected);
    assert_eq!(service.lines().iter().map(Line::text).collect::<Vec<_>>(), ["good"]);
    let told: Vec<_> = service.requests().into_iter().map(|request| (request.line, request.status)).collect();
    assert_eq!(told, [("POST /a".to_owned(), 400), ("POST /b".to_owned(), 204)]);
}
