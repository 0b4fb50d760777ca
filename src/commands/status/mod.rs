//! `cwl2le status`

mod accounts;
mod describe;
mod flow_text;
mod member;
#[cfg(test)]
mod member_tests;
mod parts;
mod report;
mod shards;
mod text;
mod verb;
mod watch;

#[cfg(test)]
pub(crate) use member::{MemberReport, MemberRole, SentGroup, SentPolicy};
#[cfg(test)]
pub(crate) use report::{
    AccountPolicy, Alarm, Destination, Gap, KeptPlace, Part, StatusReport, Subscription,
};
pub(crate) use verb::Status;
