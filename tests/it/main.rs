//! The CLI as a process, on a local AWS: one program, so that it is linked once and the tests share what is slow to
//! start.

mod arm64;
mod canary;
mod chain;
mod cli;
mod crash;
mod docs;
mod facts;
mod forward;
mod house;
mod leftovers;
mod permissions;
mod pictures;
mod several;
mod stack;
mod status;
mod support;
