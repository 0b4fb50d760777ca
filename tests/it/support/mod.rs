//! What the tests share: a local AWS, accounts in it, log services, and the `cwl2le` process.

pub(crate) mod account;
pub(crate) mod aws;
pub(crate) mod destination;
pub(crate) mod documented;
pub(crate) mod flow;
pub(crate) mod forwarder_zip;
pub(crate) mod log_process;
pub(crate) mod s3;
pub(crate) mod secrets;
mod world;

pub(crate) use documented::{named, place};
pub(crate) use world::{REGION, Ran, TOKEN, World, confirmed, cwl2le, python};
