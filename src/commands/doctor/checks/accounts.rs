//! Whether other accounts can send lines, and do.

use serde_json::Value;

use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Judged};
use super::super::finding::{Command, Finding};
use crate::resources::logs_destination::plan::resource;
use crate::resources::{Accepted, Field, Kind, ObservedDestination, ResourceId, Unread};
use crate::stack::owns;

pub(in super::super) const CATEGORY: Category = Category {
    name: "other-accounts",
    title: "other accounts",
    needs: &["credentials", "stack-there"],
    checks: &[
        Check::new(
            "accounts-trusted",
            "CloudWatch Logs may write for the accepted accounts",
            accounts_trusted,
        ),
        Check::new("accounts-accepted", "the destination is as it should be", accounts_accepted),
        Check::new("accounts-send", "every accepted account sends", accounts_send)
            .needs(&["accounts-trusted", "accounts-accepted"]),
    ],
};

/// The destination of this stack, where it has one.
fn destination(evidence: &Evidence) -> Result<Option<&ObservedDestination>, Finding> {
    let is = evidence.read(Unread::Destination, |observed| observed.destination.as_ref())?;
    let stack = &evidence.plan.as_ref().map_err(Finding::from)?.stack;
    Ok(is.filter(|is| is.is_ours(stack)))
}

/// CloudWatch Logs assumes the role on behalf of the sender, and tells nobody where it may not.
fn accounts_trusted(evidence: &Evidence) -> Judged {
    let Some(is) = destination(evidence)? else { return Ok(Vec::new()) };
    let name = &evidence.chain()?.names.accounts_role;
    let lost = "CloudWatch Logs drops what other accounts send, and tells neither them nor you";
    let role = evidence.read(Unread::Roles, |observed| observed.accounts_role.as_ref())?;
    if role.is_none() {
        let finding = Finding::fault(format!("the role {name} does not exist: {lost}"));
        let finding = match is.accepted() {
            Some(_) => evidence.by_setup(finding),
            // Nothing tells whom a new one would have to trust.
            None => finding.fix(Command::own(["setup", "--accept-accounts", "ID,...", "--yes"])),
        };
        return Ok(vec![finding.with("role", name.clone())]);
    }
    let differs = evidence.differences(&ResourceId::new(Kind::ROLE, name))?;
    let is_wrong =
        |field: &&Field| ["trust_policy", "inline_policy", "permissions_boundary"].contains(&field.name);
    let finding = match differs.into_iter().find(is_wrong) {
        Some(field) => {
            let what = field.name.replace('_', " ");
            let found = format!("the {what} of the role {name} is not as it should be: {lost}");
            let finding = evidence.by_setup(Finding::fault(found));
            let untrusted: Vec<String> = role.map(|role| untrusted(is, &role.trust)).unwrap_or_default();
            if untrusted.is_empty() {
                finding
            } else {
                let untrusted = untrusted.join(", ");
                finding.detail(format!(
                    "the access policy of the destination names {untrusted}, the role does not: setup would trust {untrusted}"
                ))
            }
        }
        None if is.accepted().is_none() => Finding::unknown(format!(
            "the access policy of the destination does not tell which accounts {name} has to trust"
        )),
        None => {
            Finding::ok(format!("{name} trusts the accepted accounts and may put records into the stream"))
        }
    };
    Ok(vec![finding.with("role", name.clone())])
}

/// The accounts that the access policy names, and the role does not trust.
fn untrusted(is: &ObservedDestination, trust: &Value) -> Vec<String> {
    let trusted = Accepted::trusted(trust);
    match is.accepted() {
        Some(Accepted::Accounts(ids)) => ids.difference(&trusted).cloned().collect(),
        _ => Vec::new(),
    }
}

