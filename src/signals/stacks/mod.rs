//! Which stacks there are in the account and region, by their tags, or else by the names that stacks have.

mod find;
mod gather;

#[cfg(test)]
pub(crate) use find::Seen;
pub(crate) use find::find;
#[cfg(test)]
pub(crate) use gather::{Found, by_names, by_tags};
