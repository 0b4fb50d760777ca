//! What `cwl2le` alone, `-h`, `--help` and the manual pages say.
//!
//! The flags and their texts come from clap, examples and groups from the verbs, the rest from the lists in `topics.rs`.

mod command;
mod list;
mod pages;
mod rows;
#[cfg(test)]
mod tests;
mod topics;

pub(super) use command::command;
pub(super) use pages::pages;
