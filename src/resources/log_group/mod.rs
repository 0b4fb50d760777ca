//! The forwarder's log group.

pub(crate) mod aws;
