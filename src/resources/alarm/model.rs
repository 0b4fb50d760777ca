//! What each action does to the alarms, in the model of AWS for the tests of the planner.

use super::Action;
use super::observed::ObservedAlarm;
use super::rule::{MAPPING, Rule, Subject};
use crate::resources::{Observed, Stack};

/// The rule with the mapping that exists by now.
fn resolved(o: &Observed, rule: &Rule) -> Rule {
    let subject = rule.subject.clone().known();
    let Subject::Trigger { stream_arn, function, .. } = &subject else {
        return Rule { subject, ..rule.clone() };
    };
    let own = o.isolated.values().flat_map(|own| &own.triggers);
    let mut all = o.triggers.iter().chain(own);
    let is_it = |uuid: &str| uuid == format!("uuid of {function}");
    let trigger = all.find(|trigger| trigger.source_arn == *stream_arn && is_it(&trigger.uuid));
    Rule { subject: Subject::of(MAPPING, &trigger.expect("the trigger exists").uuid), ..rule.clone() }
}

pub(crate) fn apply(stack: &Stack, o: &mut Observed, action: &Action) {
    match action {
        Action::Create { name, rule, tags } => {
            assert!(!o.alarms.contains_key(name), "the alarm exists already");
            let alarm = ObservedAlarm {
                arn: stack.target.arn("cloudwatch", format_args!("alarm:{name}")),
                rule: resolved(o, rule),
                state: "OK".to_owned(),
                tags: tags.clone(),
            };
            o.alarms.insert(name.clone(), alarm);
        }
        Action::Update { name, rule } => {
            let rule = resolved(o, rule);
            o.alarms.get_mut(name).expect("the alarm exists").rule = rule;
        }
        Action::Tag { arn, tags } => {
            let alarm = o.alarms.values_mut().find(|alarm| alarm.arn == *arn).expect("the alarm exists");
            alarm.tags.extend(tags.clone());
        }
        Action::Delete { name } => drop(o.alarms.remove(name).expect("the alarm exists")),
    }
}
