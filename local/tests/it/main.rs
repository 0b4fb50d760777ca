//! The local AWS and what stands around it, as processes.

mod faults;
mod install;
mod local_aws;
