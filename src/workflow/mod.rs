//! What several verbs do: find out what is there, plan, ask, apply, report.

pub(crate) mod apply_plan;
mod applying;
pub(crate) mod bill;
pub(crate) mod canary;
mod change_report;
pub(crate) mod completed;
pub(crate) mod consent;
mod context;
pub(crate) mod deployed;
mod events;
pub(crate) mod log_groups;
pub(crate) mod member;
mod next_steps;
pub(crate) mod old_versions;
pub(crate) mod patterns;
pub(crate) mod plan_export;
pub(crate) mod plan_stack;
pub(crate) mod plan_wanted;
pub(crate) mod reading;
mod rollback;
pub(crate) mod saved_plan;
mod show_plan;
pub(crate) mod steps;
mod stopwatch;
pub(crate) mod together;
pub(crate) mod unknown_stack;
pub(crate) mod upgrade;
mod words;

pub(crate) use change_report::ChangeReport;
pub(crate) use context::{Context, Lines};
pub(crate) use stopwatch::Stopwatch;
