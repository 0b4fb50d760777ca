//! What the tests share: a local AWS, accounts in it, log services, and the `cwl2le` process.

pub mod account;
pub mod log_process;
pub mod s3;
pub mod secrets;
mod world;

pub(crate) use world::{REGION, Ran, TOKEN, World, confirmed, cwl2le};
