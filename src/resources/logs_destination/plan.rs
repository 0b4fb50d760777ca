//! What must change on the destination.

use std::collections::BTreeSet;

use serde_json::Value;

use super::LogsDestination;
use super::action::Action;
use super::desired::{Accepted, TRUST};
use super::observed::ObservedDestination;
use crate::resources::kind::{Losses, Part, Planned, Setup, Teardown};
use crate::resources::own::own;
use crate::resources::removal::delete;
use crate::resources::role::same_meaning::same_meaning;
use crate::resources::{Action as AnyAction, Draft, Field, Kind, Plan, ResourceId, Stack, Stage, Step, Verb};

impl Planned for LogsDestination {
    type Action = Action;

    fn setup(setup: &Setup<'_>, plan: &mut Plan) {
        let &Setup { stack, observed, .. } = setup;
        let ours = observed.destination.as_ref().filter(|is| is.is_ours(stack));
        match &stack.accounts.accepted {
            Some(Accepted::Nobody) if ours.is_some() => remove(Stage::RemoveAccounts, stack, true, plan),
            Some(Accepted::Nobody) => {}
            Some(accepted) => {
                let part = destination(setup, accepted, plan);
                plan.refused.extend(part.err());
            }
            None => {
                let Some(is) = ours else { return };
                plan.notes.push(left_alone(stack, is));
                let part = keep(setup, is, plan);
                plan.refused.extend(part.err());
            }
        }
    }

    fn teardown(&Teardown { stack, observed, .. }: &Teardown<'_>, plan: &mut Plan) {
        let Some(is) = &observed.destination else { return };
        remove(Stage::RemoveAccounts, stack, is.is_ours(stack), plan);
    }

    fn losses(found: &mut Losses<'_>, step: &Step, action: &Action) {
        let after = match action {
            Action::Delete { .. } => Some(Accepted::Nobody),
            Action::SetPolicy { policy, .. } => Accepted::of_policy(policy),
            Action::Create { .. } | Action::Put { .. } | Action::Tag { .. } => return,
        };
        let before =
            found.observed.destination.as_ref().and_then(|is| Accepted::of_policy(is.policy.as_ref()?));
        if let (Some(before), Some(after)) = (before, after)
            && let Some(lost) = no_longer_sent(&before, &after)
        {
            found.add(&step.resource, lost);
        }
    }
}

/// What no longer arrives where others are accepted than before.
fn no_longer_sent(before: &Accepted, after: &Accepted) -> Option<String> {
    let of = match (before, after) {
        (Accepted::Accounts(before), Accepted::Organization(id)) => {
            let before = Accepted::Accounts(before.clone()).shown();
            return Some(format!(
                "what {before} send from now on by filters that have no role, or from outside of {id}"
            ));
        }
        (Accepted::Accounts(before), after) => {
            let stay = |id: &String| matches!(after, Accepted::Accounts(ids) if ids.contains(id));
            let gone: BTreeSet<String> = before.iter().filter(|id| !stay(id)).cloned().collect();
            (!gone.is_empty()).then(|| Accepted::Accounts(gone).shown())
        }
        (Accepted::Organization(before), Accepted::Organization(after)) => {
            (before != after).then(|| format!("accounts of {before} that are not in {after}"))
        }
        (Accepted::Organization(before), Accepted::Accounts(ids)) => {
            Some(format!("accounts of {before} other than {}", Accepted::Accounts(ids.clone()).shown()))
        }
        (Accepted::Organization(before), Accepted::Nobody) => Some(format!("accounts of {before}")),
        (Accepted::Nobody, _) => None,
    };
    of.map(|of| format!("what {of} send from now on"))
}

fn remove(stage: Stage, stack: &Stack, ours: bool, plan: &mut Plan) {
    let name = &stack.names.destination;
    let action = Action::Delete { name: name.clone() };
    delete(stage, Kind::LOGS_DESTINATION, name, ours, action, plan);
}

/// What to say of a destination that no setting describes.
fn left_alone(stack: &Stack, is: &ObservedDestination) -> String {
    let name = &stack.names.destination;
    match is.policy {
        None => format!(
            "nobody may send to {name} yet: an earlier run was interrupted; give --accept-accounts or --accept-organization"
        ),
        Some(_) => format!(
            "the access policy of {name} is not one that cwl2le writes, so it stays as it is, and nothing here tells \
             whether the role trusts the accounts in it: give --accept-accounts or --accept-organization to write it"
        ),
    }
}

