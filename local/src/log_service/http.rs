//! A request and an answer of HTTP/1.1.

use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt as _};

/// A request that a service has read to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `POST /path?query`.
    pub line: String,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed.
    pub body: Vec<u8>,
    /// The status that it was answered with.
    pub status: u16,
    /// The lines that the service has stored of it.
    pub stored: Vec<Vec<u8>>,
}

impl Request {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the service has stored anything of it.
    pub fn is_stored(&self) -> bool {
        !self.stored.is_empty()
    }
}

/// What is answered to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(super) status: u16,
    headers: String,
    body: Vec<u8>,
    pub(super) stores: Option<bool>,
    delay: Duration,
    manner: Manner,
}

/// How an answer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Whole,
    /// The connection is closed after this many bytes of the body.
    CutAfter(usize),
    /// The connection is closed without an answer.
    HangUp,
    /// The connection stays open without an answer.
    Never,
}

impl Answer {
    /// A status without a body.
    pub fn status(status: u16) -> Self {
        let (headers, body) = (String::new(), Vec::new());
        Self { status, headers, body, stores: None, delay: Duration::ZERO, manner: Manner::Whole }
    }

    /// Stores the events, or does not, whatever the status says.
    #[must_use]
    pub fn storing(self, stores: bool) -> Self {
        Self { stores: Some(stores), ..self }
    }

    /// Comes late. The connection reads nothing meanwhile.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Closes the connection after this many bytes of the body.
    #[must_use]
    pub fn cut_after(self, bytes: usize) -> Self {
        Self { manner: Manner::CutAfter(bytes), ..self }
    }

    /// Closes the connection in the place of an answer.
    #[must_use]
    pub fn hang_up(self) -> Self {
        Self { manner: Manner::HangUp, ..self }
    }

    /// Never comes.
    #[must_use]
    pub fn never(self) -> Self {
        Self { manner: Manner::Never, ..self }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Writes the answer; `None` when there is nobody to go on with.
    pub(super) async fn write(&self, stream: &mut (impl AsyncWrite + Unpin)) -> Option<()> {
        tokio::time::sleep(self.delay).await;
        let bytes = self.bytes();
        let end = match self.manner {
            Manner::Whole => bytes.len(),
            Manner::CutAfter(left) => (bytes.len() - self.body.len() + left).min(bytes.len()),
            Manner::HangUp => 0,
            Manner::Never => std::future::pending().await,
        };
        stream.write_all(&bytes[..end]).await.ok()?;
        stream.flush().await.ok()?;
        Some(()).filter(|()| self.manner == Manner::Whole)
    }

    fn bytes(&self) -> Vec<u8> {
        let (status, headers) = (self.status, &self.headers);
        // A 204 has no body and says no length.
        let length =
            if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", self.body.len()) };
        let mut bytes = format!("HTTP/1.1 {status} As Told\r\n{headers}{length}\r\n").into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
