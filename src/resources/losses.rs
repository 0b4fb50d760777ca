//! What a plan takes away for good, so that nobody agrees to it unseen.

use std::collections::BTreeSet;
use std::fmt;

use cwl2le_forwarder::config::{CONFIG_ENV, Config};
use serde::Serialize;

use crate::output::visible;
use crate::resources::function::configuration::{lost_function, read_config, whole_config};
use crate::resources::teardown::undelivered;
use crate::resources::{
    AccountPolicy, Action, FilterSpec, Kind, Observed, ObservedFilter, ObservedFunction, ObservedTrigger,
    Plan, ResourceId, Stack, Stage, Step, Verb, retention,
};

/// Something that a change takes away and that running it again does not bring back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// The resource that changes.
    pub resource: ResourceId,
    /// What is lost with it.
    pub what: String,
}

/// Adds to a plan what it loses, from what exists.
#[must_use]
pub fn name_losses(stack: &Stack, observed: &Observed, mut plan: Plan) -> Plan {
    let mut found = Losses { stack, observed, plan: &plan, losses: Vec::new() };
    for step in &plan.steps {
        for action in &step.actions {
            found.by_action(step, action);
        }
    }
    found.of_configuration();
    plan.losses = found.losses;
    plan
}

struct Losses<'a> {
    stack: &'a Stack,
    observed: &'a Observed,
    plan: &'a Plan,
    losses: Vec<Loss>,
}

