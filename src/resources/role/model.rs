//! What each action does to the roles, in the model of AWS for the tests of the planner.

use std::collections::BTreeMap;

use super::Action;
use crate::resources::{Observed, ObservedRole, Stack};

fn role_of<'a>(observed: &'a mut Observed, name: &str) -> &'a mut Option<ObservedRole> {
    let is = |role: &Option<ObservedRole>| role.as_ref().is_some_and(|role| role.name == name);
    if is(&observed.logs_role) {
        &mut observed.logs_role
    } else if is(&observed.accounts_role) {
        &mut observed.accounts_role
    } else {
        &mut observed.function_role
    }
}

pub(crate) fn apply(stack: &Stack, o: &mut Observed, action: &Action) {
    match action {
        Action::Create { role, tags } => {
            let place = match &role.name {
                name if *name == stack.names.logs_role => &mut o.logs_role,
                name if *name == stack.names.accounts_role => &mut o.accounts_role,
                _ => &mut o.function_role,
            };
            assert!(place.is_none(), "the role exists already");
            *place = Some(ObservedRole {
                name: role.name.clone(),
                arn: role.arn.clone(),
                path: role.path.clone(),
                boundary: role.boundary.clone(),
                trust: role.trust.clone(),
                policies: BTreeMap::from([(role.policy_name.clone(), role.policy.clone())]),
                attached: Vec::new(),
                tags: tags.clone(),
            });
        }
        Action::SetTrust { role, trust } => {
            role_of(o, role).as_mut().expect("the role exists").trust = trust.clone();
        }
        Action::PutPolicy { role, policy_name, policy } => {
            let role = role_of(o, role).as_mut().expect("the role exists");
            role.policies.insert(policy_name.clone(), policy.clone());
        }
        Action::SetBoundary { role, boundary } => {
            role_of(o, role).as_mut().expect("the role exists").boundary = Some(boundary.clone());
        }
        Action::Tag { role, tags } => {
            role_of(o, role).as_mut().expect("the role exists").tags.extend(tags.clone());
        }
        Action::Delete { role, .. } => *role_of(o, role) = None,
    }
}
