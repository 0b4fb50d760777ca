//! The tags that say whose a resource is.

use super::names::{REGION_TAG, STACK_TAG, StackName, Tags, VERSION_TAG};
use super::target::Region;

/// The tags that mark a resource as this stack's own, and the user's beside them.
pub fn tags(stack: &StackName, region: &Region, user: &Tags) -> Tags {
    let mut tags = user.clone();
    tags.insert(STACK_TAG.to_owned(), stack.to_string());
    tags.insert(REGION_TAG.to_owned(), region.to_string());
    tags.insert(VERSION_TAG.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    tags
}

/// Whether tags say that a resource is this stack's own in this region.
pub fn owns(stack: &StackName, region: &Region, tags: &Tags) -> bool {
    tags.get(STACK_TAG).is_some_and(|s| s == stack.as_str())
        && tags.get(REGION_TAG).is_some_and(|r| r == region.as_str())
}
