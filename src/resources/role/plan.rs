//! What must change on the roles.

use serde_json::Value;

use super::Role;
use super::action::Action;
use super::desired::RoleSpec;
use super::same_meaning::same_meaning;
use crate::error::Code;
use crate::resources::kind::{Losses, Part, Planned, Setup, Teardown};
use crate::resources::own::own;
use crate::resources::removal::{Removal, delete};
use crate::resources::{
    Accepted, Draft, Field, Kind, Observed, ObservedRole, Plan, Refusal, ResourceId, Stack, Stage, Step,
    TeardownOptions, Verb,
};
use crate::stack::{Tags, owns};

impl Planned for Role {
    type Action = Action;

    fn setup(setup: &Setup<'_>, plan: &mut Plan) {
        let &Setup { stack, observed, adopt, forwarders } = setup;
        let function = forwarders.role(stack);
        let accounts = accounts_role(stack, observed);
        let accounts = accounts.as_ref().map(|want| (want, observed.accounts_role.as_ref()));
        let wanted =
            [(&stack.logs_role, observed.logs_role.as_ref()), (&function, observed.function_role.as_ref())];
        for (want, is) in wanted.into_iter().chain(accounts) {
            let role = role(stack, want, is, adopt, plan);
            plan.refused.extend(role.err());
        }
        retire_accounts_role(setup, plan);
    }

    fn teardown(&Teardown { stack, observed, options }: &Teardown<'_>, plan: &mut Plan) {
        let names = &stack.names;
        let owned = |tags: &Tags| owns(&stack.name, &stack.target.region, tags);
        let function_is_ours = observed.function.as_ref().is_none_or(|f| owned(&f.tags));
        for (is, own_policy) in [
            (&observed.logs_role, &names.logs_policy),
            (&observed.function_role, &names.function_policy),
            (&observed.accounts_role, &names.logs_policy),
        ] {
            let Some(is) = is else { continue };
            let of_others = observed.function.as_ref().filter(|_| !function_is_ours);
            let user = if writes_for_others(stack, observed, options, &is.arn) {
                Some(still_used(stack))
            } else if is.name == names.accounts_role && has_foreign_destination(stack, observed) {
                Some("a logs destination that this stack does not manage works with it".to_owned())
            } else {
                let runs = of_others.is_some_and(|function| function.role_arn == is.arn);
                runs.then(|| "a function that this stack does not manage runs with it".to_owned())
            };
            remove(stack, is, own_policy, user, options, plan);
        }
    }

    fn losses(found: &mut Losses<'_>, step: &Step, action: &Action) {
        let Action::Delete { policies, .. } = action else { return };
        let own = [&found.stack.names.logs_policy, &found.stack.names.function_policy];
        for policy in policies.iter().filter(|policy| !own.contains(policy)) {
            found
                .add(&step.resource, format!("its inline policy {policy}, which this stack does not manage"));
        }
    }
}

/// The role of the destination, where there is to be one. Where nothing tells which accounts may send, the role trusts
/// whom it trusts, and may write to the stream all the same.
fn accounts_role(stack: &Stack, observed: &Observed) -> Option<RoleSpec> {
    let want = &stack.accounts.role;
    match &stack.accounts.accepted {
        Some(Accepted::Nobody) => None,
        Some(_) => Some(want.clone()),
        None => {
            observed.destination.as_ref().filter(|is| is.is_ours(stack))?;
            let is = observed.accounts_role.as_ref();
            let is = is.filter(|is| owns(&stack.name, &stack.target.region, &is.tags))?;
            Some(RoleSpec { trust: is.trust.clone(), ..want.clone() })
        }
    }
}

