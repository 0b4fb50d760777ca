//! A request of HTTP/1.1, as the proxy reads it.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// A request of HTTP/1.1.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) first: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// Reads one; `None` when the client closed without a request.
    pub(super) async fn read(client: &mut BufReader<TcpStream>) -> std::io::Result<Option<Self>> {
        let first = line(client).await?;
        if first.is_empty() {
            return Ok(None);
        }
        let mut headers = Vec::new();
        loop {
            let header = line(client).await?;
            let Some((name, value)) = header.split_once(':') else {
                break;
            };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let value = |name: &str| {
            let found = headers.iter().find(|(key, _): &&(String, String)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_ascii_lowercase())
        };
        if value("expect").is_some() {
            client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let mut body = Vec::new();
        if value("transfer-encoding").is_some_and(|encoding| encoding.contains("chunked")) {
            loop {
                let size = line(client).await?;
                let size = usize::from_str_radix(size.split(';').next().unwrap_or_default(), 16)
                    .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))?;
                let start = body.len();
                body.resize(start + size, 0);
                client.read_exact(&mut body[start..]).await?;
                line(client).await?;
                if size == 0 {
                    break;
                }
            }
        } else {
            body.resize(value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0), 0);
            client.read_exact(&mut body).await?;
        }
        Ok(Some(Self { first, headers, body }))
    }
}

/// One line without its end.
async fn line(client: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    client.read_line(&mut line).await?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}
