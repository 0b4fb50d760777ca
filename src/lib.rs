//! The CLI of cwl2le as a library, so that tests and benches reach it.

pub mod apply;
pub mod aws;
pub mod bundle;
pub mod cli;
pub mod commands;
pub mod demo;
mod documentation;
pub mod environment;
pub mod error;
pub mod exit;
pub mod health;
pub mod manual;
pub mod output;
pub mod plan;
mod replay;
pub mod settings;
pub mod signals;
pub mod stack;
mod text;
mod write;
