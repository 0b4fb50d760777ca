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
        Some(Peer::Server { origin, trust }) => {
            let mut request = Request::new(Bytes::new());
            (*request.method_mut(), *request.uri_mut()) = (Method::HEAD, origin);
            let client = Client::trusting(&trust).map_err(unsupported)?;
            drop(client.send(request, timeouts.progress, until).await?);
        }
    }
    Ok(true)
}

/// Host and port of the log service of a destination; `None` where they are kept elsewhere.
pub fn place(settings: &Settings) -> Option<(String, u16)> {
    // Whom it trusts makes no difference, and a `ca_file` may be in the function only.
    let mut keys = serde_json::to_value(settings).ok()?;
    for key in ["ca", "ca_file"] {
        keys.as_object_mut()?.remove(key);
    }
    let bare: Settings = serde_json::from_value(keys).ok()?;
    match bare.peer().ok()?? {
        Peer::Stream(target) => Some((target.host, target.port)),
        Peer::Server { origin, .. } => {
            let plain = origin.scheme_str() == Some("http");
            let port = origin.port_u16().unwrap_or(if plain { 80 } else { 443 });
            Some((origin.host()?.to_owned(), port))
        }
    }
}
