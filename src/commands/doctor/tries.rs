//! `--probe`: tries what only trying shows. It changes nothing that stays.

use std::time::Duration;

use cwl2le_forwarder::destination::Timeouts;
use cwl2le_forwarder::destination::probe::reach;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::evidence::Tried;
use crate::aws::bucket::write_and_delete;
use crate::aws::{Aws, Session};
use crate::error::{Code, Result};
use crate::health::{Chain, Probe, Unknown};
use crate::resources::function::aws::start_function;
use crate::resources::whole_config;
use crate::signals::probe;

/// Maximum time for a function that starts, and for all log services together.
const LIMIT: Duration = Duration::from_secs(20);
/// Maximum time for a log service to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Tries everything at the same time.
///
/// # Errors
/// A stop.
pub(super) async fn tries(session: &Session, chain: &Chain) -> Result<Tried> {
    let (functions, services, buckets) =
        tokio::join!(functions(session, chain), services(chain), buckets(session, chain));
    Ok(Tried { functions: functions?, services, buckets: buckets? })
}

/// Each function with the isolated destination that it serves.
type Functions = Vec<(Option<String>, Probe<Result<(), String>>)>;

async fn functions(session: &Session, chain: &Chain) -> Result<Functions> {
    let isolated = chain.observed.isolated.iter().filter_map(|(name, own)| {
        let function = own.function.as_ref()?;
        Some((Some(name.clone()), function.invoked_as(&chain.names.isolated(name).function)))
    });
    let main = chain.observed.function.iter();
    let main = main.map(|function| (None, function.invoked_as(&chain.names.function)));
    let all: Vec<(Option<String>, String)> = main.chain(isolated).collect();
    let tried = join_all(all.into_iter().map(async |(subject, function)| {
        let start = async {
            match start_function(Aws::from(session), &function).await {
                Err(error) if error.code == Code::CannotStart => Ok(Err(error.message)),
                Err(error) => Err(error),
                Ok(()) => Ok(Ok(())),
            }
        };
        probe(LIMIT, start).await.map(|tried| (subject, tried))
    }));
    tried.await.into_iter().collect()
}

/// Each destination with whether it could be reached; what kept it from that, in words.
async fn services(chain: &Chain) -> Probe<Vec<(String, Result<bool, String>)>> {
    let whole = whole_config(&chain.observed.in_force()).map_err(|unreadable| {
        Unknown::because(format!("the configuration cannot be read: {}", unreadable.reason))
    })?;
    let Some(whole) = whole else { return Ok(Vec::new()) };
    let until = Instant::now() + LIMIT;
    let timeouts = Timeouts { connect: CONNECT, handshake: CONNECT, ..Timeouts::default() };
    let reached = whole.config.destinations.iter().map(async |(name, destination)| {
        let reached = reach(destination, timeouts, until).await;
        (name.clone(), reached.map_err(|failure| failure.to_string()))
    });
    Ok(join_all(reached).await)
}

/// Each bucket with whether it takes an object.
async fn buckets(session: &Session, chain: &Chain) -> Result<Vec<(String, Probe<()>)>> {
    let config = whole_config(&chain.observed.in_force()).ok().flatten().map(|whole| whole.config);
    let owner = config.as_ref().and_then(|config| config.bucket_owner.clone());
    let owner = owner.unwrap_or_else(|| chain.target.account.clone());
    let quarantine = config.and_then(|config| config.quarantine).map(|place| {
        let prefix =
            place.path().strip_prefix(place.bucket()).unwrap_or_default().trim_matches('/').to_owned();
        (place.bucket().to_owned(), prefix)
    });
    let expired = chain.observed.triggers.iter().filter_map(|trigger| trigger.on_failure.as_deref());
    let expired = expired
        .filter_map(|arn| arn.strip_prefix("arn:aws:s3:::").map(|bucket| (bucket.to_owned(), String::new())));
    let tried = join_all(quarantine.into_iter().chain(expired).map(async |(bucket, prefix)| {
        let key = [prefix.as_str(), "cwl2le-doctor"].join("/").trim_start_matches('/').to_owned();
        let write = async { Ok(write_and_delete(session.into(), &bucket, &key, &owner).await?) };
        let place = format!("s3://{bucket}/{prefix}").trim_end_matches('/').to_owned();
        probe(LIMIT, write).await.map(|tried| (place, tried))
    }));
    tried.await.into_iter().collect()
}
