//! The event source mapping from the stream to the forwarder.

pub(crate) mod aws;
pub(crate) mod desired;
