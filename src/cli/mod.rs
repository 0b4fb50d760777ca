//! What stands above the verbs: the whole command line, how it is parsed, and how its verb is run.

mod arguments;
mod denied;
mod given;
mod help;
mod misplaced_keys;
mod read;
mod run;
mod run_in;
mod selection;
mod several;
mod several_report;
pub mod signals;
#[cfg(test)]
mod tests;
mod unparsed;

pub use crate::commands::{Outcome, Shown};
pub use arguments::{Cli, Global};
pub use given::learn_secrets;
pub use read::read;
pub use run::run;
pub use unparsed::unparsed;
