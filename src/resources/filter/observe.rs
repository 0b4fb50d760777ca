//! Reads log groups with their subscription filters.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::aws::{LogGroup, list_log_groups, observe_group, with_filters};
use super::observed::ObservedGroup;
use crate::aws::{Aws, Notice};
use crate::error::{Error, Result};
use crate::resources::depth::Depth;

/// How many log groups are read at once; the pace of the calls is decided elsewhere.
const GROUPS_AT_ONCE: usize = 16;

pub(crate) async fn observe_groups(
    aws: Aws<'_>,
    names: &[String],
    depth: Depth,
) -> Result<BTreeMap<String, ObservedGroup>> {
    let groups: Vec<(String, Option<LogGroup>)> = match depth {
        Depth::Stack => names.iter().map(|name| (name.clone(), None)).collect(),
        Depth::Everything => {
            let all = list_log_groups(aws, None).await?;
            all.into_iter().map(|group| (group.name.clone(), Some(group))).collect()
        }
    };
    read_groups(aws, groups).await
}

/// Log groups that were listed, with their subscription filters: a call each. The notices count them.
///
/// # Errors
///
/// Whatever `logs:DescribeSubscriptionFilters` fails with. A group that is gone by now is absent.
pub async fn observe_log_groups<'a>(
    aws: impl Into<Aws<'a>>,
    listed: Vec<LogGroup>,
) -> Result<BTreeMap<String, ObservedGroup>> {
    let groups = listed.into_iter().map(|group| (group.name.clone(), Some(group))).collect();
    read_groups(aws.into(), groups).await
}

async fn read_groups(
    aws: Aws<'_>,
    groups: Vec<(String, Option<LogGroup>)>,
) -> Result<BTreeMap<String, ObservedGroup>> {
    let (done, total) = (AtomicUsize::new(0), groups.len());
    let read = stream::iter(groups).map(|(name, listed)| {
        let done = &done;
        async move {
            // What has been listed needs no second look at its class.
            let group = match listed {
                Some(listed) => with_filters(aws, listed).await?,
                None => observe_group(aws, &name).await?,
            };
            (aws.notice)(Notice::Read { done: done.fetch_add(1, Ordering::Relaxed) + 1, total });
            Ok::<_, Error>((name, group))
        }
    });
    let read: Vec<_> = read.buffer_unordered(GROUPS_AT_ONCE).try_collect().await?;
    Ok(read.into_iter().filter_map(|(name, group)| Some((name, group?))).collect())
}
