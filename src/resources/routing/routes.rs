//! Warnings about the ways that events take once a plan is carried out: to nobody, or past a route that would redact
//! them.

use std::collections::BTreeSet;

use cwl2le_forwarder::route::Router;

use crate::resources::account_policy::plan::policy_put;
use crate::resources::filter::plan::filter_put;
use crate::resources::function::configuration::read_config;
use crate::resources::routing::pins::{leads_to, removes};
use crate::resources::routing::unredacted::unredacted;
use crate::resources::routing::unrouted::unrouted;
use crate::resources::routing::ways::{Subscribed, Ways};
use crate::resources::{Kind, Observed, Plan, ResourceId, Stack};

/// Adds a warning to a plan for each way on which events get lost, or leave unredacted although a route redacts them.
#[must_use]
pub fn warn_routes(stack: &Stack, observed: &Observed, subscribed: Subscribed, mut plan: Plan) -> Plan {
    let is = observed.function.as_ref().and_then(|is| match (read_config(is), &stack.function.config) {
        (Err(reason), None) if !plan.is_empty() => {
            plan.notes.push(format!("cannot tell where routes send these events: {reason}"));
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

/// Every filter to the stream once the plan is carried out: its log group and its name.
fn filters(plan: &Plan, observed: &Observed, stream_arn: &str) -> BTreeSet<(String, String)> {
    let put = plan.steps.iter().flat_map(|step| &step.actions).filter_map(filter_put);
    let put = put.filter(|put| put.destination_arn == stream_arn);
    let put = put.map(|put| (put.log_group.clone(), put.name.clone()));
    let stays = leads_to(observed, stream_arn)
        .filter(|(log_group, name)| !removes(plan, &ResourceId::filter(log_group, name)))
        .map(|(log_group, name)| (log_group.to_owned(), name.to_owned()));
    put.chain(stays).collect()
}

/// The account policies to the stream once the plan is carried out.
fn policies(plan: &Plan, observed: &Observed, stream_arn: &str) -> BTreeSet<String> {
    let put = plan.steps.iter().flat_map(|step| &step.actions).filter_map(policy_put);
    let put = put.filter(|put| put.destination_arn == stream_arn).map(|put| put.name.clone());
    let stays = observed.account_policy.iter().filter(|policy| {
        policy.destination_arn == stream_arn
            && !removes(plan, &ResourceId::new(Kind::ACCOUNT_POLICY, &policy.name))
    });
    put.chain(stays.map(|policy| policy.name.clone())).collect()
}