fn accounts_accepted(evidence: &Evidence) -> Judged {
    let Some(is) = destination(evidence)? else { return without_destination(evidence) };
    let stack = &evidence.plan.as_ref().map_err(Finding::from)?.stack;
    let name = &stack.names.destination;
    let differs = evidence.differences(&resource(stack))?;
    let leads_away = differs.iter().any(|field| ["stream", "role"].contains(&field.name));
    let accepted = is.accepted();
    let finding = match (&accepted, &is.policy) {
        _ if leads_away => {
            let found =
                format!("{name} leads to another stream, or by another role, than those of this stack");
            evidence.by_setup(Finding::fault(found))
        }
        _ if evidence.accepted.is_some() && evidence.accepted != accepted => {
            let is = accepted.as_ref().map_or_else(|| "others".to_owned(), Accepted::shown);
            let said = evidence.accepted.as_ref().map(Accepted::shown).unwrap_or_default();
            let found = format!("{name} accepts {is}, and the configuration file says {said}");
            evidence.by_setup(Finding::fault(found))
        }
        (Some(accepted), _) => Finding::ok(format!("{name} accepts {}", accepted.shown())),
        (None, None) => Finding::fault(format!("{name} accepts nobody"))
            .advise("an earlier run was interrupted: say who may send")
            .fix(Command::own(["setup", "--accept-accounts", "ID,...", "--yes"])),
        (None, Some(_)) => Finding::warn(format!(
            "the access policy of {name} is not one that cwl2le writes"
        ))
        .advise("whether the role trusts everyone in it is not known; say who may send to have both written")
        .fix(Command::own(["setup", "--accept-accounts", "ID,...", "--yes"])),
    };
    Ok(vec![finding.with("destination", is.arn.clone())])
}

/// Nothing is wrong without a destination, unless the file asks for one, or its role is left.
fn without_destination(evidence: &Evidence) -> Judged {
    let stack = &evidence.plan.as_ref().map_err(Finding::from)?.stack;
    let name = &stack.names.destination;
    if let Some(said) = evidence.accepted.as_ref().filter(|said| **said != Accepted::Nobody) {
        let found = format!("{name} does not exist, and the configuration file accepts {}", said.shown());
        return Ok(vec![evidence.by_setup(Finding::fault(found))]);
    }
    let role = evidence.read(Unread::Roles, |observed| observed.accounts_role.as_ref())?;
    let owned = |tags| owns(&stack.name, &stack.target.region, tags);
    let Some(role) = role.filter(|role| owned(&role.tags)) else { return Ok(Vec::new()) };
    let found = format!(
        "{name} does not exist, and its role {} is left: what other accounts send is lost",
        role.name
    );
    let mut senders = Accepted::trusted(&role.trust);
    senders.remove(&stack.target.account);
    let accept = if senders.is_empty() {
        "--accept-organization ORGANIZATION_ID".to_owned()
    } else {
        format!("--accept-accounts {}", senders.into_iter().collect::<Vec<_>>().join(","))
    };
    let advice = format!(
        "`cwl2le setup {accept}` creates it again; `cwl2le setup` without that flag removes the role"
    );
    Ok(vec![Finding::fault(found).advise(advice).with("role", role.name.clone())])
}

/// An account that logs nothing looks like one whose lines are dropped: from here, nobody can tell them apart.
fn accounts_send(evidence: &Evidence) -> Judged {
    let Some(is) = destination(evidence)? else { return Ok(Vec::new()) };
    let Some(read) = &evidence.signals()?.shards else { return Ok(Vec::new()) };
    let senders = &read.as_ref().map_err(Finding::from)?.senders;
    let own = &evidence.chain()?.target.account;
    let others = senders.events.keys().filter(|id| *id != own).count();
    let part = if senders.is_whole { "" } else { ", of which only a part was read" };
    let role = if matches!(is.accepted(), Some(Accepted::Organization(_))) { " --member-role" } else { "" };
    let advice = format!(
        "write a line there and look again within a minute: `cwl2le status` shows it. In the member, \
         `subscribe --to-destination ARN{role}` puts the filters"
    );
    let finding = match is.accepted() {
        Some(Accepted::Accounts(ids)) => {
            let silent: Vec<String> =
                ids.iter().filter(|id| !senders.events.contains_key(*id)).cloned().collect();
            if silent.is_empty() {
                Finding::ok(format!("lines of all {} accepted accounts arrived in the last minute", ids.len()))
            } else {
                let found = format!("nothing of {} arrived in the last minute{part}", silent.join(", "));
                Finding::warn(found).with("accounts", silent).advise(advice)
            }
        }
        Some(Accepted::Organization(id)) if others == 0 => {
            Finding::warn(format!("nothing of any account of {id} arrived in the last minute{part}")).advise(format!(
                "{advice}. AWS does not say whether CloudWatch Logs gives aws:SourceOrgID to the role: if lines never \
                 arrive, accept the members by ID"
            ))
        }
        _ => Finding::ok(format!("lines of {others} other accounts arrived in the last minute")),
    };
    Ok(vec![finding])
}
