//! What is kept in S3 of records that were not delivered.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::probe::probe;
use crate::aws::Aws;
use crate::aws::bucket::list_objects;
use crate::error::Result;
use crate::health::{Chain, Kept, KeptPlace, KeptWhy, Unknown};
use crate::resources::whole_config;

/// Looks at every place that is configured: one call for each.
pub(super) async fn kept(aws: Aws<'_>, chain: &Chain, limit: Duration) -> Result<Vec<KeptPlace>> {
    let config = whole_config(&chain.observed.in_force()).ok().flatten().map(|whole| whole.config);
    let owner = config.as_ref().and_then(|config| config.bucket_owner.clone());
    let owner = owner.unwrap_or_else(|| chain.target.account.clone());
    // An object that Lambda writes has the id of the mapping in its key.
    let expired = chain.mappings().filter_map(|mapping| {
        let place = mapping.on_failure.clone()?;
        let bucket = place.split_once(":s3:::").map(|(_, bucket)| bucket.to_owned());
        Some((
            KeptWhy::Expired,
            place,
            bucket.map(|bucket| (bucket, format!("aws/lambda/{}/", mapping.uuid))),
        ))
    });
    let quarantine = config.and_then(|config| config.quarantine).map(|place| {
        let place = place.to_string();
        let path = place.strip_prefix("s3://").unwrap_or(&place);
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        let parts = [prefix, &chain.names.stream].into_iter().filter(|part| !part.is_empty());
        let prefix = parts.flat_map(|part| [part, "/"]).collect::<String>();
        let bucket = Some((bucket.to_owned(), prefix));
        (KeptWhy::Quarantined, place, bucket)
    });
    let owner = &owner;
    try_join_all(expired.chain(quarantine).map(|(why, place, bucket)| async move {
        let Some((bucket, prefix)) = bucket else {
            let objects = Err(Unknown::because("only a bucket can be looked into"));
            return Ok(KeptPlace { why, place, objects });
        };
        let objects = probe(limit, async {
            let listing = list_objects(aws, &bucket, &prefix, owner).await?;
            let times = || listing.objects.iter().map(|(at, _)| *at);
            Ok(Kept {
                objects: listing.objects.len() as u64,
                bytes: listing.objects.iter().map(|(_, bytes)| bytes).sum(),
                oldest: times().min(),
                newest: times().max(),
                is_whole: listing.is_whole,
            })
        });
        Ok(KeptPlace { why, place, objects: objects.await? })
    }))
    .await
}
