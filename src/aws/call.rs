//! The one way out: every AWS request is paced, counted, retried by the table and named here.

use std::error::Error as StdError;
use std::time::Duration;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::error::{Operation, http_status};
use super::pages::Tokens;
use super::retry::{Cause, Retry, SHOWS, Waiting};
use super::{AwsError, Notice, Session, error_table, trace};

/// A request on its way: what `send()` of the SDK's builders returns.
pub(crate) trait Sent:
    Future<Output = Result<<Self as Sent>::Answer, SdkError<<Self as Sent>::Error, HttpResponse>>>
{
    /// What AWS answers.
    type Answer;
    /// What it fails with.
    type Error: ProvideErrorMetadata + StdError + 'static;
}

impl<F, T, E> Sent for F
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + StdError + 'static,
{
    type Answer = T;
    type Error = E;
}

/// A session in use: what a step or a command calls AWS with. Made from a session alone, it tells nobody about waiting.
#[derive(Clone, Copy)]
pub struct Aws<'a> {
    /// The account and region.
    pub(crate) session: &'a Session,
    /// Is told about waiting.
    pub(crate) notice: &'a (dyn Fn(Notice<'_>) + Sync),
    /// What the calls need: repeating them ends when it vanishes.
    needs: &'a [Need<'a>],
    /// Whether the calls put something back: then a stop that was asked for waits for them.
    mending: bool,
    /// Maximum time to repeat a call, where less than the session's.
    limit: Option<Duration>,
}

impl Session {
    /// The session in use; `notice` hears of waiting.
    pub fn telling<'a>(&'a self, notice: &'a (dyn Fn(Notice<'_>) + Sync)) -> Aws<'a> {
        Aws { session: self, notice, needs: &[], mending: false, limit: None }
    }
}

impl<'a> From<&'a Session> for Aws<'a> {
    fn from(session: &'a Session) -> Self {
        session.telling(&|_| ())
    }
}

impl<'a> Aws<'a> {
    /// The same, for calls that need these.
    pub(crate) fn needing(self, needs: &'a [Need<'a>]) -> Self {
        Self { needs, ..self }
    }

    /// The same, for calls that are not repeated for longer than this, whatever for: whoever asks has something else to
    /// look at.
    pub(crate) fn at_most(self, limit: Duration) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// The same, for calls that put something back.
    pub(crate) fn mending(self) -> Self {
        Self { mending: true, ..self }
    }
}

