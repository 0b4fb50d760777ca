//! The few lines of HTTP that steering a local server takes.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::guarded::Guarded;

/// Gets `path` from a server on this machine; the answer's body, or an error for any status but 2xx.
pub(crate) async fn get(server: &Guarded, path: &str) -> Result<String, String> {
    exchange(server, "GET", path, "").await
}

/// Posts `body` (JSON) to `path` of a server on this machine.
pub(crate) async fn post(server: &Guarded, path: &str, body: &str) -> Result<String, String> {
    exchange(server, "POST", path, body).await
}

async fn exchange(server: &Guarded, method: &str, path: &str, body: &str) -> Result<String, String> {
    let port = server.port();
    let secret = server.secret().map(|secret| format!("X-Cwl2le-Secret: {secret}\r\n")).unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n{secret}Content-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = send(port, &request).await.map_err(|error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("it closed the connection")?;
    let status = head.lines().next().unwrap_or_default();
    match status.split(' ').nth(1) {
        Some(code) if code.starts_with('2') => Ok(body.to_owned()),
        _ => Err(format!("{method} {path} answered {status:?}: {body}")),
    }
}

/// HTTP 1.0 keeps it simple: no chunks, and the end of the answer is the end of the connection.
async fn send(port: u16, request: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).await?;
    connection.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
