//! What is kept in S3 of records that were not delivered.

use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::Instant;

use super::probe::probe;
use super::replayed::{Notes, Sent, sent};
use crate::aws::Aws;
use crate::aws::bucket::{Listed, Listing, list_objects};
use crate::error::Result;
use crate::health::{Chain, Kept, KeptPlace, Probe, Replayed, Unknown};
use crate::resources::kept::{Place, places};
use crate::resources::whole_config;

/// Looks at every place that is configured: one call for each. If something is there that was kept since `replayed`, in
/// milliseconds since 1970, looks whether `replay` has sent it, too.
pub(super) async fn kept(
    aws: Aws<'_>,
    chain: &Chain,
    limit: Duration,
    replayed: Option<i64>,
) -> Result<Vec<KeptPlace>> {
    let until = Instant::now() + limit;
    let config = whole_config(&chain.observed.in_force()).ok().flatten().map(|whole| whole.config);
    let owner = config.as_ref().and_then(|config| config.bucket_owner.clone());
    let owner = owner.unwrap_or_else(|| chain.target.account.clone());
    let all = places(&chain.observed, config.as_ref(), &chain.names, &chain.target);
    let is_only_one = config.as_ref().is_some_and(|config| config.destinations.len() == 1);
    let (owner, stream) = (owner.as_str(), chain.names.stream.as_str());
    try_join_all(all.into_iter().map(|Place { why, place, bucket }| async move {
        let Some((bucket, prefix)) = bucket else {
            let objects = Err(Unknown::because("only a bucket can be looked into"));
            return Ok(KeptPlace { why, place, objects });
        };
        let listed = probe(limit, async { Ok(list_objects(aws, &bucket, &prefix, owner).await?) }).await?;
        let listing = match listed {
            Ok(listing) => listing,
            Err(unknown) => return Ok(KeptPlace { why, place, objects: Err(unknown) }),
        };
        let is_new = |since: &i64| listing.objects.iter().any(|object| object.time >= *since);
        let replayed = match replayed.filter(is_new) {
            Some(since) => {
                let notes = Notes { bucket: &bucket, owner, stream, since, is_only_one };
                let limit = until.saturating_duration_since(Instant::now());
                let sent = probe(limit, async { Ok(sent(aws, notes).await?) }).await?;
                Some(sent.map(|sent| of_listed(&listing, &sent)))
            }
            None => None,
        };
        Ok(KeptPlace { why, place, objects: Ok(described(&listing, replayed)) })
    }))
    .await
}

fn described(listing: &Listing, replayed: Option<Probe<Replayed>>) -> Kept {
    let times = || listing.objects.iter().map(|object| object.time);
    Kept {
        objects: listing.objects.len() as u64,
        bytes: listing.objects.iter().map(|object| object.bytes).sum(),
        oldest: times().min(),
        newest: times().max(),
        is_whole: listing.is_whole,
        replayed,
    }
}

fn of_listed(listing: &Listing, sent: &Sent) -> Replayed {
    let is_left = |object: &&Listed| !sent.is_whole(&object.key);
    let left: Vec<i64> = listing.objects.iter().filter(is_left).map(|object| object.time).collect();
    Replayed { objects: (listing.objects.len() - left.len()) as u64, newest_left: left.into_iter().max() }
}
