//! What each action does to subscription filters, in the model of AWS for the tests of the planner.

use super::Action;
use super::desired::FilterSpec;
use crate::resources::{Observed, ObservedFilter, Stack};

pub(crate) fn apply(_: &Stack, o: &mut Observed, action: &Action) {
    match action {
        Action::Put(spec) => put(o, spec),
        Action::Replace { name, put: spec } => {
            delete(o, &spec.log_group, name);
            put(o, spec);
        }
        Action::Delete { log_group, name } => delete(o, log_group, name),
    }
}

fn put(o: &mut Observed, spec: &FilterSpec) {
    let is_to_stream = spec.destination_arn.contains(":stream/");
    assert!(!is_to_stream || o.stream.is_some(), "the filter has nowhere to write");
    assert!(spec.role_arn.is_none() || o.logs_role.is_some(), "the filter names a role that is not there");
    let group = o.groups.get_mut(&spec.log_group).expect("the log group exists");
    group.filters.retain(|f| f.name != spec.name);
    group.filters.push(ObservedFilter {
        name: spec.name.clone(),
        pattern: spec.pattern.value.clone(),
        destination_arn: spec.destination_arn.clone(),
        role_arn: spec.role_arn.clone(),
        distribution: spec.distribution.value,
        extras: spec.extras.clone(),
    });
}

fn delete(o: &mut Observed, log_group: &str, name: &str) {
    let own = o.log_group.as_mut().filter(|own| own.name == log_group);
    assert!(own.is_some() || o.groups.contains_key(log_group), "the log group exists");
    own.into_iter().for_each(|own| own.filters.retain(|f| f.name != name));
    let group = o.groups.get_mut(log_group);
    group.into_iter().for_each(|group| group.filters.retain(|f| f.name != name));
}
