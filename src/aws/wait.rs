//! Waiting until a resource is as it should be, or until it shows that it never will be.

use std::time::Duration;

use tokio::time::Instant;

use super::error_table::VANISHED_HINT;
use super::retry::SHOWS;
use super::{Aws, Notice, trace};
use crate::error::{Code, Error, Result};

/// The first pause between two looks. Local endpoints are ready at once, AWS takes seconds.
const FIRST: Duration = Duration::from_millis(50);
/// The longest pause between two looks.
const LONGEST: Duration = Duration::from_secs(2);
/// What a look at a resource found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look<T> {
    /// It is as it should be.
    Ready(T),
    /// It is there, and on its way.
    NotYet,
    /// It is being deleted.
    Going,
    /// It is not there.
    Missing,
}

/// A wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait<'a> {
    /// Name or ARN of the resource.
    pub(crate) resource: &'a str,
    /// What is waited for, as in "waiting for ...".
    pub(crate) why: &'a str,
    /// Whether this run has just made it, so that AWS may not show it to every call yet.
    pub(crate) made: bool,
}

impl Aws<'_> {
    /// Looks until `look` finds the resource ready, with growing pauses.
    ///
    /// # Errors
    ///
    /// What `look` fails with; [`Code::NotFound`] as soon as the resource is there no more; [`Code::NotReady`] after
    /// the session's patience; [`Code::Interrupted`].
    pub(crate) async fn until<T, Looking, Looked>(&self, wait: Wait<'_>, mut look: Looking) -> Result<T>
    where
        Looking: FnMut() -> Looked,
        Looked: Future<Output = Result<Look<T>>>,
    {
        let Wait { resource, why, made } = wait;
        let since = Instant::now();
        let (mut pause, mut seen) = (FIRST, !made);
        loop {
            let found = look().await?;
            let elapsed = since.elapsed();
            match found {
                Look::Ready(found) => return Ok(found),
                Look::NotYet => seen = true,
                Look::Missing if !seen && elapsed < SHOWS => {}
                Look::Missing | Look::Going => return Err(vanished(resource, why)),
            }
            if elapsed + pause > self.session.patience() {
                let waited = elapsed.as_secs_f64();
                return Err(Error::new(
                    Code::NotReady,
                    format!("timed out after {waited:.0} s waiting for {why}"),
                )
                .on(resource)
                .hint("run the same command again: it continues where this run stopped"));
            }
            (self.notice)(Notice::Waiting { why, elapsed });
            trace::waited(resource, why, elapsed, pause);
            self.rest(pause).await.map_err(|_| {
                Error::new(Code::Interrupted, format!("stopped while waiting for {why}")).on(resource)
            })?;
            pause = pause.mul_f64(1.5).min(LONGEST);
        }
    }
}

/// Somebody deleted what this run waits for.
fn vanished(resource: &str, why: &str) -> Error {
    Error::new(Code::NotFound, format!("it disappeared while this run was waiting for {why}"))
        .on(resource)
        .hint(VANISHED_HINT)
}
