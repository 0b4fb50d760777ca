//! Waiting until a resource is as it should be.

use std::time::Duration;

use tokio::time::Instant;

use super::{Aws, Notice};
use crate::error::{Code, Error, Result};

/// The first pause between two looks. Local endpoints are ready at once, AWS takes seconds.
const FIRST: Duration = Duration::from_millis(50);
/// The longest pause between two looks.
const LONGEST: Duration = Duration::from_secs(2);

impl Aws<'_> {
    /// Looks until `look` finds something, with growing pauses.
    ///
    /// # Errors
    ///
    /// What `look` fails with; [`Code::NotReady`] after the session's patience; [`Code::Interrupted`].
    pub(crate) async fn until<T, Look, Looked>(&self, resource: &str, why: &str, mut look: Look) -> Result<T>
    where
        Look: FnMut() -> Looked,
        Looked: Future<Output = Result<Option<T>>>,
    {
        let since = Instant::now();
        let mut pause = FIRST;
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            let elapsed = since.elapsed();
            if elapsed + pause > self.session.patience() {
                let waited = elapsed.as_secs_f64();
                return Err(Error::new(Code::NotReady, format!("waited {waited:.0} s in vain for {why}"))
                    .on(resource)
                    .hint("run the same command again: it goes on where this run stopped"));
            }
            (self.notice)(Notice::Waiting { why, elapsed });
            self.rest(pause).await.map_err(|_| {
                Error::new(Code::Interrupted, format!("stopped while waiting for {why}")).on(resource)
            })?;
            pause = pause.mul_f64(1.5).min(LONGEST);
        }
    }
}
