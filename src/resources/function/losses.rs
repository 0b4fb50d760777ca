//! What is lost with a function or its configuration.

use std::collections::BTreeSet;

use cwl2le_forwarder::config::{CONFIG_ENV, Config};

use super::action::Action;
use super::configuration::{read_config, whole_config};
use super::readable::lost_function;
use crate::output::quantity::plural;
use crate::resources::kind::Losses;
use crate::resources::{self, Kind, ObservedFunction, ResourceId, Stage, Step};

/// A function that goes: with a teardown all that it was configured to, else what its destination has not received.
pub(crate) fn function(found: &mut Losses<'_>, step: &Step, name: &str) {
    let id = &step.resource;
    let destination = found.stack.names.isolated_destination(name);
    if step.stage == Stage::RetireFunction {
        let wanted = found.stack.function.config.as_ref();
        if let Some(gone) = destination.filter(|name| wanted.is_none_or(|config| !config.has(name))) {
            found.add(id, format!("what `{gone}` has not received yet"));
        }
        return;
    }
    let Some(function) = found.observed.function_named(&found.stack.names, name) else { return };
    match read_config(function) {
        Ok(None) => {}
        Ok(Some(config)) => {
            let names: Vec<String> = config.destinations.keys().map(|name| format!("`{name}`")).collect();
            let routes = match config.routes.len() {
                0 => String::new(),
                n => format!(" and {}", plural(n as u64, "route")),
            };
            let destinations = if names.len() == 1 { "destination" } else { "destinations" };
            found.add(id, format!("its configuration: {destinations} {}{routes}", names.join(", ")));
        }
        Err(reason) => found.add(id, format!("its configuration; {reason}")),
    }
    let others = other_variables(function);
    if !others.is_empty() {
        found.add(id, format!("its environment variables {}", others.join(", ")));
    }
}

/// Destinations and routes that the functions know now and will not know any more.
pub(crate) fn of_configuration(found: &mut Losses<'_>) {
    let Some(wanted) = &found.stack.function.config else { return };
    let id = ResourceId::new(Kind::FUNCTION, &found.stack.names.function);
    let writes = |step: &Step| {
        step.actions.iter().any(|action| {
            matches!(
                action,
                resources::Action::Function(
                    Action::Create(_) | Action::UpdateConfiguration { environment: Some(_), .. }
                )
            )
        })
    };
    if !found.plan.steps.iter().any(writes) {
        return;
    }
    match whole_config(found.observed) {
        Ok(None) => {
            if let Some(reason) = lost_function(found.stack, found.observed) {
                found.add(&id, format!("all that it was configured to; {reason}"));
            }
        }
        Ok(Some(before)) => lost(&before.config, wanted).into_iter().for_each(|what| found.add(&id, what)),
        Err(unreadable) => {
            let id = ResourceId::new(Kind::FUNCTION, unreadable.function);
            found.add(&id, format!("all that it was configured to; {}", unreadable.reason));
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