/// The role of the destination goes with it: where no other account may send lines any more, and where somebody deleted
/// the destination.
fn retire_accounts_role(&Setup { stack, observed, .. }: &Setup<'_>, plan: &mut Plan) {
    let Some(is) = observed.accounts_role.as_ref() else { return };
    let ours = observed.destination.as_ref().is_some_and(|is| is.is_ours(stack));
    let is_left_over = stack.accounts.accepted.is_none() && !ours;
    let goes = is_left_over || stack.accounts.accepted == Some(Accepted::Nobody);
    if !goes || has_foreign_destination(stack, observed) || !owns(&stack.name, &stack.target.region, &is.tags)
    {
        return;
    }
    delete(Stage::RemoveFoundations, Kind::ROLE, &is.name, true, delete_role(is), plan);
    if is_left_over {
        let mut senders = Accepted::trusted(&is.trust);
        senders.remove(&stack.target.account);
        let again = if senders.is_empty() {
            "--accept-accounts or --accept-organization".to_owned()
        } else {
            format!("--accept-accounts {}", senders.into_iter().collect::<Vec<_>>().join(","))
        };
        plan.notes.push(format!(
            "the logs destination {} does not exist, so its role is removed; to create the destination again, give {again}",
            stack.names.destination
        ));
    }
}

/// Whether a destination of somebody else, of the same name, works with the role.
fn has_foreign_destination(stack: &Stack, observed: &Observed) -> bool {
    let role = observed.accounts_role.as_ref().map(|role| &role.arn);
    observed.destination.as_ref().is_some_and(|is| !is.is_ours(stack) && Some(&is.role_arn) == role)
}

/// Why the role of CloudWatch Logs stays where subscriptions use it that this stack does not manage.
fn still_used(stack: &Stack) -> String {
    match &stack.names.to_destination {
        Some(_) => "subscriptions with other names or to other destinations still use it".to_owned(),
        None => "subscriptions with other names still use it; --filter-name removes them".to_owned(),
    }
}

/// Deletes a role where it is ours and neither `user` nor an inline policy of somebody else is in the way.
fn remove(
    stack: &Stack,
    is: &ObservedRole,
    own_policy: &String,
    user: Option<String>,
    options: &TeardownOptions,
    plan: &mut Plan,
) {
    let foreign: Vec<&str> =
        is.policies.keys().filter(|name| *name != own_policy).map(String::as_str).collect();
    let user = user.or_else(|| {
        (!foreign.is_empty()).then(|| {
            format!("it has inline policies that this stack does not manage: {}", foreign.join(", "))
        })
    });
    let ours = owns(&stack.name, &stack.target.region, &is.tags);
    let removal = Removal { kind: Kind::ROLE, name: &is.name, ours, user };
    if let Some(step) = removal.delete(delete_role(is), options, plan) {
        let detached = is.attached.iter().map(|arn| Field::remove("attached_policy", arn.as_str()));
        let removed = foreign
            .iter()
            .map(|name| Field::remove("inline_policy", *name).because("not managed by this stack"));
        step.fields.extend(detached.chain(removed));
    }
}

/// Brings the role of CloudWatch Logs to what is wanted.
pub(crate) fn bring_logs_role(stack: &Stack, observed: &Observed, adopt: bool, plan: &mut Plan) {
    let done = role(stack, &stack.logs_role, observed.logs_role.as_ref(), adopt, plan);
    plan.refused.extend(done.err());
}

/// Deletes the role of CloudWatch Logs where it is ours and no subscription uses it.
pub(crate) fn remove_logs_role(stack: &Stack, observed: &Observed, plan: &mut Plan) {
    let ours = |role: &&ObservedRole| owns(&stack.name, &stack.target.region, &role.tags);
    if let Some(is) = observed.logs_role.as_ref().filter(ours) {
        remove(stack, is, &stack.names.logs_policy, None, &TeardownOptions::default(), plan);
    }
}

