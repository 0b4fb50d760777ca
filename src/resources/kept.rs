//! Where records are kept that were not delivered.

use cwl2le_forwarder::config::Config;

use super::{Observed, ObservedTrigger};
use crate::stack::{Names, Target};

/// Before the id of an event source mapping, in the keys of the objects that Lambda writes for it.
pub(crate) const MAPPINGS: &str = "aws/lambda/";
/// Before the names of what `replay` writes down in the bucket about what it has sent.
pub(crate) const MANIFESTS: &str = "cwl2le/replayed/";

/// Why records are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// Lambda gave them up: too old, or tried too often.
    Expired,
    /// No retry can help them.
    Quarantined,
}

/// A place where records are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Why records are there.
    pub(crate) why: Why,
    /// The place as `s3://BUCKET/PREFIX`, or the ARN of an on-failure destination that is no bucket.
    pub(crate) place: String,
    /// The bucket, and what the keys of the stack's objects begin with; none of a queue or a topic.
    pub(crate) bucket: Option<(String, String)>,
}

/// The places of a stack: the on-failure destination of each event source mapping of its stream, the main function's
/// first, then the quarantine.
pub(crate) fn places(
    observed: &Observed,
    config: Option<&Config>,
    names: &Names,
    target: &Target,
) -> Vec<Place> {
    let stream = names.stream_arn(target);
    let main = observed.triggers.iter();
    let all = main.chain(observed.isolated.values().flat_map(|own| &own.triggers));
    let expired = all.filter(|mapping| mapping.source_arn == stream).filter_map(expired);
    expired.chain(config.and_then(|config| quarantine(config, &names.stream))).collect()
}

fn expired(mapping: &ObservedTrigger) -> Option<Place> {
    let place = mapping.on_failure.clone()?;
    let Some((_, bucket)) = place.split_once(":s3:::") else {
        return Some(Place { why: Why::Expired, place, bucket: None });
    };
    // An object that Lambda writes has the id of the mapping in its key.
    let of_mapping = format!("{MAPPINGS}{}", mapping.uuid);
    let (place, bucket) = (format!("s3://{bucket}/{of_mapping}"), (bucket.to_owned(), of_mapping + "/"));
    Some(Place { why: Why::Expired, place, bucket: Some(bucket) })
}

fn quarantine(config: &Config, stream: &str) -> Option<Place> {
    let place = config.quarantine.as_ref()?.to_string();
    let path = place.strip_prefix("s3://").unwrap_or(&place);
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    let parts = [prefix, stream].into_iter().filter(|part| !part.is_empty());
    let prefix = parts.flat_map(|part| [part, "/"]).collect::<String>();
    let bucket = Some((bucket.to_owned(), prefix));
    Some(Place { why: Why::Quarantined, place, bucket })
}
