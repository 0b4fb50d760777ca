//! Events that reach a destination past a route that would redact them.
//!
//! A filter that pins a destination, the default destination, and a route that stands first are such ways. They are what
//! was asked for, so they are no error; but what is redacted on one way and not on another is easily overlooked.

use std::collections::BTreeSet;

use cwl2le_forwarder::config::{Config, pinned_destination};
use cwl2le_forwarder::glob::Glob;
use cwl2le_forwarder::route::Router;

use super::function::current_config;
use super::pins::{leads_to, put_pin, removes};
use super::{Action, Kind, Observed, Plan, ResourceId};
use crate::stack::Stack;

/// Maximum number of log groups that one warning names.
const NAMED: usize = 5;

/// Adds a warning to a plan for each way on which events leave unredacted although a route redacts them.
#[must_use]
pub fn warn_unredacted(stack: &Stack, observed: &Observed, mut plan: Plan) -> Plan {
    let is = observed.function.as_ref().and_then(current_config);
    let Some(config) = stack.function.config.as_ref().or(is.as_ref()) else { return plan };
    let Some(ways) = Ways::of(config) else { return plan };
    let stream_arn = stack.names.stream_arn(&stack.target);
    let mut warnings: Vec<String> = Vec::new();
    warnings.extend(ways.default_warning());
    let mut past: Vec<(String, String)> = Vec::new();
    for (log_group, filter) in leading(&plan, observed, &stream_arn) {
        past.extend(ways.past_route(&log_group, &filter).map(|why| (why, log_group)));
    }
    let reasons: BTreeSet<String> = past.iter().map(|(why, _)| why.clone()).collect();
    for why in reasons {
        let groups: Vec<&str> = past.iter().filter(|one| one.0 == why).map(|one| one.1.as_str()).collect();
        let more = groups.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named: Vec<String> = groups.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
        warnings.push(format!("warning: events of {}{more} are not redacted: {why}", named.join(", ")));
    }
    let policies = policies(&plan, observed, &stream_arn);
    warnings.extend(policies.iter().filter_map(|policy| ways.policy_warning(policy)));
    plan.notes.extend(warnings);
    plan
}

/// The ways that a configuration knows.
struct Ways<'c> {
    config: &'c Config,
    router: Router,
    /// The routes that redact, by position.
    redacting: Vec<(usize, Glob)>,
}

impl<'c> Ways<'c> {
    /// Nothing where no route redacts.
    fn of(config: &'c Config) -> Option<Self> {
        let redacting: Vec<_> = (0..config.routes.len())
            .filter(|at| redacts(config, *at))
            .filter_map(|at| Some((at, Glob::new(&config.routes[at].log_group).ok()?)))
            .collect();
        let router = Router::without_secrets(config).ok()?;
        (!redacting.is_empty()).then_some(Self { config, router, redacting })
    }

    /// What no route matches goes to the default destination as it is.
    fn default_warning(&self) -> Option<String> {
        let default = self.config.default_destination()?;
        let is_everything = |pattern: &str| !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*');
        if self.config.routes.iter().any(|route| is_everything(&route.log_group)) {
            return None;
        }
        Some(format!(
            "warning: log groups that no route matches go to `{default}` without redaction; to redact them as well, add a \
             last route with log_group = \"*\""
        ))
    }

    /// Why events of a log group get to their destination unredacted although a route would redact them.
    fn past_route(&self, log_group: &str, filter: &str) -> Option<String> {
        let destinations = self.router.choose(log_group, [filter]).ok()?;
        let taken = self.router.route(log_group, destinations);
        if taken.is_some_and(|at| redacts(self.config, at)) {
            return None;
        }
        let (would, _) = self.redacting.iter().find(|(_, pattern)| pattern.matches(log_group))?;
        let would = &self.config.routes[*would].log_group;
        Some(match pinned_destination(filter) {
            Some(pin) => format!("filter `{filter}` sends them to `{pin}`, past the route for `{would}`"),
            None => {
                let first = taken.map_or("", |at| &self.config.routes[at].log_group);
                format!("the route for `{first}` matches before the route for `{would}`")
            }
        })
    }

    /// The same for an account policy, whose log groups are not known.
    fn policy_warning(&self, policy: &str) -> Option<String> {
        let pin = pinned_destination(policy)?;
        let leads = |at: &usize| self.config.routes[*at].destination.names().any(|name| name == pin);
        let (would, _) = self.redacting.iter().find(|(at, _)| !leads(at))?;
        let would = &self.config.routes[*would].log_group;
        Some(format!(
            "warning: account policy `{policy}` sends events to `{pin}`, past the route for `{would}`, which redacts them"
        ))
    }
}

fn redacts(config: &Config, route: usize) -> bool {
    config.routes[route].shape.as_ref().is_some_and(|rules| !rules.redact.is_empty())
}

/// Every filter to the stream once the plan is carried out: its log group and its name.
fn leading(plan: &Plan, observed: &Observed, stream_arn: &str) -> BTreeSet<(String, String)> {
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
        // One that pins nothing goes the ways of the routes.
        Action::PutAccountPolicy { policy: put, .. } | Action::ReplaceAccountPolicy { put, .. } => {
            put_pin(action, stream_arn).map(|_| put.name.clone())
        }
        _ => None,
    });
    let stays = observed.account_policy.iter().filter(|policy| {
        policy.destination_arn == stream_arn
            && !removes(plan, &ResourceId::new(Kind::AccountPolicy, &policy.name))
    });
    put.chain(stays.map(|policy| policy.name.clone())).collect()
}
