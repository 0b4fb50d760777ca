//! What a log service takes and answers over HTTP/1.1.

use std::fmt;
use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::MultiGzDecoder;

use super::fault::Protocol;
use super::http::{Answer, Request};
use super::webhook;

/// Decides what to answer.
type Answers = Arc<dyn Fn(&Request) -> Answer + Send + Sync>;

/// The requests of a service, and what it answers.
pub(super) struct Requests {
    protocol: Protocol,
    answers: Mutex<Answers>,
    /// The tokens that belong to a log, for [`Protocol::Webhook`]; `None` for all.
    tokens: Mutex<Option<Vec<String>>>,
    all: Mutex<Vec<Request>>,
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests").finish_non_exhaustive()
    }
}

impl Requests {
    pub(super) fn new(protocol: Protocol) -> Self {
        let answers: Mutex<Answers> = Mutex::new(Arc::new(|_| Answer::status(200)));
        Self { protocol, answers, tokens: Mutex::default(), all: Mutex::default() }
    }

    pub(super) fn know_tokens(&self, tokens: Vec<String>) {
        *self.tokens.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokens);
    }

    pub(super) fn answer_with(&self, answers: Answers) {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = answers;
    }

    pub(super) fn all(&self) -> Vec<Request> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn clear(&self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Answers a request and remembers it.
    fn answer(&self, mut request: Request) -> (Request, Answer) {
        let answers = Arc::clone(&self.answers.lock().unwrap_or_else(PoisonError::into_inner));
        let mut answer = answers(&request);
        let accepts = (200..300).contains(&answer.status);
        if answer.stores.unwrap_or(accepts) && self.protocol == Protocol::Webhook && accepts {
            let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            (answer.status, request.stored) = webhook::judge(&request, tokens.as_deref());
        } else if answer.stores.unwrap_or(accepts) {
            request.stored = lines(&request.body);
        }
        request.status = answer.status;
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        (request, answer)
    }
}

/// The lines of a body; bytes after its last line feed are none.
fn lines(body: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<_> = body.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    lines.pop();
    lines
}

/// Cuts the bytes of one connection into requests.
#[derive(Debug, Default)]
pub(super) struct Reader {
    unfinished: Vec<u8>,
}

impl Reader {
    /// Takes the next bytes; `None` when they cannot be HTTP. What is to be answered comes with the requests that are
    /// complete now.
    pub(super) fn feed(&mut self, bytes: &[u8], requests: &Requests) -> Option<Vec<(Request, Answer)>> {
        self.unfinished.extend_from_slice(bytes);
        let mut complete = Vec::new();
        while let Some(end) = self.unfinished.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = std::str::from_utf8(&self.unfinished[..end]).ok()?;
            let mut lines = head.split("\r\n");
            let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
            let header =
                |line: &str| line.split_once(':').map(|(n, v)| (n.to_lowercase(), v.trim().to_owned()));
            let headers: Vec<_> = lines.filter_map(header).collect();
            let mut request = Request { line, headers, ..Request::default() };
            let length: usize = request.header("content-length").unwrap_or("0").parse().ok()?;
            if self.unfinished.len() < end + 4 + length {
                break;
            }
            let rest = self.unfinished.split_off(end + 4 + length);
            let body = std::mem::replace(&mut self.unfinished, rest).split_off(end + 4);
            request.body = if request.header("content-encoding") == Some("gzip") {
                let mut plain = Vec::new();
                MultiGzDecoder::new(&body[..]).read_to_end(&mut plain).ok()?;
                plain
            } else {
                body
            };
            complete.push(requests.answer(request));
        }
        Some(complete)
    }
}