impl Losses<'_> {
    fn add(&mut self, resource: &ResourceId, what: impl Into<String>) {
        self.losses.push(Loss { resource: resource.clone(), what: what.into() });
    }

    fn by_action(&mut self, step: &Step, action: &Action) {
        let id = &step.resource;
        match action {
            Action::DeleteFilter { log_group, name } => self.filter(step, log_group, name),
            Action::PutFilter(put) => self.overwritten(id, put, &put.name),
            Action::ReplaceFilter { name, put } => self.overwritten(id, put, name),
            Action::DeleteAccountPolicy { .. } => {
                self.add(id, "log groups without a filter of their own no longer reach the stream");
            }
            Action::PutAccountPolicy { policy, .. } | Action::ReplaceAccountPolicy { put: policy, .. } => {
                self.policy(id, policy);
            }
            Action::DeleteStream { .. } => self.records(id),
            Action::SetStreamRetention { from_hours, to_hours, .. } if to_hours < from_hours => {
                self.add(
                    id,
                    format!(
                        "the records in it that are older than {to_hours} h, also those not delivered yet"
                    ),
                );
            }
            Action::DeleteLogGroup { .. } => self.add(id, "its log lines"),
            Action::SetLogRetention { days, .. } => self.log_lines(id, *days),
            Action::DeleteFunction { name } if step.verb == Verb::Delete => self.function(step, name),
            Action::UpdateFunctionCode { .. } if step.verb == Verb::Adopt => {
                self.add(id, "the code that it runs")
            }
            Action::DeleteTrigger { .. } => self.position(step),
            Action::UpdateTrigger { uuid, spec, .. } if spec.on_failure.value.is_none() => {
                let before = self.trigger(uuid).and_then(|trigger| trigger.on_failure.clone());
                if let Some(arn) = before {
                    self.add(id, format!("records that expire are no longer kept: they went to {arn}"));
                }
            }
            Action::DeleteRole { policies, .. } => {
                let own = [&self.stack.names.logs_policy, &self.stack.names.function_policy];
                for policy in policies.iter().filter(|policy| !own.contains(policy)) {
                    self.add(id, format!("its inline policy {policy}, which is not ours"));
                }
            }
            _ => {}
        }
    }

    /// A filter that goes, unless another one or the account policy takes its place in the same plan.
    fn filter(&mut self, step: &Step, log_group: &str, name: &str) {
        let puts = self.plan.steps.iter().flat_map(|step| &step.actions).filter_map(|action| match action {
            Action::PutFilter(put) | Action::ReplaceFilter { put, .. } => Some(&put.log_group),
            _ => None,
        });
        if step.stage == Stage::CoveredFilters || puts.into_iter().any(|group| group == log_group) {
            return;
        }
        let stream = self.stack.names.stream_arn(&self.stack.target);
        let elsewhere = self.observed_filter(log_group, name).map(|filter| filter.destination_arn.clone());
        let to = elsewhere.filter(|arn| *arn != stream).unwrap_or_else(|| "the stream".to_owned());
        self.add(&step.resource, format!("new events of {log_group} no longer reach {to}"));
    }

    /// A filter that leads elsewhere and is written over, or that another one takes the place of.
    fn overwritten(&mut self, id: &ResourceId, put: &FilterSpec, name: &str) {
        let before = self.observed_filter(&put.log_group, name).map(|filter| filter.destination_arn.clone());
        if let Some(arn) = before.filter(|arn| *arn != put.destination_arn) {
            self.add(
                id,
                format!("the filter `{name}`: new events of {} no longer reach {arn}", put.log_group),
            );
        }
    }

    fn observed_filter(&self, log_group: &str, name: &str) -> Option<&ObservedFilter> {
        self.observed.groups.get(log_group)?.filters.iter().find(|filter| filter.name == name)
    }

    /// An account policy that leads elsewhere and goes. AWS allows one, so whatever is written takes its place.
    fn policy(&mut self, id: &ResourceId, put: &AccountPolicy) {
        let before = self.observed.account_policy.as_ref();
        if let Some(before) = before.filter(|before| before.destination_arn != put.destination_arn) {
            let what = format!(
                "the account policy `{}`: log groups no longer reach {}",
                before.name, before.destination_arn
            );
            self.add(id, what);
        }
    }

    fn records(&mut self, id: &ResourceId) {
        let hours = self.observed.stream.as_ref().map_or(0, |stream| stream.retention_hours);
        let mut what = format!("the records in it, of up to {hours} h, also those not delivered yet");
        if let Some(trouble) = undelivered(self.stack, self.observed) {
            what.push_str(&format!("; there are probably some: {trouble}"));
        }
        self.add(id, what);
    }

    fn log_lines(&mut self, id: &ResourceId, days: u32) {
        let own = self.observed.isolated.values().filter_map(|own| own.log_group.as_ref());
        let mut groups = self.observed.log_group.iter().chain(own);
        let Some(before) = groups.find(|group| group.name == id.name) else { return };
        // A group that an interrupted run left without a retention holds nothing old.
        if before.retention_days.is_none_or(|before| before > days) {
            self.add(id, format!("its log lines that are older than {}", retention(Some(days))));
        }
    }

    /// A function that goes: with a teardown all that it was configured to, else what its destination has not received.
    fn function(&mut self, step: &Step, name: &str) {
        let id = &step.resource;
        let destination = self.stack.names.isolated_destination(name);
        if step.stage == Stage::RetireFunction {
            let wanted = self.stack.function.config.as_ref();
            if let Some(gone) = destination.filter(|name| wanted.is_none_or(|config| !config.has(name))) {
                self.add(id, format!("what `{gone}` has not received yet"));
            }
            return;
        }
        let Some(function) = self.observed.function_named(&self.stack.names, name) else { return };
        match read_config(function) {
            Ok(None) => {}
            Ok(Some(config)) => {
                let names: Vec<String> = config.destinations.keys().map(|name| format!("`{name}`")).collect();
                let routes = match config.routes.len() {
                    0 => String::new(),
                    n => format!(" and {n} route(s)"),
                };
                self.add(id, format!("its configuration: destination(s) {}{routes}", names.join(", ")));
            }
            Err(reason) => self.add(id, format!("its configuration; {reason}")),
        }
        let others = other_variables(function);
        if !others.is_empty() {
            self.add(id, format!("its environment variables {}", others.join(", ")));
        }
    }

    /// A trigger that goes where its stream stays: a new one begins elsewhere in it.
    fn position(&mut self, step: &Step) {
        let has_stream = |step: &Step| step.resource.kind == Kind::Stream && step.verb == Verb::Delete;
        if step.stage == Stage::RemoveTrigger && !self.plan.steps.iter().any(has_stream) {
            self.add(&step.resource, "the position up to which it has read the stream");
        }
    }

    fn trigger(&self, uuid: &str) -> Option<&ObservedTrigger> {
        let own = self.observed.isolated.values().flat_map(|own| &own.triggers);
        self.observed.triggers.iter().chain(own).find(|trigger| trigger.uuid == uuid)
    }

    /// Destinations and routes that the functions know now and will not know any more.
    fn of_configuration(&mut self) {
        let Some(wanted) = &self.stack.function.config else { return };
        let id = ResourceId::new(Kind::Function, &self.stack.names.function);
        let writes = |step: &Step| {
            step.actions.iter().any(|action| {
                matches!(
                    action,
                    Action::CreateFunction(_)
                        | Action::UpdateFunctionConfiguration { environment: Some(_), .. }
                )
            })
        };
        if !self.plan.steps.iter().any(writes) {
            return;
        }
        match whole_config(self.observed) {
            Ok(None) => {
                if let Some(reason) = lost_function(self.stack, self.observed) {
                    self.add(&id, format!("all that it was configured to; {reason}"));
                }
            }
            Ok(Some(before)) => lost(&before.config, wanted).into_iter().for_each(|what| self.add(&id, what)),
            Err(unreadable) => {
                let id = ResourceId::new(Kind::Function, unreadable.function);
                self.add(&id, format!("all that it was configured to; {}", unreadable.reason));
            }
        }
    }
}

