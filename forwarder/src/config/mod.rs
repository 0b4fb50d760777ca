//! The configuration of the function: destinations and routes.

mod document;
mod lines;
mod schedule;

pub use crate::destination::Settings as Destination;
pub use crate::destination::logentries::{Logentries, Region, UnknownRegion};
pub use document::*;
pub use lines::{Format, LineRules, Lines, Longest, Style};
pub use schedule::Schedule;
