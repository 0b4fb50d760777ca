//! One event becomes one line: what the line says, how it is kept on one line, and how serious the event is.

mod cut;
pub mod format;
mod one_line;
pub mod severity;

pub use cut::{Part, end_line, parts};
pub use one_line::{LINE_SEPARATOR, write_message, write_on_one_line};
