//! Warnings about the ways that events take once a plan is carried out: to nobody, or past a route that would redact them.

use std::collections::{BTreeMap, BTreeSet};

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::route::Router;

use crate::resources::function::configuration::read_config;
use crate::resources::routing::pins::{leads_to, removes};
use crate::resources::routing::unredacted::unredacted;
use crate::resources::routing::unrouted::unrouted;
use crate::resources::{Action, Kind, Observed, Plan, ResourceId, Stack};

/// Maximum number of log groups that one warning names.
const NAMED: usize = 5;

/// Which log groups of the stack a plan knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscribed {
    /// All that are subscribed, or all that the warnings are to be about.
    Known,
    /// Only those that the plan subscribes: there may be others.
    SomeUnknown,
}

/// What leads to the stream once a plan is carried out.
pub(crate) struct Ways<'c> {
    pub(crate) config: &'c Config,
    pub(crate) router: Router,
    /// The log group and the name of each filter.
    pub(crate) filters: BTreeSet<(String, String)>,
    /// The names of account policies, whose log groups are not known.
    pub(crate) policies: BTreeSet<String>,
    pub(crate) subscribed: Subscribed,
}

/// Adds a warning to a plan for each way on which events get lost, or leave unredacted although a route redacts them.
#[must_use]
pub fn warn_routes(stack: &Stack, observed: &Observed, subscribed: Subscribed, mut plan: Plan) -> Plan {
    let is = observed.function.as_ref().and_then(|is| match (read_config(is), &stack.function.config) {
        (Err(reason), None) if !plan.is_empty() => {
            plan.notes.push(format!("where routes send these events is not known: {reason}"));
            None
        }
        (read, _) => read.ok().flatten(),
    });
    let Some(config) = stack.function.config.as_ref().or(is.as_ref()) else { return plan };
    let Ok(router) = Router::without_secrets(config) else { return plan };
    let stream_arn = stack.names.stream_arn(&stack.target);
    let (filters, policies) = (filters(&plan, observed, &stream_arn), policies(&plan, observed, &stream_arn));
    let ways = Ways { config, router, filters, policies, subscribed };
    let warnings = unrouted(&ways).into_iter().chain(unredacted(&ways));
    plan.notes.extend(warnings.map(|warning| format!("warning: {warning}")));
    plan
}

/// Log groups by what is wrong with them, each with the names of the first few.
pub(crate) fn by_reason(wrong: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (why, log_group) in wrong {
        groups.entry(why).or_default().insert(format!("`{log_group}`"));
    }
    let named = |groups: BTreeSet<String>| {
        let first: Vec<String> = groups.iter().take(NAMED).cloned().collect();
        match groups.len() - first.len() {
            0 => first.join(", "),
            more => format!("{} and {more} more", first.join(", ")),
        }
    };
    groups.into_iter().map(|(why, groups)| (why, named(groups))).collect()
}

/// Every filter to the stream once the plan is carried out: its log group and its name.
fn filters(plan: &Plan, observed: &Observed, stream_arn: &str) -> BTreeSet<(String, String)> {
    let put = plan.steps.iter().flat_map(|step| &step.actions).filter_map(|action| match action {
        Action::PutFilter(put) | Action::ReplaceFilter { put, .. } if put.destination_arn == stream_arn => {
            Some((put.log_group.clone(), put.name.clone()))
        }
        _ => None,
    });
    let stays = leads_to(observed, stream_arn)
        .filter(|(log_group, name)| !removes(plan, &ResourceId::filter(log_group, name)))
        .map(|(log_group, name)| (log_group.to_owned(), name.to_owned()));
    put.chain(stays).collect()
}

/// The account policies to the stream once the plan is carried out.
fn policies(plan: &Plan, observed: &Observed, stream_arn: &str) -> BTreeSet<String> {
    let put = plan.steps.iter().flat_map(|step| &step.actions).filter_map(|action| match action {
        Action::PutAccountPolicy { policy: put, .. } | Action::ReplaceAccountPolicy { put, .. } => {
            (put.destination_arn == stream_arn).then(|| put.name.clone())
        }
        _ => None,
    });
    let stays = observed.account_policy.iter().filter(|policy| {
        policy.destination_arn == stream_arn
            && !removes(plan, &ResourceId::new(Kind::AccountPolicy, &policy.name))
    });
    put.chain(stays.map(|policy| policy.name.clone())).collect()
}

/// Whether a route of a configuration matches every log group.
pub(crate) fn routes_everything(config: &Config) -> bool {
    let is_everything = |pattern: &str| !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*');
    config.routes.iter().any(|route| is_everything(&route.log_group))
}
