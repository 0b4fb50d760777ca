//! Whether a log service can be reached, and whether it closes its side of a connection after ours, found out without
//! sending it an event or a secret.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use tokio::time::Instant;

use super::stream::{Closing, Connection};
use super::types::Peer;
use super::{Settings, Timeouts};
use crate::net::http::Client;
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
    let peer = settings.peer().map_err(|why| Failure::new(FailureKind::Unsupported, why))?;
    let Some(Peer::Stream(target)) = peer else { return Ok(None) };
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

/// Connects to the log service of a destination as a delivery does: by name, address and TLS. No event is sent and no
/// secret is used. A service that takes requests gets one for `/`, and any answer counts. `false` where the address is
/// a secret that is kept elsewhere.
///
/// # Errors
/// What kept it from connecting; see [`probe`].
pub async fn reach(settings: &Settings, timeouts: Timeouts, until: Instant) -> Result<bool, Failure> {
    let unsupported = |why| Failure::new(FailureKind::Unsupported, why);
    match settings.peer().map_err(unsupported)? {
        None => return Ok(false),
        Some(Peer::Stream(target)) => drop(Connection::open(&target, timeouts, until).await?),
        Some(Peer::Server { origin, ca_file }) => {
            let mut request = Request::new(Bytes::new());
            (*request.method_mut(), *request.uri_mut()) = (Method::HEAD, origin);
            let client = Client::new(ca_file.as_deref()).map_err(unsupported)?;
            drop(client.send(request, timeouts.progress, until).await?);
        }
    }
    Ok(true)
}
