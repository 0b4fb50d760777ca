//! A proxy that counts AWS calls and lets a chosen one fail, before or after AWS has carried it out.
//!
//! Tests run the CLI against it to learn its calls, and then again for every call with every fault.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::call::{Call, Request};
use crate::error::LocalError;

/// What happens to a call instead of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// AWS answers with this error.
    Error {
        /// The HTTP status.
        status: u16,
        /// The error code, for example `ThrottlingException`.
        code: String,
        /// The message.
        message: String,
    },
    /// The connection breaks.
    Reset,
    /// No answer comes, until the caller gives up; for callers that are to be killed meanwhile.
    Hang,
    /// AWS' own answer comes, but not before [`CallProxy::release`].
    Hold,
}

impl Fault {
    /// An error of the given status, code and message.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::Error { status, code: code.to_owned(), message: message.to_owned() }
    }

    /// Too many requests.
    pub fn throttled() -> Self {
        Self::error(400, "ThrottlingException", "Rate exceeded")
    }

    /// A failure inside of AWS.
    pub fn internal() -> Self {
        Self::error(500, "InternalFailure", "The request processing has failed.")
    }

    /// A missing permission.
    pub fn access_denied() -> Self {
        Self::error(400, "AccessDeniedException", "User is not authorized to perform this action")
    }
}

/// Whether AWS carries a failing call out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It never arrives there.
    Before,
    /// It is carried out, and the answer is lost.
    After,
}

/// A fault for some calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injection {
    /// The operation whose calls are counted; none counts all of them. Calls that are made at once arrive in any order,
    /// so only one operation's number is the same in every run.
    pub of: Option<Call>,
    /// The number of the first call that fails, counted from 1.
    pub at: usize,
    /// How many calls fail from there on; the retries of the caller count as calls.
    pub times: usize,
    /// Whether AWS carries them out.
    pub when: When,
    /// What happens to them.
    pub fault: Fault,
}

/// A running proxy; it ends when it is dropped.
#[derive(Debug)]
pub struct CallProxy {
    endpoint: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    book: Mutex<Book>,
    // How many calls have been hit by the injection.
    hits: watch::Sender<usize>,
    // Whether calls that are held go on.
    released: watch::Sender<bool>,
    // How many connections are being served.
    open: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Book {
    calls: Vec<Call>,
    injection: Option<Injection>,
    quota: Option<Quota>,
    throttled: usize,
}

/// AWS's token bucket for one operation.
#[derive(Debug)]
struct Quota {
    operation: String,
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled: Instant,
}

impl Quota {
    /// Whether one more call is allowed now.
    fn take(&mut self, operation: &str) -> bool {
        if operation != self.operation {
            return true;
        }
        let now = Instant::now();
        let gained = now.duration_since(self.filled).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.burst);
        self.filled = now;
        let allowed = self.tokens >= 1.0;
        if allowed {
            self.tokens -= 1.0;
        }
        allowed
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        // The book is only ever appended to or replaced: a panic elsewhere leaves it whole.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CallProxy {
    /// Starts a proxy on a free port of 127.0.0.1, in front of `upstream` such as `http://127.0.0.1:4566`.
    pub async fn start(upstream: &str) -> Result<Self, LocalError> {
        const WHAT: &str = "cannot start the call proxy";
        let upstream = upstream
            .strip_prefix("http://")
            .ok_or_else(|| LocalError::new(WHAT, format!("{upstream} is no http:// endpoint")))?
            .trim_end_matches('/')
            .to_owned();
        let failed = |error| LocalError::new(WHAT, error);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let endpoint = format!("http://{}", listener.local_addr().map_err(failed)?);
        let (hits, released, open) =
            (watch::Sender::new(0), watch::Sender::new(false), watch::Sender::new(0));
        let shared = Arc::new(Shared { upstream, book: Mutex::default(), hits, released, open });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { endpoint, shared, accepting })
    }

    /// The endpoint URL to call instead of the upstream's.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// All calls since the start or the last [`CallProxy::inject`], in order, the failed ones included.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.book().calls.clone()
    }

    /// Starts to count anew, with this fault, or with none.
    pub fn inject(&self, injection: Option<Injection>) {
        let mut book = self.shared.book();
        book.calls.clear();
        book.injection = injection;
        self.shared.hits.send_replace(0);
        self.shared.released.send_replace(false);
    }

    /// Lets calls that are held go on.
    pub fn release(&self) {
        self.shared.released.send_replace(true);
    }

    /// From now on throttles what exceeds `per_second` calls of an operation after a burst of `burst`, as AWS does.
    pub fn limit(&self, operation: &str, per_second: f64, burst: f64) {
        let operation = operation.to_owned();
        let quota = Quota { operation, per_second, burst, tokens: burst, filled: Instant::now() };
        self.shared.book().quota = Some(quota);
    }

    /// How many calls have been throttled by the limit.
    pub fn throttled(&self) -> usize {
        self.shared.book().throttled
    }

    /// Waits until no call is under way any more, for callers that have ended.
    pub async fn idle(&self) -> std::io::Result<()> {
        // Connections are accepted in order: once this one has been served, all that came before it have been accepted.
        let address = self.endpoint.trim_start_matches("http://");
        let mut last = TcpStream::connect(address).await?;
        last.shutdown().await?;
        last.read_to_end(&mut Vec::new()).await?;
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.shared.open.subscribe().wait_for(|open| *open == 0).await;
        Ok(())
    }

    /// Waits until a call has been hit by the injection; a test kills the caller then.
    pub async fn hit(&self) {
        let mut hits = self.shared.hits.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = hits.wait_for(|hits| *hits > 0).await;
    }
}