impl Aws<'_> {
    /// Makes one call, as often as the table of errors allows.
    ///
    /// The SDK's own retries are off: they know neither IAM propagation nor what other calls were told, nobody sees
    /// them waiting, and they would multiply with these.
    pub(crate) async fn call<S: Sent>(
        &self,
        service: &'static str,
        operation: &'static str,
        resource: &str,
        send: impl Fn() -> S,
    ) -> Result<S::Answer, AwsError> {
        let operation = Operation { service, name: operation, resource };
        self.repeat(operation, true, send).await.map_err(|failed| failed.error)
    }

    /// The same for a call of which AWS allows a few a day: where it is not known whether AWS carried it out, it is not
    /// repeated, and the caller looks first.
    pub(crate) async fn call_once<S: Sent>(
        &self,
        service: &'static str,
        operation: &'static str,
        resource: &str,
        send: impl Fn() -> S,
    ) -> Result<S::Answer, Failed> {
        let operation = Operation { service, name: operation, resource };
        self.repeat(operation, false, send).await
    }

    /// The same for a list that AWS answers page by page: `send` asks for the page that a token names, and `page` takes
    /// an answer apart into what is on it and the token of the next one.
    pub(crate) async fn pages<S: Sent, T>(
        &self,
        service: &'static str,
        operation: &'static str,
        resource: &str,
        send: impl Fn(Option<String>) -> S,
        page: impl Fn(S::Answer) -> (Vec<T>, Option<String>),
    ) -> Result<Vec<T>, AwsError> {
        Ok(self.some_pages(service, operation, resource, usize::MAX, send, page).await?.0)
    }

    /// The same for at most `most` pages; the second part tells whether there are more.
    pub(crate) async fn some_pages<S: Sent, T>(
        &self,
        service: &'static str,
        operation: &'static str,
        resource: &str,
        most: usize,
        send: impl Fn(Option<String>) -> S,
        page: impl Fn(S::Answer) -> (Vec<T>, Option<String>),
    ) -> Result<(Vec<T>, bool), AwsError> {
        let (mut all, mut next, mut tokens) = (Vec::new(), None, Tokens::default());
        for _ in 0..most {
            let answer = self.call(service, operation, resource, || send(next.clone())).await?;
            let (some, token) = page(answer);
            all.extend(some);
            let operation = Operation { service, name: operation, resource };
            next = tokens.next(operation, token.as_deref())?;
            if next.is_none() {
                return Ok((all, false));
            }
        }
        Ok((all, true))
    }

    /// Makes a call until it succeeds, fails for good or has taken too long. Where `unanswered` is false, it also ends
    /// when nobody knows whether AWS carried the call out.
    async fn repeat<S: Sent>(
        &self,
        operation: Operation<'_>,
        unanswered: bool,
        send: impl Fn() -> S,
    ) -> Result<S::Answer, Failed> {
        let mut failing_since: Option<Instant> = None;
        let mut retrying: Option<Waiting> = None;
        let mut needs_seen = false;
        let mut number = 0;
        loop {
            number += 1;
            let (mut error, retry) = match self.attempt(operation, number, &send).await {
                Ok(answer) => return Ok(answer),
                Err((error, None)) => return Err(error.into()),
                Err((error, Some(retry))) => (error, retry),
            };
            if !unanswered && retry.cause.leaves_open() {
                return Err(Failed { error, is_open: true });
            }

            let budget = retry.cause.budget(self.session.has_answered());
            let before = retrying.take();
            let waiting = retrying.insert(Waiting::for_cause(before, retry, budget));
            let (pause, elapsed) = (waiting.pause(), waiting.elapsed());
            // From the first failure on: a call that hangs until its time is up is tried once more.
            let failing = failing_since.get_or_insert_with(Instant::now).elapsed();
            if elapsed + pause > budget.total || failing + pause > self.retry_limit() {
                let (message, seconds) = (error.message.trim_end_matches('.'), elapsed.as_secs_f64());
                error.message = format!("{message} (waited {seconds:.0} s for {})", retry.why);
                return Err(error.into());
            }
            if retry.cause.is_propagation() {
                match self.missing().await {
                    None => needs_seen = true,
                    // What this run has just made may not show yet.
                    Some(_) if !needs_seen && elapsed < SHOWS => {}
                    Some(what) => return Err(error.vanished(&what).into()),
                }
            }
            (self.notice)(Notice::Waiting { why: retry.why, elapsed });
            trace::retried(operation, retry.cause, retry.why, pause);
            self.rest(pause).await.map_err(|_| AwsError::interrupted(operation))?;
        }
    }

    /// Makes a call once, when it is its turn and there are credentials.
    ///
    /// # Errors
    ///
    /// Why it failed, and whether it is retried.
    async fn attempt<S: Sent>(
        &self,
        operation: Operation<'_>,
        number: u32,
        send: impl Fn() -> S,
    ) -> Result<S::Answer, (AwsError, Option<&'static Retry>)> {
        let Operation { service, name, .. } = operation;
        let pace = self.session.pace();
        let turn = pace.reserve(service, name);
        trace::paced(operation, turn.pause);
        self.rest(turn.pause).await.map_err(|_| (AwsError::interrupted(operation), None))?;
        self.signed_in(operation).await.map_err(|error| (error, None))?;
        self.session.count_call();
        // The SDK's futures hold kilobytes; on the heap they do not add up on the stack.
        let begun = Instant::now();
        let (result, seen) = trace::watched(Box::pin(send())).await;
        let took = begun.elapsed();
        let error = match result {
            Ok(answer) => {
                trace::attempt(operation, number, took, seen.as_ref(), None);
                pace.answered(service, name, turn, false);
                self.session.note_answer();
                return Ok(answer);
            }
            Err(error) => error,
        };
        let status = http_status(&error);
        let error = AwsError::from_sdk(operation, &error);
        trace::attempt(operation, number, took, seen.as_ref(), Some(&error));
        let retry = error_table::retry(&error, status);
        pace.answered(service, name, turn, retry.is_some_and(|retry| retry.cause == Cause::Throttling));
        if status.is_some() {
            self.session.note_answer();
        }
        Err((error, retry))
    }

    /// How long one call may be retried, whatever for.
    fn retry_limit(&self) -> Duration {
        let limit = self.session.retry_limit();
        self.limit.map_or(limit, |own| own.min(limit))
    }

    /// Waits until there are credentials, however long whoever gives them takes. Inside of a call the time for an
    /// answer would cut that off, and the retry would begin it again.
    async fn signed_in(&self, operation: Operation<'_>) -> Result<(), AwsError> {
        let credentials = self.session.credentials();
        let found = tokio::select! {
            () = self.session.stop().wait(), if !self.mending => {
                return Err(AwsError::interrupted(operation));
            }
            found = credentials.get() => found,
        };
        found.map(drop).map_err(|error| AwsError::without_credentials(operation, &error))
    }

    /// Sleeps; an error when the user asked to stop before or meanwhile.
    pub(crate) async fn rest(&self, pause: Duration) -> Result<(), Stopped> {
        if self.mending {
            tokio::time::sleep(pause).await;
            return Ok(());
        }
        if self.session.stop().requested() {
            return Err(Stopped);
        }
        if pause.is_zero() {
            return Ok(());
        }
        tokio::select! {
            () = self.session.stop().wait() => Err(Stopped),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }

    /// Names what the calls need and what is not there. What cannot be looked at counts as being there.
    async fn missing(&self) -> Option<String> {
        let aws = Aws { needs: &[], ..*self };
        for Need { kind, name, is_there } in self.needs {
            if matches!(is_there(aws, name).await, Ok(false)) {
                return Some(format!("the {kind} `{name}`"));
            }
        }
        None
    }
}

/// A resource without which repeating a call is in vain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need<'a> {
    kind: &'static str,
    name: &'a str,
    is_there: Look,
}

/// Looks whether a resource with this name is there, and is to stay. A call looks at its needs with calls: the
/// recursion, of one level, goes through the heap.
type Look = for<'a> fn(Aws<'a>, &'a str) -> BoxFuture<'a, Result<bool, AwsError>>;

impl<'a> Need<'a> {
    /// The resource with this name, or with this ARN, which ends in `/` and the name.
    pub(crate) fn new(kind: &'static str, arn: &'a str, is_there: Look) -> Self {
        Self { kind, name: arn.rsplit('/').next().unwrap_or(arn), is_there }
    }
}

/// A call that failed.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: AwsError,
    /// Whether AWS may have carried it out all the same, and nothing was repeated.
    pub(crate) is_open: bool,
}

impl From<AwsError> for Failed {
    fn from(error: AwsError) -> Self {
        Self { error, is_open: false }
    }
}

/// The user asked to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopped;
