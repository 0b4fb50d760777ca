//! The names of a stack, and what is true of them all. Pure values: no SDK, no clock, no I/O.

pub mod arn;
pub mod limits;
pub mod names;
pub mod selection;
mod setting;
pub mod target;
pub(crate) mod template;

use std::collections::BTreeMap;

pub use names::{Names, RoleScope, StackName};
pub use setting::Setting;
pub use target::{Region, Target};

/// Tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// The tags that mark a resource as this stack's own, and the user's beside them.
pub fn tags(stack: &StackName, region: &Region, user: &Tags) -> Tags {
    let mut tags = user.clone();
    tags.insert(names::STACK_TAG.to_owned(), stack.to_string());
    tags.insert(names::REGION_TAG.to_owned(), region.to_string());
    tags.insert(names::VERSION_TAG.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    tags
}

/// Whether tags say that a resource is this stack's own in this region.
pub fn owns(stack: &StackName, region: &Region, tags: &Tags) -> bool {
    tags.get(names::STACK_TAG).is_some_and(|s| s == stack.as_str())
        && tags.get(names::REGION_TAG).is_some_and(|r| r == region.as_str())
}
