//! What must change on the topic.

use super::Topic;
use super::action::Action;
use super::observed::ObservedTopic;
use crate::resources::kind::{Losses, Part, Planned, Setup, Teardown};
use crate::resources::own::own;
use crate::resources::removal::delete;
use crate::resources::{Draft, Kind, Notify, Observed, Plan, ResourceId, Stack, Stage, Step, Verb};
use crate::stack::owns;

/// Why a topic is left alone that an alarm notifies.
const UNREAD: &str = "it cannot be read, which takes sns:GetTopicAttributes, sns:ListTagsForResource and \
                      sns:ListSubscriptionsByTopic";

impl Planned for Topic {
    type Action = Action;

    fn setup(setup: &Setup<'_>, plan: &mut Plan) {
        let stack = setup.stack;
        let (name, arn) = (stack.name.alarm_topic(), stack.alarm_topic_arn());
        let is_ours = |tags| owns(&stack.name, &stack.target.region, tags);
        let is = setup.observed.topic.as_ref();
        match (&stack.alarms.email, is) {
            (Some(address), _) => plan_topic(setup, address, plan),
            (None, Some(is)) if goes(stack) && is_ours(&is.tags) => {
                delete(Stage::RetireTopic, Kind::TOPIC, &name, true, Action::Delete { arn }, plan);
            }
            (None, Some(is)) if is_ours(&is.tags) => plan_tags(setup, is, plan),
            (None, None) if setup.observed.is_topic_unread => {
                plan.notes.push(format!("{name}, which the alarms notify, stays as it is: {UNREAD}"))
            }
            (None, None) if notifies(setup, &arn) => plan.notes.push(format!(
                "the alarms notify {name}, which does not exist, so nobody is told: give --email ADDRESS"
            )),
            _ => {}
        }
    }

    fn teardown(&Teardown { stack, observed, .. }: &Teardown<'_>, plan: &mut Plan) {
        let name = stack.name.alarm_topic();
        if observed.is_topic_unread {
            let reason = format!(
                "{UNREAD}; without the alarms, which go, a later run does not find it: delete it by hand if it is this \
                 stack's"
            );
            plan.keep(ResourceId::new(Kind::TOPIC, name), reason);
            return;
        }
        let Some(is) = &observed.topic else { return };
        let is_ours = owns(&stack.name, &stack.target.region, &is.tags);
        let action = Action::Delete { arn: is.arn.clone() };
        delete(Stage::RemoveTopic, Kind::TOPIC, &name, is_ours, action, plan);
    }

    fn losses(found: &mut Losses<'_>, step: &Step, action: &Action) {
        let Action::Delete { .. } = action else { return };
        let subscriptions = found.observed.topic.iter().flat_map(|topic| &topic.subscriptions);
        match subscriptions.filter(|subscription| subscription.is_confirmed).count() {
            0 => {}
            1 => found.add(&step.resource, "its confirmed subscription"),
            count => found.add(&step.resource, format!("its {count} confirmed subscriptions")),
        }
    }
}

/// Whether a topic of this stack is no longer wanted.
fn goes(stack: &Stack) -> bool {
    match &stack.alarms.notify {
        Notify::AsItIs => false,
        Notify::Nobody => true,
        Notify::Topic(other) => *other != stack.alarm_topic_arn(),
    }
}

/// Whether the plan depends on a topic that was not read.
pub(super) fn must_see(stack: &Stack, observed: &Observed) -> bool {
    let is_wanted = stack.alarms.email.is_some() && observed.topic.is_none();
    is_wanted || (observed.is_topic_unread && goes(stack))
}

/// Whether an alarm is left that notifies the topic.
fn notifies(setup: &Setup<'_>, arn: &str) -> bool {
    let is_kept = setup.stack.alarms.notify == Notify::AsItIs;
    is_kept && setup.observed.alarms.values().any(|alarm| alarm.rule.notify.iter().any(|other| other == arn))
}

/// Restores the tags of a topic that stays as it is otherwise.
fn plan_tags(setup: &Setup<'_>, is: &ObservedTopic, plan: &mut Plan) {
    let name = setup.stack.name.alarm_topic();
    let mut draft = Draft::new(Stage::Topic, Kind::TOPIC, &name, Verb::Update);
    match own(&mut draft, setup.stack, &is.tags, setup.adopt) {
        Ok(tags) => {
            tags.into_iter().for_each(|tags| draft.act(Action::Tag { arn: is.arn.clone(), tags }));
            draft.finish(plan);
        }
        Err(refusal) => plan.refused.push(refusal),
    }
}

fn plan_topic(setup: &Setup<'_>, address: &str, plan: &mut Plan) {
    let part = topic(setup, address, plan);
    plan.refused.extend(part.err());
}

fn topic(setup: &Setup<'_>, address: &str, plan: &mut Plan) -> Part {
    let stack = setup.stack;
    let (name, arn) = (stack.name.alarm_topic(), stack.alarm_topic_arn());
    let subscribe = || Action::Subscribe { arn: arn.clone(), address: address.to_owned() };
    let Some(is) = &setup.observed.topic else {
        let mut draft = Draft::new(Stage::Topic, Kind::TOPIC, &name, Verb::Create);
        draft.set("mails_to", address);
        draft.act(Action::Create { name: name.clone(), arn: arn.clone(), tags: stack.tags.clone() });
        draft.act(subscribe());
        draft.finish(plan);
        plan.notes.push(to_confirm("sends", address));
        return Ok(());
    };
    let mut draft = Draft::new(Stage::Topic, Kind::TOPIC, &name, Verb::Update);
    if let Some(tags) = own(&mut draft, stack, &is.tags, setup.adopt)? {
        draft.act(Action::Tag { arn: arn.clone(), tags });
    }
    match is.mails_to(address) {
        None => {
            draft.set("mails_to", address);
            draft.act(subscribe());
            plan.notes.push(to_confirm("sends", address));
            let others: Vec<&str> = is.mails().map(|other| other.endpoint.as_str()).collect();
            if !others.is_empty() {
                plan.notes.push(format!(
                    "{name} also mails to {}; each of its mails has a link that ends that",
                    others.join(", ")
                ));
            }
        }
        Some(subscription) if !subscription.is_confirmed => plan.notes.push(to_confirm("has sent", address)),
        Some(_) => {}
    }
    draft.finish(plan);
    Ok(())
}

/// What is left to do for an address to which AWS `sends` or `has sent` a mail.
fn to_confirm(sends: &str, address: &str) -> String {
    format!(
        "AWS {sends} a mail to {address}: open the link in it, or nobody is told when an alarm goes off. The link is good \
         for two days"
    )
}
