//! The running proxy.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::fault::{Fault, error_answer, foreign_answer};
use super::injection::{Injection, When};
use super::message::Message;
use super::quota::Quota;
use super::script::{Script, Step};
use crate::call::{Call, Request};
use crate::error::LocalError;

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
    scripts: Vec<Script>,
    quota: Option<Quota>,
    throttled: usize,
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

    /// From now on plays these steps to the calls of an operation, in place of any script that it still has; when they
    /// are over, its calls pass. Operations play their scripts beside each other.
    pub fn script(&self, operation: &str, steps: impl IntoIterator<Item = Step>) {
        let mut book = self.shared.book();
        book.scripts.retain(|script| script.operation != operation);
        book.scripts.push(Script::new(operation, steps));
    }

    /// Number of calls that the scripts still wait for; 0 when all have been played.
    pub fn script_left(&self) -> usize {
        self.shared.book().scripts.iter().map(Script::left).sum()
    }

    /// Lets calls that are held go on.
    pub fn release(&self) {
        self.shared.released.send_replace(true);
    }

    /// From now on throttles what exceeds `per_second` calls of an operation after a burst of `burst`, as AWS does.
    pub fn limit(&self, operation: &str, per_second: f64, burst: f64) {
        self.shared.book().quota = Some(Quota::new(operation, per_second, burst));
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
    let outcome = count(shared, Call::of(&request));
    let carried_out = outcome.as_ref().is_none_or(|(when, _)| *when == When::After);
    let answer = if carried_out { Some(forward(shared, &message).await?) } else { None };
    let mut client = client.into_inner();
    let Some((_, fault)) = outcome else {
        return client.write_all(&answer.unwrap_or_default()).await;
    };
    shared.hits.send_modify(|hits| *hits += 1);
    match fault {
        Fault::Error { status, code, message: text } => {
            let form = message.body.starts_with(b"Action=");
            client.write_all(error_answer(status, &code, &text, form).as_bytes()).await
        }
        Fault::NotAws { status, body } => client.write_all(foreign_answer(status, &body).as_bytes()).await,
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

/// Writes the call down; what happens to it, if AWS's answer does not simply pass.
fn count(shared: &Shared, call: Call) -> Option<(When, Fault)> {
    let mut book = shared.book();
    if !book.quota.as_mut().is_none_or(|quota| quota.take(&call.operation)) {
        book.throttled += 1;
        book.calls.push(call);
        return Some((When::Before, Fault::throttled()));
    }
    let script = book.scripts.iter_mut().find(|script| script.operation == call.operation);
    let scripted = script.and_then(Script::next);
    let injection = book.injection.clone().filter(|injection| injection.counts(&call));
    book.calls.push(call);
    if scripted.is_some() {
        return scripted;
    }
    let injection = injection?;
    let counted = book.calls.iter().filter(|made| injection.counts(made)).count();
    let hit = (injection.at..injection.at.saturating_add(injection.times)).contains(&counted);
    hit.then_some((injection.when, injection.fault))
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
