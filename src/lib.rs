//! The CLI of cwl2le as a library, so that tests and benches reach it.

pub mod apply;
pub mod aws;
pub mod bundle;
pub mod cli;
mod commands;
mod documentation;
pub mod environment;
pub mod error;
mod events;
mod export;
mod flags;
mod health;
pub mod journal;
#[cfg(test)]
mod leak_tests;
pub mod output;
pub mod plan;
mod prices;
pub mod resources;
pub mod settings;
mod signals;
pub mod stack;
mod text;
mod workflow;
mod write;
