//! What the user wants: flags over environment over `cwl2le.toml` over what exists already -> [`Stack`].

mod accounts;
mod alarms;
mod build;
mod check;
mod conform;
mod contents;
mod cost;
mod dashboard;
mod describe;
#[cfg(test)]
mod describe_tests;
mod desired;
pub(crate) mod destinations;
mod document;
mod environments;
#[cfg(test)]
mod environments_tests;
mod file;
mod fit;
mod function;
mod head;
mod identity;
#[cfg(test)]
mod limit_tests;
mod member;
mod membership;
#[cfg(test)]
mod membership_tests;
mod merge;
#[cfg(test)]
mod network_tests;
pub(crate) mod origin;
mod outline;
mod overlay;
mod placeholder;
mod problems;
mod quarantine;
mod read;
#[cfg(test)]
mod reference_tests;
mod region_and_profile;
mod roles;
mod saved;
mod schema;
mod search;
mod secrets;
mod section;
mod service;
#[cfg(test)]
mod service_tests;
#[cfg(test)]
mod shape_tests;
mod snippet;
mod stand_ins;
mod stream;
pub(crate) mod subscriptions;
mod template;
#[cfg(test)]
mod tests;
mod trigger;
#[cfg(test)]
mod unreadable_tests;
pub mod values;
mod wanted;
mod words;

pub use accounts::Accounts;
pub use alarms::Alarms;
pub use cost::Cost;
pub use dashboard::Dashboard;
pub use describe::describe;
pub(crate) use desired::{accepted_by, confirm_above, stack_without_secrets};
pub use desired::{
    bare_stack, check_flags, outlined_stack, token_is_awaited, wanted_stack, wants_proposed_shards,
};
pub(crate) use destinations::token_from;
pub use file::{Choice, File};
pub use function::Function;
pub(crate) use head::head;
pub(crate) use head::what_and_where;
pub use member::Member;
pub use membership::{Membership, membership};
pub use region_and_profile::{fill_options, is_chosen};
pub use roles::Resources;
pub use schema::SCHEMA;
pub use search::FILE_NAME;
pub(crate) use stand_ins::StandIn;
pub use stream::Stream;
pub use template::template;
pub use trigger::Trigger;
pub use wanted::Wanted;