fn destination(setup: &Setup<'_>, accepted: &Accepted, plan: &mut Plan) -> Part {
    let stack = setup.stack;
    let (name, arn) = (stack.names.destination.clone(), stack.destination_arn());
    let (stream_arn, role_arn) = (stack.names.stream_arn(&stack.target), stack.accounts.role.arn.clone());
    let policy = accepted.policy(&stack.target, &arn);
    let set_policy = |force| Action::SetPolicy {
        name: name.clone(),
        arn: stack.destination_arn(),
        policy: policy.clone(),
        force,
    };
    let Some(is) = &setup.observed.destination else {
        let mut draft = Draft::new(Stage::Accounts, Kind::LOGS_DESTINATION, &name, Verb::Create);
        draft.set("accepts", shown(accepted));
        draft.act(Action::Create { name: name.clone(), arn, stream_arn, role_arn, tags: stack.tags.clone() });
        draft.act(set_policy(false));
        draft.finish(plan);
        plan.notes.extend(unsettled(stack, accepted));
        return Ok(());
    };
    let mut draft = Draft::new(Stage::Accounts, Kind::LOGS_DESTINATION, &name, Verb::Update);
    bring(&mut draft, setup, is)?;
    if !is.policy.as_ref().is_some_and(|is| same_meaning(is, &policy)) {
        let before = is.accepted();
        match &before {
            Some(before) if before != accepted => draft.change("accepts", shown(before), shown(accepted)),
            _ => draft.set("accepts", shown(accepted)),
        }
        let moves =
            matches!(accepted, Accepted::Organization(_)) && matches!(before, Some(Accepted::Accounts(_)));
        draft.act(set_policy(moves || matches!(accepted, Accepted::Organization(_)) && is.policy.is_some()));
        if moves {
            plan.notes.push(
                "run `cwl2le subscribe --to-destination ARN --member-role` in every member first: for an organization its \
                 filters need a role, and one without may stop working"
                    .to_owned(),
            );
        }
        plan.notes.extend(unsettled(stack, accepted));
    }
    draft.finish(plan);
    Ok(())
}

/// What is planned for a destination whose access policy stays as it is.
fn keep(setup: &Setup<'_>, is: &ObservedDestination, plan: &mut Plan) -> Part {
    // Without its role it cannot be led anywhere, and whom the role is to trust is not known.
    if setup.observed.accounts_role.is_none() {
        return Ok(());
    }
    let name = &setup.stack.names.destination;
    let mut draft = Draft::new(Stage::Accounts, Kind::LOGS_DESTINATION, name, Verb::Update);
    bring(&mut draft, setup, is)?;
    draft.finish(plan);
    Ok(())
}

/// Brings tags, stream and role to what they are to be.
fn bring(draft: &mut Draft, setup: &Setup<'_>, is: &ObservedDestination) -> Part {
    let stack = setup.stack;
    let arn = stack.destination_arn();
    if is.is_half_made(stack) {
        draft.set("tags", stack.tags.len());
        draft.act(Action::Tag { arn, tags: stack.tags.clone() });
    } else if let Some(tags) = own(draft, stack, &is.tags, setup.adopt)? {
        draft.act(Action::Tag { arn, tags });
    }
    let (stream_arn, role_arn) = (stack.names.stream_arn(&stack.target), stack.accounts.role.arn.clone());
    if is.stream_arn != stream_arn || is.role_arn != role_arn {
        let differs = |name, old: &str, new: &str| (old != new).then(|| Field::change(name, old, new));
        draft.fields(differs("stream", &is.stream_arn, &stream_arn));
        draft.fields(differs("role", &is.role_arn, &role_arn));
        draft.act(Action::Put { name: stack.names.destination.clone(), stream_arn, role_arn });
    }
    Ok(())
}

/// Who is accepted, as a value of a field.
fn shown(accepted: &Accepted) -> Value {
    match accepted {
        Accepted::Accounts(ids) => ids.iter().map(String::as_str).collect(),
        other => Value::from(other.shown()),
    }
}

/// What only a real account can show, or depends on a quota.
fn unsettled(stack: &Stack, accepted: &Accepted) -> Option<String> {
    match accepted {
        Accepted::Organization(_) => Some(
            "AWS does not say whether CloudWatch Logs gives aws:SourceOrgID to a role; if it does not, it drops the lines \
             of every member without a word. Run `cwl2le status` once a member sends: if its account is missing there, use \
             --accept-accounts with the IDs of the members instead"
                .to_owned(),
        ),
        _ if accepted.trust(&stack.target).to_string().len() > TRUST => Some(format!(
            "the trust policy for so many accounts is longer than the {TRUST} characters that IAM takes by default: ask for \
             more in Service Quotas first (Role trust policy length)"
        )),
        _ => None,
    }
}

/// The ARN of the destination, where a plan says who may send to it, and whether that is an organization.
pub(crate) fn opened(plan: &Plan) -> Option<(&str, bool)> {
    plan.steps.iter().flat_map(|step| &step.actions).find_map(|action| match action {
        AnyAction::LogsDestination(Action::SetPolicy { arn, policy, .. }) => {
            Some((arn.as_str(), matches!(Accepted::of_policy(policy), Some(Accepted::Organization(_)))))
        }
        _ => None,
    })
}

/// The resource, for whoever looks for its step.
pub(crate) fn resource(stack: &Stack) -> ResourceId {
    ResourceId::new(Kind::LOGS_DESTINATION, &stack.names.destination)
}