/// What one configuration has and another one has not.
fn lost(before: &Config, after: &Config) -> Vec<String> {
    let destinations = before.destinations.iter().filter(|(name, _)| !after.has(name));
    let mut lost: Vec<String> =
        destinations.map(|(name, is)| format!("destination `{name}` of type {}", is.type_name())).collect();
    // Those that are kept elsewhere are read by the function.
    if after.routes_from.is_none() {
        let kept: BTreeSet<_> =
            after.routes.iter().map(|route| (&route.log_group, route.destination.to_string())).collect();
        let gone = before.routes.iter().map(|route| (&route.log_group, route.destination.to_string()));
        let gone = gone.filter(|route| !kept.contains(route));
        lost.extend(
            gone.map(|(log_group, destination)| format!("the route of {log_group} to {destination}")),
        );
        if let Some(from) = &before.routes_from {
            lost.push(format!("the routes that it reads from {from}"));
        }
    }
    if let (Some(place), None) = (&before.quarantine, &after.quarantine) {
        lost.push(format!("records that cannot be delivered are no longer kept in {place}"));
    }
    lost
}

/// The variables of a function that are not ours.
fn other_variables(function: &ObservedFunction) -> Vec<&str> {
    function.environment.keys().map(String::as_str).filter(|name| *name != CONFIG_ENV).collect()
}

/// Maximum number of losses of one kind of resource that a plan shows one by one.
pub(crate) const SHOWN: usize = 10;

/// The losses below a heading. Subscription filters may be thousands, and each stands above already.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, losses: &[Loss]) -> fmt::Result {
    let Some(first) = losses.first() else { return Ok(()) };
    writeln!(f, "these changes lose:")?;
    let (mut kind, mut shown) = (first.resource.kind, 0);
    for loss in losses {
        (kind, shown) = (loss.resource.kind, if loss.resource.kind == kind { shown + 1 } else { 1 });
        if shown <= SHOWN {
            writeln!(f, "  x {}: {}", loss.resource, visible(&loss.what))?;
        } else if shown == SHOWN + 1 {
            let more = losses.iter().filter(|loss| loss.resource.kind == kind).count() - SHOWN;
            writeln!(f, "  x and {more} more of {kind}s")?;
        }
    }
    Ok(())
}
