//! The forwarder against log services, Lambda, AWS and other programs that do as they are told.
//!
//! One program, so that it is linked once; a file is a subject. `cargo test -p cwl2le-forwarder --test it NAME` runs
//! one.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a panic is how a test fails, and nothing here is an API"
)]

mod common;

mod answers;
mod bootstrap;
mod canary;
mod connections;
mod delivery;
mod documents;
mod dry;
mod field;
mod fuzz_smoke;
mod isolation;
mod poison;
mod poller;
mod process;
mod quarantine;
mod real_payloads;
mod receipts;
mod receiver_process;
mod references;
mod refusals;
mod requests;
mod shaping;
mod shared_memory;
mod syslog_servers;
mod truth;
mod two_destinations;
mod webhook;
