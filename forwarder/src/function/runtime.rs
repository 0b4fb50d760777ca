//! Lambda's runtime API: asks for invocations and answers them.
//!
//! The protocol is HTTP/1.1 on one kept connection on the same machine, documented by AWS as "Lambda runtime API".
//! A general client copies an event of megabytes several times and holds it twice; here the bytes go from the socket to
//! where they are read.

use std::io::{self, Read as _, Write as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::aws::{Arn, is_account_id};
use crate::secret::redactor;

/// Maximum bytes of the head of an answer.
const LONGEST_HEAD: usize = 64 << 10;

const VERSION: &str = "/2018-06-01/runtime";

/// The type of the error that whoever invokes a function that cannot start is told.
pub(super) const CANNOT_START: &str = "Cwl2le.InvalidConfiguration";

/// The runtime API of this process.
pub struct RuntimeApi {
    /// Host and port.
    address: String,
    stream: Option<TcpStream>,
}

/// What Lambda wants done.
#[derive(Debug)]
pub struct Next {
    /// The id of the request, which the answer names.
    id: String,
    /// Where Lambda gives one, it wants it back.
    invocation_id: Option<String>,
    /// When Lambda will end the process if there is no answer.
    pub deadline: SystemTime,
    /// The account of the function, 12 digits, from the ARN by which it was invoked.
    pub account: Option<String>,
    /// The event.
    pub body: Vec<u8>,
}

/// The answer of the API, without its body.
#[derive(Debug, Default)]
struct Head {
    status: u16,
    length: Option<usize>,
    chunked: bool,
    closes: bool,
    id: Option<String>,
    invocation_id: Option<String>,
    deadline: Option<u64>,
    account: Option<String>,
}

/// What the API says to an answer.
enum Answered {
    Accepted,
    /// With this status.
    Refused(u16),
}

impl RuntimeApi {
    /// The API at an address like that in `AWS_LAMBDA_RUNTIME_API`; nothing is connected to yet.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), stream: None }
    }

    /// Waits for the next invocation.
    ///
    /// # Errors
    /// When the API cannot be reached or is not understood: there is nothing more to do for this process.
    pub async fn next(&mut self) -> io::Result<Next> {
        let (head, body) = self.ask("GET", "/invocation/next", "", b"").await?;
        let id = head.id.filter(|_| head.status == 200);
        let id =
            id.ok_or_else(|| io::Error::other(format!("/next is answered with status {}", head.status)))?;
        let deadline = UNIX_EPOCH + Duration::from_millis(head.deadline.unwrap_or_default());
        Ok(Next { id, invocation_id: head.invocation_id, deadline, account: head.account, body })
    }

    /// Answers an invocation with JSON. Where that cannot be, the invocation is answered with an error instead, and the
    /// reason comes back: an empty answer would be read as success, and without any answer Lambda waits for the
    /// timeout.
    ///
    /// # Errors
    /// When the API cannot be reached, or refuses the error, too.
    pub async fn respond(&mut self, next: &Next, answer: &impl Serialize) -> io::Result<Option<String>> {
        let problem = match serde_json::to_vec(answer) {
            Err(error) => format!("the answer cannot be written as JSON: {error}"),
            Ok(json) => match self.answer(next, "response", "", &json).await? {
                Answered::Accepted => return Ok(None),
                Answered::Refused(status) => {
                    format!("Lambda refuses the answer with status {status}; the invocation counts as failed")
                }
            },
        };
        self.fail(next, "Cwl2le.NoAnswer", &problem).await?;
        Ok(Some(problem))
    }

    /// Answers an invocation with an error, which makes it fail as a whole. That Lambda no longer wants an answer to
    /// this invocation (400, 413) is fine: it has failed then.
    ///
    /// # Errors
    /// When the API cannot be reached or refuses in another way.
    pub async fn fail(&mut self, next: &Next, kind: &str, message: &str) -> io::Result<()> {
        let message = redactor::redact(message);
        let body = json!({"errorType": kind, "errorMessage": message, "stackTrace": []}).to_string();
        let headers = "Lambda-Runtime-Function-Error-Type: unhandled\r\n";
        self.answer(next, "error", headers, body.as_bytes()).await.map(drop)
    }

    async fn answer(&mut self, next: &Next, what: &str, headers: &str, body: &[u8]) -> io::Result<Answered> {
        let path = format!("/invocation/{}/{what}", next.id);
        let invocation = next.invocation_id.as_ref();
        let invocation = invocation.map(|id| format!("Lambda-Runtime-Invocation-Id: {id}\r\n"));
        let headers = format!("{headers}{}", invocation.unwrap_or_default());
        let (head, _) = self.ask("POST", &path, &headers, body).await?;
        match head.status {
            200..300 => Ok(Answered::Accepted),
            // One that comes too late or twice, or is too large. The next invocation is another one.
            400 | 413 => Ok(Answered::Refused(head.status)),
            status => Err(io::Error::other(format!("/{what} is answered with status {status}"))),
        }
    }

    /// One request, and the head and the body of its answer. A kept connection may have been closed meanwhile, so a
    /// request that fails on one is made again on a new one.
    async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> io::Result<(Head, Vec<u8>)> {
        let request = [
            format!(
                "{method} {VERSION}{path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: cwl2le/{}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n",
                self.address,
                env!("CARGO_PKG_VERSION"),
                body.len()
            )
            .as_bytes(),
            body,
        ]
        .concat();
        let mut into = Vec::new();
        if let Some(kept) = self.stream.take()
            && let Ok(head) = self.exchange(kept, &request, &mut into).await
        {
            return Ok((head, into));
        }
        into.clear();
        let new = TcpStream::connect(&self.address).await?;
        new.set_nodelay(true)?;
        let head = self.exchange(new, &request, &mut into).await?;
        Ok((head, into))
    }

    async fn exchange(
        &mut self,
        mut stream: TcpStream,
        request: &[u8],
        body: &mut Vec<u8>,
    ) -> io::Result<Head> {
        stream.write_all(request).await?;
        let head = read_answer(&mut stream, body).await?;
        if !head.closes {
            self.stream = Some(stream);
        }
        Ok(head)
    }
}