impl Drop for CallProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        if let Ok((client, _)) = listener.accept().await {
            let shared = shared.clone();
            shared.open.send_modify(|open| *open += 1);
            tokio::spawn(async move {
                // A caller that goes away in the middle is what tests do on purpose.
                let _ = serve(client, &shared).await;
                shared.open.send_modify(|open| *open -= 1);
            });
        }
    }
}

/// Serves one request; the connection closes after it, which spares the proxy all bookkeeping.
async fn serve(client: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut client = BufReader::new(client);
    let Some(message) = Message::read(&mut client).await? else {
        return Ok(());
    };
    let mut words = message.first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let request = Request { method, target, headers: &message.headers, body: &message.body };
    let injection = count(shared, Call::of(&request));
    let carried_out = injection.as_ref().is_none_or(|injection| injection.when == When::After);
    let answer = if carried_out { Some(forward(shared, &message).await?) } else { None };
    let mut client = client.into_inner();
    let Some(injection) = injection else {
        return client.write_all(&answer.unwrap_or_default()).await;
    };
    shared.hits.send_modify(|hits| *hits += 1);
    match injection.fault {
        Fault::Error { status, code, message: text } => {
            let form = message.body.starts_with(b"Action=");
            client.write_all(error_answer(status, &code, &text, form).as_bytes()).await
        }
        Fault::Reset => client.set_zero_linger(),
        Fault::Hang => {
            // Until the caller closes its side.
            let mut rest = Vec::new();
            client.read_to_end(&mut rest).await.map(drop)
        }
        Fault::Hold => {
            // The sender lives in `shared`, so waiting cannot fail.
            let _ = shared.released.subscribe().wait_for(|released| *released).await;
            let answer = match answer {
                Some(answer) => answer,
                None => forward(shared, &message).await?,
            };
            client.write_all(&answer).await
        }
    }
}

/// Writes the call down; the injection, if it is to fail.
fn count(shared: &Shared, call: Call) -> Option<Injection> {
    let mut book = shared.book();
    if !book.quota.as_mut().is_none_or(|quota| quota.take(&call.operation)) {
        book.throttled += 1;
        book.calls.push(call);
        return Some(Injection { of: None, at: 1, times: 1, when: When::Before, fault: Fault::throttled() });
    }
    let counts = |of: &Injection| of.of.as_ref().is_none_or(|of| *of == call);
    let injection = book.injection.clone().filter(counts);
    book.calls.push(call);
    let injection = injection?;
    let counted = book.calls.iter().filter(|made| injection.of.as_ref().is_none_or(|of| of == *made)).count();
    let hit = (injection.at..injection.at.saturating_add(injection.times)).contains(&counted);
    hit.then_some(injection)
}

/// The upstream's whole answer, byte by byte.
async fn forward(shared: &Shared, message: &Message) -> std::io::Result<Vec<u8>> {
    let mut upstream = TcpStream::connect(&shared.upstream).await?;
    let mut request = format!("{}\r\n", message.first);
    for (name, value) in &message.headers {
        let hop = ["connection", "content-length", "transfer-encoding", "expect"];
        if !hop.iter().any(|hop| name.eq_ignore_ascii_case(hop)) {
            request += &format!("{name}: {value}\r\n");
        }
    }
    request += &format!("content-length: {}\r\nconnection: close\r\n\r\n", message.body.len());
    upstream.write_all(request.as_bytes()).await?;
    upstream.write_all(&message.body).await?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// An error as AWS puts it: XML for the form protocol of IAM and STS, else JSON.
fn error_answer(status: u16, code: &str, message: &str, form: bool) -> String {
    // The form protocol names errors without this ending: `AccessDenied`, `Throttling`.
    let code = if form { code.strip_suffix("Exception").unwrap_or(code) } else { code };
    let (kind, body) = if form {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
        );
        ("text/xml", body)
    } else {
        let body = serde_json::json!({ "__type": code, "message": message }).to_string();
        ("application/x-amz-json-1.1", body)
    };
    format!(
        "HTTP/1.1 {status} Injected\r\ncontent-type: {kind}\r\nx-amzn-errortype: {code}\r\n\
         x-amzn-requestid: 00000000-0000-0000-0000-000000000000\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// A request of HTTP/1.1.
#[derive(Debug)]
struct Message {
    first: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Message {
    /// Reads one; `None` when the client closed without a request.
    async fn read(client: &mut BufReader<TcpStream>) -> std::io::Result<Option<Self>> {
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
