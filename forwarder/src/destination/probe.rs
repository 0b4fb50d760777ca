//! Whether a log service closes its side of a connection after ours, found out without sending it anything.

use std::time::Duration;

use tokio::time::Instant;

use super::stream::{Closing, Connection};
use super::{Settings, Timeouts};
use crate::net::{Failure, FailureKind};

/// What a service did when the other side of a new connection was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It closed its own side after this time: `receipt = "closed"` works, and `auto` proves every delivery.
    Closes(Duration),
    /// It left its own side open for [`Timeouts::close`]. Only `receipt = "acknowledged"`, and `auto` without proof,
    /// can deliver to it.
    StaysOpen,
    /// It reset the connection, which counts as failure with `auto` and `closed`. Only `receipt = "acknowledged"` can
    /// deliver to it.
    Resets,
}

/// Connects to the log service of a destination, closes our side at once and looks whether the service closes its own.
/// No event is sent and no secret is used. `None` for types that answer requests.
///
/// # Errors
/// What kept it from finding out: no address, nobody listens, a certificate, a `ca_file` that cannot be read
/// ([`FailureKind::Unsupported`]), the time `until` which it may take.
pub async fn probe(
    settings: &Settings,
    timeouts: Timeouts,
    until: Instant,
) -> Result<Option<Probe>, Failure> {
    let target = match settings {
        Settings::Logentries(logentries) => logentries.target(),
        Settings::Syslog(syslog) => syslog.target(),
        _ => return Ok(None),
    };
    let target = target.map_err(|why| Failure::new(FailureKind::Unsupported, why))?;
    let mut connection = Connection::open(&target, timeouts, until).await?;
    let began = Instant::now();
    match connection.finish(timeouts.close, until).await {
        Ok(Closing::Closed) => Ok(Some(Probe::Closes(began.elapsed()))),
        Ok(Closing::StaysOpen { for_long: true }) => Ok(Some(Probe::StaysOpen)),
        Ok(Closing::StaysOpen { for_long: false }) => Err(Failure::new(
            FailureKind::Deadline,
            "there was no time to see whether the log service closes",
        )),
        Err(Failure { kind: FailureKind::Reset, .. }) => Ok(Some(Probe::Resets)),
        Err(failure) => Err(failure),
    }
}