async fn read_answer(stream: &mut TcpStream, body: &mut Vec<u8>) -> io::Result<Head> {
    let mut read = Vec::with_capacity(8 << 10);
    let mut parsed_from = 0;
    let end = loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let from = usize::saturating_sub(parsed_from, 3);
        if let Some(at) = read[from..].windows(4).position(|window| window == b"\r\n\r\n") {
            break from + at + 4;
        }
        if read.len() > LONGEST_HEAD {
            return Err(io::Error::other("the head of the answer does not end"));
        }
        parsed_from = read.len();
        read.reserve(8 << 10);
    };
    let head = Head::parse(&read[..end]).ok_or_else(|| io::Error::other("the answer is not HTTP/1.1"))?;
    if head.chunked {
        read_chunks(stream, read.split_off(end), body).await?;
    } else {
        let length = head.length.unwrap_or(0);
        body.reserve_exact(length);
        body.extend_from_slice(&read[end..]);
        while body.len() < length {
            let room = length - body.len();
            if (&mut *stream).take(room as u64).read_buf(body).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        body.truncate(length);
    }
    Ok(head)
}

/// A body in chunks, each with its length in hexadecimal before it; the last one is empty. `read` is what has been
/// read of it.
async fn read_chunks(stream: &mut TcpStream, mut read: Vec<u8>, body: &mut Vec<u8>) -> io::Result<()> {
    let invalid = || io::Error::other("the answer's chunks are not valid");
    let mut at = 0;
    loop {
        let line = loop {
            if let Some(length) = read[at..].windows(2).position(|window| window == b"\r\n") {
                break at..at + length;
            }
            more(stream, &mut read, &mut at).await?;
        };
        at = line.end + 2;
        let size = std::str::from_utf8(&read[line]).ok().and_then(|line| line.split(';').next());
        let size = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok()).ok_or_else(invalid)?;
        while read.len() - at < size + 2 {
            more(stream, &mut read, &mut at).await?;
        }
        body.extend_from_slice(&read[at..at + size]);
        if &read[at + size..at + size + 2] != b"\r\n" {
            return Err(invalid());
        }
        at += size + 2;
        if size == 0 {
            return Ok(());
        }
    }
}

/// Reads on, and forgets what is before `at`.
async fn more(stream: &mut TcpStream, read: &mut Vec<u8>, at: &mut usize) -> io::Result<()> {
    read.drain(..std::mem::take(at));
    read.reserve(64 << 10);
    match stream.read_buf(read).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// The account in an ARN, if it is one.
fn account(arn: &str) -> Option<String> {
    Some(Arn::parse(arn)?.account).filter(|account| is_account_id(account)).map(ToOwned::to_owned)
}

impl Head {
    fn parse(head: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(head).ok()?;
        let mut lines = text.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
        let mut head = Self { status, ..Self::default() };
        for line in lines {
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.length = Some(value.parse().ok()?),
                "transfer-encoding" => head.chunked = value.eq_ignore_ascii_case("chunked"),
                "connection" => head.closes = value.eq_ignore_ascii_case("close"),
                "lambda-runtime-aws-request-id" => head.id = Some(value.to_owned()),
                "lambda-runtime-invocation-id" => head.invocation_id = Some(value.to_owned()),
                "lambda-runtime-invoked-function-arn" => head.account = account(value),
                "lambda-runtime-deadline-ms" => head.deadline = value.parse().ok(),
                _ => {}
            }
        }
        Some(head)
    }
}

/// Tells Lambda why the function cannot start, so that an invocation fails with these words and not just
/// with "exited with error". An error here is ignored: the process ends anyway.
pub(super) fn report_start_failure(api: &str, problem: &str) {
    let problem = redactor::redact(problem);
    let body = json!({"errorType": CANNOT_START, "errorMessage": problem, "stackTrace": []}).to_string();
    let request = format!(
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: {api}\r\nContent-Type: application/json\r\n\
         Lambda-Runtime-Function-Error-Type: {CANNOT_START}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    if let Ok(mut stream) = std::net::TcpStream::connect(api) {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
        let _ = stream.write_all(request.as_bytes());
        // Until Lambda has answered it has not taken the message.
        let _ = stream.read(&mut [0; 512]);
    }
}

#[cfg(test)]
mod tests;
