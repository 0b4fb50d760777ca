//! The edge: everything that talks to AWS.
//!
//! [`Session`] is the account and region; [`Aws`] is a session together with who is told about waiting. Every request
//! of this program goes through [`Aws::call`]: pacing, retries, stops, counting and error names are decided there and
//! nowhere else. A test keeps it so; requests for credentials are the SDK's own, over the same connections.

pub(crate) mod answers;
pub(crate) mod application;
pub(crate) mod ask;
pub(crate) mod bucket;
pub(crate) mod call;
mod clock;
pub(crate) mod cloudwatch;
mod credentials;
mod endpoint;
pub(crate) mod error;
mod error_row;
pub(crate) mod error_table;
mod events;
mod exchange;
mod explain;
mod http;
pub(crate) mod log_policies;
pub(crate) mod network;
mod notice;
pub(crate) mod object;
mod open;
mod options;
pub(crate) mod owner;
mod pace;
mod pages;
mod profile;
pub(crate) mod query;
pub(crate) mod quotas;
pub(crate) mod records;
mod region;
pub(crate) mod retry;
mod role;
mod session;
pub(crate) mod simulate;
mod stop;
pub(crate) mod surroundings;
pub(crate) mod tagged;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod texts;
mod trace;
mod trust;
pub(crate) mod wait;

pub use crate::error::AwsError;
pub use call::Aws;
pub(crate) use error_table::{BAD_PATTERN_HINT, MISSING_PERMISSION};
pub use events::{Event, EventQuery, filter_log_events};
pub use notice::Notice;
pub use options::{Keys, Options, RoleOptions};
pub use pace::Paces;
pub(crate) use region::configured_region;
pub use session::Session;
pub use stop::Stop;
