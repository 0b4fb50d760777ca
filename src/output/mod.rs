//! What a person or a script reads: data on standard output, everything else on standard error.
//!
//! A report is one value with two renderings, [`Display`](std::fmt::Display) for people and [`Serialize`] for scripts.
//! Nothing here opens a stream: `main` hands in standard output and standard error.
//!
//! Everything is written by [`Printer`], [`Progress`] or [`report_panics`]. They redact the secrets of the run and
//! escape control characters.

mod color;
mod command;
mod envelope;
mod error;
mod live;
mod log;
mod next;
mod pager;
mod panic;
mod printer;
mod progress;
mod prose;
pub mod quantity;
pub mod style;
mod table;
#[cfg(test)]
mod tests;
mod visible;
pub(crate) mod width;
mod wrap;

pub use color::ColorChoice;
pub(crate) use command::continued;
pub use envelope::{Envelope, FORMAT_VERSION};
pub(crate) use error::error_lines;
pub use live::Live;
pub use log::LogLevel;
pub use next::Next;
pub use panic::{bug, report_panics};
pub use printer::{OutputFormat, Printer};
pub(crate) use printer::{prompt, seconds};
pub use progress::{Progress, Step};
pub use table::Table;
pub use visible::{for_terminal, unstyled, visible};
pub use width::{height, width};
pub use wrap::{columns, hanging, indented, shortened, wrapped, wrapped_but};
