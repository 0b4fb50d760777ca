//! What stands above the verbs: the whole command line, how it is parsed, and how its verb is run.

mod arguments;
mod completed;
mod denied;
mod given;
mod misplaced_keys;
mod run;
pub mod signals;
#[cfg(test)]
mod tests;
mod unparsed;

pub use crate::commands::{Outcome, Shown};
pub use arguments::{Cli, Global};
pub use given::learn_secrets;
pub use run::run;
pub use unparsed::unparsed;
