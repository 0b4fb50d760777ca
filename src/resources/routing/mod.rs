//! The ways that events take to a destination: by the pin of a filter, and by routes.

#[cfg(test)]
mod pin_tests;
pub(crate) mod pins;
pub(crate) mod routes;
#[cfg(test)]
mod routes_tests;
pub(crate) mod unredacted;
pub(crate) mod unrouted;
pub(crate) mod ways;
