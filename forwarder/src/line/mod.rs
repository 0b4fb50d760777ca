//! One event becomes one line: what the line says, how it is kept on one line, and how serious the event is.

pub mod format;
mod one_line;
pub mod severity;

pub use one_line::{
    LINE_SEPARATOR, Part, end_line, escape, parts, unescape, without_end, write_message, write_on_one_line,
    write_text,
};
pub(crate) use one_line::{first_escape, hex4};
