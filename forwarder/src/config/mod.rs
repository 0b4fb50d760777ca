//! The configuration of the function: destinations and routes.

mod document;
mod lines;
mod schedule;

pub use crate::destination::Settings as Destination;
pub use crate::destination::logentries::{Logentries, Region, UnknownRegion};
pub use crate::style::{Format, LineRules, Longest, Style};
pub use document::*;
pub use lines::Lines;
pub use schedule::Schedule;
