//! The configuration of the function: destinations and routes.

mod document;
mod lines;
mod metrics;
mod names;
mod schedule;
mod validate;

pub use crate::config_error::ConfigError;
pub use crate::destination::Settings as Destination;
pub use crate::destination::logentries::{Logentries, Region, UnknownRegion};
pub use crate::style::{Format, LineRules, Longest, Style};
pub use document::{CONFIG_ENV, Config, DEFAULT_DESTINATION, Route};
pub use lines::Lines;
pub use metrics::Metrics;
pub use names::{Names, filter_name, pinned_destination};
pub use schedule::Schedule;
