//! The forwarder that this binary carries, and the checks on any forwarder before it is uploaded.

pub mod archive;
mod elf;
mod error;
mod forwarder;
mod package;
#[cfg(test)]
mod source;
#[cfg(test)]
mod tests;
mod unpack;

pub use elf::Glibc;
pub use forwarder::{
    BundleInfo, MAX_ZIP, available, bundled, from_zip_file, inspect, of_this_machine, preferred,
};
pub use package::Package;
