//! What is kept in S3 of records that were not delivered.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::probe::probe;
use crate::aws::Aws;
use crate::aws::bucket::list_objects;
use crate::error::Result;
use crate::health::{Chain, Kept, KeptPlace, Unknown};
use crate::resources::kept::{Place, places};
use crate::resources::whole_config;

/// Looks at every place that is configured: one call for each.
pub(super) async fn kept(aws: Aws<'_>, chain: &Chain, limit: Duration) -> Result<Vec<KeptPlace>> {
    let config = whole_config(&chain.observed.in_force()).ok().flatten().map(|whole| whole.config);
    let owner = config.as_ref().and_then(|config| config.bucket_owner.clone());
    let owner = owner.unwrap_or_else(|| chain.target.account.clone());
    let all = places(&chain.observed, config.as_ref(), &chain.names, &chain.target);
    let owner = &owner;
    try_join_all(all.into_iter().map(|Place { why, place, bucket }| async move {
        let Some((bucket, prefix)) = bucket else {
            let objects = Err(Unknown::because("only a bucket can be looked into"));
            return Ok(KeptPlace { why, place, objects });
        };
        let objects = probe(limit, async {
            let listing = list_objects(aws, &bucket, &prefix, owner).await?;
            let times = || listing.objects.iter().map(|object| object.time);
            Ok(Kept {
                objects: listing.objects.len() as u64,
                bytes: listing.objects.iter().map(|object| object.bytes).sum(),
                oldest: times().min(),
                newest: times().max(),
                is_whole: listing.is_whole,
            })
        });
        Ok(KeptPlace { why, place, objects: objects.await? })
    }))
    .await
}