fn role(stack: &Stack, want: &RoleSpec, is: Option<&ObservedRole>, adopt: bool, plan: &mut Plan) -> Part {
    let Some(is) = is else {
        let mut draft = Draft::new(Stage::Foundations, Kind::ROLE, &want.name, Verb::Create);
        draft.set("path", want.path.as_str());
        if let Some(boundary) = &want.boundary {
            draft.set("permissions_boundary", boundary.as_str());
        }
        draft.set("inline_policy", want.policy_name.as_str());
        draft.act(Action::Create { role: Box::new(want.clone()), tags: stack.tags.clone() });
        draft.finish(plan);
        return Ok(());
    };

    let mut draft = Draft::new(Stage::Foundations, Kind::ROLE, &want.name, Verb::Update);
    if let Some(tags) = own(&mut draft, stack, &is.tags, adopt)? {
        draft.act(Action::Tag { role: want.name.clone(), tags });
    }
    if is.path != want.path {
        return Err(Refusal {
            resource: ResourceId::new(Kind::ROLE, &want.name),
            code: Code::Immutable,
            reason: format!("its path is {}, and AWS cannot move a role to {}", is.path, want.path),
            hint: "keep the path, or run `cwl2le teardown` and set up again".to_owned(),
        });
    }
    // First: the rights to change the rest may depend on it, and no policy takes effect without it.
    if let Some(boundary) = want.boundary.as_ref().filter(|boundary| is.boundary.as_ref() != Some(*boundary))
    {
        draft.change("permissions_boundary", is.boundary.as_deref(), boundary.as_str());
        draft.act(Action::SetBoundary { role: want.name.clone(), boundary: boundary.clone() });
    }
    if !same_meaning(&is.trust, &want.trust) {
        draft.change("trust_policy", statements(&is.trust), statements(&want.trust));
        draft.act(Action::SetTrust { role: want.name.clone(), trust: want.trust.clone() });
    }
    let current = is.policies.get(&want.policy_name);
    if !current.is_some_and(|policy| same_meaning(policy, &want.policy)) {
        let old = current.map(statements);
        let new = Field::set("inline_policy", statements(&want.policy)).of(&want.policy_name);
        draft.fields([Field { old, ..new }]);
        draft.act(Action::PutPolicy {
            role: want.name.clone(),
            policy_name: want.policy_name.clone(),
            policy: want.policy.clone(),
        });
    }
    draft.finish(plan);
    // Read only where everything is.
    let others: Vec<&str> =
        is.policies.keys().filter(|name| **name != want.policy_name).map(String::as_str).collect();
    if !others.is_empty() {
        plan.notes.push(format!(
            "the role {} has inline policies that this stack does not manage; they may deny what it needs: {}",
            want.name,
            others.join(", ")
        ));
    }
    Ok(())
}

/// A policy's statements, as they are.
fn statements(policy: &Value) -> Value {
    policy.get("Statement").unwrap_or(policy).clone()
}

/// Whether a filter or an account policy that is not ours has CloudWatch Logs assume this role.
fn writes_for_others(stack: &Stack, observed: &Observed, options: &TeardownOptions, role_arn: &str) -> bool {
    let policy = observed.account_policy.iter();
    let policy = policy.map(|policy| (&policy.name, &policy.destination_arn, policy.role_arn.as_ref()));
    let filters = observed.groups.values().flat_map(|group| &group.filters);
    let filters = filters.map(|filter| (&filter.name, &filter.destination_arn, filter.role_arn.as_ref()));
    policy.chain(filters).any(|(name, destination_arn, role)| {
        role.is_some_and(|role| role == role_arn)
            && !stack.is_own_subscription(name, destination_arn, options.filter_name.as_deref())
    })
}

fn delete_role(is: &ObservedRole) -> Action {
    Action::Delete {
        role: is.name.clone(),
        policies: is.policies.keys().cloned().collect(),
        attached: is.attached.clone(),
    }
}

impl Plan {
    /// Leaves the inline policy of a role as it is, if there is one.
    pub(crate) fn ignore_policy_of(&mut self, role: &RoleSpec) {
        let resource = ResourceId::new(Kind::ROLE, &role.name);
        for step in
            self.steps.iter_mut().filter(|step| step.resource == resource && step.verb == Verb::Update)
        {
            step.fields.retain(|field| field.old.is_none() || field.name != "inline_policy");
        }
        self.steps.retain(|step| step.resource != resource || !step.fields.is_empty());
    }
}
