//! What must change on the alarms.

use super::Alarm;
use super::action::Action;
use super::desired::Notify;
use super::observed::ObservedAlarm;
use super::rule::Rule;
use super::set;
use crate::resources::kind::{Part, Planned, Setup, Teardown};
use crate::resources::own::own;
use crate::resources::removal::delete;
use crate::resources::{Draft, Kind, Plan, Stage, Verb};
use crate::stack::owns;

impl Planned for Alarm {
    type Action = Action;

    fn setup(setup: &Setup<'_>, plan: &mut Plan) {
        let wanted = if are_wanted(setup) { set::wanted(setup) } else { Vec::new() };
        for (name, rule) in &wanted {
            let alarm = alarm(setup, name, rule.clone(), plan);
            plan.refused.extend(alarm.err());
        }
        for (name, _) in ours(setup).filter(|(name, _)| !wanted.iter().any(|(wanted, _)| wanted == *name)) {
            delete(Stage::Alarms, Kind::ALARM, name, true, Action::Delete { name: name.clone() }, plan);
        }
    }

    fn teardown(&Teardown { stack, observed, .. }: &Teardown<'_>, plan: &mut Plan) {
        for (name, is) in &observed.alarms {
            let is_ours = owns(&stack.name, &stack.target.region, &is.tags);
            let action = Action::Delete { name: name.clone() };
            delete(Stage::RemoveAlarms, Kind::ALARM, name, is_ours, action, plan);
        }
    }
}

/// The alarms that this stack manages.
fn ours<'a>(setup: &'a Setup<'_>) -> impl Iterator<Item = (&'a String, &'a ObservedAlarm)> {
    let stack = setup.stack;
    setup.observed.alarms.iter().filter(|(_, is)| owns(&stack.name, &stack.target.region, &is.tags))
}

/// Whether the stack is to have alarms. Where nothing is asked for, a run that was interrupted is completed.
pub(crate) fn are_wanted(setup: &Setup<'_>) -> bool {
    match setup.stack.alarms.notify {
        Notify::AsItIs => ours(setup).next().is_some(),
        Notify::Nobody => false,
        Notify::Topic(_) => true,
    }
}

/// Whom an alarm is to notify when it goes off and when it is over: as asked for, else as it is, else what all others
/// notify.
fn notified(setup: &Setup<'_>, name: &str) -> (Vec<String>, Vec<String>) {
    if let Notify::Topic(arn) = &setup.stack.alarms.notify {
        return (vec![arn.clone()], vec![arn.clone()]);
    }
    if let Some((_, is)) = ours(setup).find(|(known, _)| *known == name) {
        return (is.rule.notify.clone(), is.rule.notify_ok.clone());
    }
    let shared = |of: fn(&Rule) -> &Vec<String>| {
        let mut all = ours(setup).map(|(_, is)| of(&is.rule));
        let mut shared = all.next().cloned().unwrap_or_default();
        all.for_each(|other| shared.retain(|arn| other.contains(arn)));
        shared
    };
    (shared(|rule| &rule.notify), shared(|rule| &rule.notify_ok))
}

fn alarm(setup: &Setup<'_>, name: &str, rule: Rule, plan: &mut Plan) -> Part {
    let (notify, notify_ok) = notified(setup, name);
    let rule = Rule { notify, notify_ok, ..rule };
    let name = name.to_owned();
    let Some(is) = setup.observed.alarms.get(&name) else {
        let mut draft = Draft::new(Stage::Alarms, Kind::ALARM, &name, Verb::Create);
        rule.fields().into_iter().for_each(|(field, value)| draft.set(field, value));
        draft.act(Action::Create { name, rule, tags: setup.stack.tags.clone() });
        draft.finish(plan);
        return Ok(());
    };
    let rule = Rule { subject: rule.subject.known(), ..rule };
    let mut draft = Draft::new(Stage::Alarms, Kind::ALARM, &name, Verb::Update);
    if let Some(tags) = own(&mut draft, setup.stack, &is.tags, setup.adopt)? {
        draft.act(Action::Tag { arn: is.arn.clone(), tags });
    }
    // A newer cwl2le that says the same in other words changes nothing.
    if rule != (Rule { description: rule.description.clone(), ..is.rule.clone() }) {
        for ((field, new), (_, old)) in rule.fields().into_iter().zip(is.rule.fields()) {
            if new != old {
                draft.change(field, old, new);
            }
        }
        draft.act(Action::Update { name, rule });
    }
    draft.finish(plan);
    Ok(())
}
