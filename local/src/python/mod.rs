//! Python, found and given an environment per tool: pinned versions, checked by hash.

mod base;
mod command;
mod environment;
mod pip;
#[cfg(test)]
mod tests;
mod tool;

pub use base::PYTHON_VARIABLE;
pub use environment::PythonEnv;
pub(crate) use pip::{pip, run_pip};
pub use tool::Tool;
