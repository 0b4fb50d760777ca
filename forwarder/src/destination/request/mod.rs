//! Log services that take events in HTTP requests, and answer each.

mod answer;
mod body;
mod evidence;
mod jobs;
mod pause;
pub(crate) mod pending;
pub(crate) mod reading;
mod session;

pub(crate) use body::post;
pub(crate) use session::{IN_FLIGHT, Service, build};
