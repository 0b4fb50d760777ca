//! The least work that any forwarder must do: decompress the records, write the same bytes to a TLS connection, close
//! it and wait until the log service closes it as well.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::Arc;

use libdeflater::Decompressor;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

/// Bytes in one write: as many as the forwarder writes at once.
const PIECE: usize = 128 << 10;

/// Writes the files that [`run`] reads: the gzip members, and the bytes to send.
pub(crate) fn write_files(folder: &Path, members: &[Vec<u8>], wire: &[u8]) -> io::Result<()> {
    let mut packed = Vec::new();
    for member in members {
        packed.extend_from_slice(&(member.len() as u64).to_le_bytes());
        packed.extend_from_slice(member);
    }
    std::fs::write(folder.join("members"), packed)?;
    std::fs::write(folder.join("wire"), wire)
}

/// Runs one invocation for each byte on standard input, and answers with a byte on standard output.
pub(crate) fn run(folder: &Path, address: &str) -> io::Result<()> {
    let packed = std::fs::read(folder.join("members"))?;
    let wire = std::fs::read(folder.join("wire"))?;
    let mut members = Vec::new();
    let mut rest = &packed[..];
    while let Some((length, after)) = rest.split_first_chunk::<8>() {
        let (member, after) = after.split_at(u64::from_le_bytes(*length) as usize);
        members.push(member);
        rest = after;
    }
    let mut decompressor = Decompressor::new();
    let largest = members.iter().map(|member| inflated_size(member)).max().unwrap_or(0);
    let mut buffer = vec![0; largest];
    let config = Arc::new(config(&folder.join("authority.pem"))?);
    while io::stdin().read(&mut [0])? == 1 {
        for member in &members {
            decompressor.gzip_decompress(member, &mut buffer).map_err(io::Error::other)?;
        }
        // The forwarder's receipt takes a new connection for each invocation, too. The second and later ones resume
        // the TLS session.
        let mut tls = connect(&config)?;
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        let mut stream = Stream::new(&mut tls, &mut socket);
        for piece in wire.chunks(PIECE) {
            stream.write_all(piece)?;
            stream.flush()?;
        }
        finish(&mut tls, &mut socket)?;
        io::stdout().write_all(b".")?;
        io::stdout().flush()?;
    }
    Ok(())
}

/// The decompressed size, which stands in the last four bytes of a gzip member.
fn inflated_size(member: &[u8]) -> usize {
    member.last_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size) as usize)
}

/// The same TLS settings as the forwarder's.
pub(crate) fn config(authority: &Path) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(authority).map_err(io::Error::other)?;
    roots.add(certificate).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn connect(config: &Arc<ClientConfig>) -> io::Result<ClientConnection> {
    let name = ServerName::try_from("127.0.0.1").map_err(io::Error::other)?;
    ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)
}

/// Half-closes the connection and waits until the log service closes its side.
fn finish(tls: &mut ClientConnection, socket: &mut TcpStream) -> io::Result<()> {
    tls.send_close_notify();
    while tls.wants_write() {
        tls.write_tls(socket)?;
    }
    socket.shutdown(Shutdown::Write)?;
    // The log service sends TLS session tickets before it closes.
    while tls.read_tls(socket)? > 0 {
        tls.process_new_packets().map_err(io::Error::other)?;
    }
    Ok(())
}
