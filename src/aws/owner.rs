//! Whether what is there already was made by an earlier run for the same stack.

use crate::error::{Code, Error, Result};
use crate::stack::Tags;
use crate::stack::names::{REGION_TAG, STACK_TAG};

/// Accepts a resource that a creation ran into, when it carries the tags of the stack it was to be made for: an
/// earlier run was interrupted, or a call succeeded whose answer was lost.
///
/// # Errors
///
/// [`Code::NotOurs`]
pub(crate) fn check_owner(kind: &str, name: &str, wanted: &Tags, found: &Tags) -> Result<()> {
    if [STACK_TAG, REGION_TAG].iter().all(|tag| wanted.get(*tag) == found.get(*tag)) {
        return Ok(());
    }
    Err(Error::new(Code::NotOurs, format!("somebody else made the {kind} `{name}` in the meantime"))
        .on(name)
        .hint("take it over with --adopt, or make a stack beside it with --stack NAME"))
}
