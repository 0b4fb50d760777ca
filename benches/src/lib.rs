//! The loads that the forwarder is measured with: by the program of this package, and by its bench `stages`.
#![allow(clippy::cast_precision_loss, reason = "measurements have three digits, not seventeen")]

pub mod workload;
