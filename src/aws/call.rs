//! The one way out: every AWS request is paced, counted, retried by the table and named here.

use std::error::Error as StdError;
use std::time::Duration;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tokio::time::Instant;

use super::error::http_status;
use super::need::Need;
use super::retry::{Cause, SHOWS, Waiting};
use super::{AwsError, Session, error_table};

/// Something that takes time, for whoever shows progress; and what became of a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice<'a> {
    /// A call is retried, or a resource is not ready yet.
    Waiting {
        /// What is waited for, as in "waiting for ...".
        why: &'a str,
        /// Since when.
        elapsed: Duration,
    },
    /// A creation made its resource. What the step still has to do to it may fail.
    Made,
    /// A creation found its resource there already: another run of the same stack made it since it was read.
    Found,
    /// A resource of somebody else is about to be deleted to make room for a new one. It is restored if the new one
    /// fails, unless the process is killed meanwhile.
    GivesWay {
        /// The command that restores it.
        restore: &'a str,
    },
    /// Many things are read, one by one.
    Read {
        /// How many have been read.
        done: usize,
        /// How many there are.
        total: usize,
    },
}

/// A session in use: what a step or a command calls AWS with. Made from a session alone, it tells nobody about waiting.
#[derive(Clone, Copy)]
pub struct Aws<'a> {
    /// The account and region.
    pub(crate) session: &'a Session,
    /// Is told about waiting.
    pub(crate) notice: &'a (dyn Fn(Notice<'_>) + Sync),
    /// What the calls need: repeating them ends when it vanishes.
    pub(super) needs: &'a [Need<'a>],
    /// Whether the calls put something back: then a stop that was asked for waits for them.
    pub(crate) mending: bool,
}

impl Session {
    /// The session in use; `notice` hears of waiting.
    pub fn telling<'a>(&'a self, notice: &'a (dyn Fn(Notice<'_>) + Sync)) -> Aws<'a> {
        Aws { session: self, notice, needs: &[], mending: false }
    }
}

impl<'a> From<&'a Session> for Aws<'a> {
    fn from(session: &'a Session) -> Self {
        session.telling(&|_| ())
    }
}

impl Aws<'_> {
    /// The same, for calls that put something back.
    pub(crate) fn mending(self) -> Self {
        Self { mending: true, ..self }
    }

    /// Makes one call, as often as the retry table allows.
    ///
    /// The SDK's own retries are off: they know neither IAM propagation nor what other calls were told, nobody sees
    /// them waiting, and they would multiply with these.
    pub(crate) async fn call<T, E, Send, Sent>(
        &self,
        service: &'static str,
        operation: &'static str,
        resource: &str,
        send: Send,
    ) -> Result<T, AwsError>
    where
        E: ProvideErrorMetadata + StdError + 'static,
        Send: Fn() -> Sent,
        Sent: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        self.repeat(true, service, operation, resource, send).await.map_err(|failed| failed.error)
    }

    /// The same for a call of which AWS allows a few a day: where it is not known whether AWS carried it out, it is not
    /// repeated, and the caller looks first.
    pub(crate) async fn call_once<T, E, Send, Sent>(
        &self,
        service: &'static str,
        operation: &'static str,
        resource: &str,
        send: Send,
    ) -> Result<T, Failed>
    where
        E: ProvideErrorMetadata + StdError + 'static,
        Send: Fn() -> Sent,
        Sent: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        self.repeat(false, service, operation, resource, send).await
    }

    async fn repeat<T, E, Send, Sent>(
        &self,
        unanswered: bool,
        service: &'static str,
        operation: &'static str,
        resource: &str,
        send: Send,
    ) -> Result<T, Failed>
    where
        E: ProvideErrorMetadata + StdError + 'static,
        Send: Fn() -> Sent,
        Sent: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut failing_since: Option<Instant> = None;
        let mut retrying: Option<Waiting> = None;
        let mut needs_seen = false;
        loop {
            let turn = self.session.pace().reserve(service, operation);
            self.rest(turn.pause).await.map_err(|_| AwsError::interrupted(service, operation, resource))?;
            self.signed_in(service, operation, resource).await?;
            self.session.count_call();
            // The SDK's futures hold kilobytes; on the heap they do not add up on the stack.
            let (mut error, status) = match Box::pin(send()).await {
                Ok(value) => {
                    self.session.pace().answered(service, operation, turn, false);
                    self.session.note_answer();
                    return Ok(value);
                }
                Err(error) => (AwsError::from_sdk(service, operation, resource, &error), http_status(&error)),
            };
            let retry = error_table::retry(&error, status);
            let throttled = retry.is_some_and(|retry| retry.cause == Cause::Throttling);
            self.session.pace().answered(service, operation, turn, throttled);
            if status.is_some() {
                self.session.note_answer();
            }
            let Some(retry) = retry else { return Err(error.into()) };
            if !unanswered && retry.cause.leaves_open() {
                return Err(Failed { error, is_open: true });
            }

            let budget = retry.cause.budget(self.session.has_answered());
            let before = retrying.take();
            let waiting = retrying.insert(Waiting::for_cause(before, retry, budget));
            let (pause, elapsed) = (waiting.pause(), waiting.elapsed());
            // From the first failure on: a call that hangs until its time is up is tried once more.
            let failing = failing_since.get_or_insert_with(Instant::now).elapsed();
            if elapsed + pause > budget.total || failing + pause > self.session.retry_limit() {
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
            self.rest(pause).await.map_err(|_| AwsError::interrupted(service, operation, resource))?;
        }
    }

    /// Waits until there are credentials, however long whoever gives them takes. Inside of a call the time for an
    /// answer would cut that off, and the retry would begin it again.
    async fn signed_in(
        &self,
        service: &'static str,
        operation: &'static str,
        resource: &str,
    ) -> Result<(), AwsError> {
        let credentials = self.session.credentials();
        let found = tokio::select! {
            () = self.session.stop().wait(), if !self.mending => {
                return Err(AwsError::interrupted(service, operation, resource));
            }
            found = credentials.get() => found,
        };
        found.map(drop).map_err(|error| AwsError::without_credentials(service, operation, resource, &error))
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
