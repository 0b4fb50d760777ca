//! Whatever befalls a run at any of its AWS calls, the next run completes it.

mod every_call;
mod faults;
mod members;
mod proofs;
