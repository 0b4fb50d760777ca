//! The end of a connection as a receipt: we close our side, and the peer closes its own.
//!
//! A peer that reads comes to the end of our data, and closes. Its kernel sends a FIN then only if its process has read
//! every byte: a socket that is closed over unread bytes is reset instead, also when the process was killed. So the FIN
//! of the peer, together with the acknowledgement of everything and without a reset, shows that a process has read
//! everything. A process that hangs sends none, whatever its kernel acknowledges.
//!
//! A peer may call shutdown(2) for its sending side before it has read everything. Its FIN is a failure when it comes
//! before ours, or before everything is acknowledged. It deceives us only between that and its reading our FIN.

use std::future::poll_fn;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::connection::{Connection, broken, deadline, stalled};
use crate::net::{Failure, FailureKind};

/// How often the kernel is asked what is acknowledged while the peer does not close.
const LOOK: Duration = Duration::from_millis(50);

/// Minimum time to listen for a reset before what is acknowledged is believed without proof.
const LISTEN: Duration = Duration::from_millis(50);

/// What the peer did after we had closed our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// It closed its own, having read everything.
    Closed,
    /// It has acknowledged everything and left its own open, for all the time that it was given or until the time of
    /// the invocation ended.
    StaysOpen {
        /// Whether it had all the time.
        for_long: bool,
    },
}

impl Connection {
    /// Closes our side and waits until the peer has closed its own: for `wait` from when it has acknowledged
    /// everything. The connection cannot be used afterwards.
    ///
    /// # Errors
    /// The peer closed before us or reset the connection; no byte was acknowledged for too long; the time is used up.
    pub(crate) async fn finish(&mut self, wait: Duration, until: Instant) -> Result<Closing, Failure> {
        if !self.standing()?.open {
            return Err(self.how_it_ended().await);
        }
        self.progress(until, |stream, cx| stream.poll_half_close(cx)).await?;
        let began = Instant::now();
        let mut acknowledged = None;
        loop {
            let limit = until.min(Instant::now() + LOOK.min(wait));
            match timeout_at(limit, poll_fn(|cx| self.stream.poll_end(cx))).await {
                Ok(Ok(())) => return self.closed(until).await,
                Ok(Err(error)) => {
                    self.ended = true;
                    return Err(broken(&error));
                }
                Err(_) => {}
            }
            let standing = self.look()?;
            let now = Instant::now();
            // A connection that is not open any more has ended a moment ago; the runtime hears of it next.
            if standing.open && standing.unacknowledged == 0 {
                let since = *acknowledged.get_or_insert(now);
                let for_long = now >= since + wait;
                if for_long || (now >= until && now >= since + LISTEN) {
                    return Ok(Closing::StaysOpen { for_long });
                }
            } else if now >= self.moved_at().max(began) + self.patience {
                return Err(stalled(self.patience, standing.unacknowledged));
            }
            if now >= until {
                return Err(deadline("waiting for the log service to close the connection", ""));
            }
        }
    }

    /// The peer has sent a FIN: whether that was after it had everything, and without a reset.
    async fn closed(&mut self, until: Instant) -> Result<Closing, Failure> {
        /// `SIOCOUTQ` counts our FIN as a byte. It may still be under way when TLS has told the peer of our end.
        const FIN: u64 = 1;
        self.ended = true;
        let limit = until.min(Instant::now() + self.patience);
        loop {
            // A reset empties the queue, so the error is read after it.
            let unacknowledged = self.standing()?.unacknowledged;
            if let Some(error) = self.stream.wire().socket.take_error().unwrap_or_else(Some) {
                return Err(broken(&error));
            }
            if unacknowledged == 0 {
                return Ok(Closing::Closed);
            }
            // The FIN of a peer that has read everything acknowledges everything.
            if unacknowledged > FIN || Instant::now() >= limit {
                let why = format!(
                    "the log service closed the connection before {unacknowledged} bytes had arrived"
                );
                return Err(Failure::new(FailureKind::Closed, why));
            }
            sleep(Duration::from_millis(1)).await;
        }
    }
}

#[cfg(test)]
mod tests;
