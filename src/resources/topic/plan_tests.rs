//! When there is a topic, and who is told through it.

use super::observed::ObservedSubscription;
use crate::error::Code;
use crate::resources::tests::{empty_account, one_stack, run};
use crate::resources::*;
use crate::stack::Tags;

const OTHER: &str = "arn:aws:sns:eu-west-1:000000000000:oncall";

fn stack(notify: Notify, email: Option<&str>) -> Stack {
    let stack = one_stack();
    let notify = if email.is_some() { Notify::Topic(stack.alarm_topic_arn()) } else { notify };
    Stack {
        alarms: AlarmsSpec { notify, email: email.map(ToOwned::to_owned), ..AlarmsSpec::default() },
        ..stack
    }
}

fn mailing(address: &str) -> Stack {
    stack(Notify::AsItIs, Some(address))
}

/// The changes of the topic, and the kinds in the order of the plan.
fn changes(plan: &Plan) -> (Vec<String>, Vec<Kind>) {
    let steps = plan.steps.iter().filter(|step| step.resource.kind == Kind::TOPIC);
    let line = |step: &Step| {
        let fields: Vec<String> = step.fields.iter().map(ToString::to_string).collect();
        format!("{} {}: {}", step.verb.sign(), step.resource.name, fields.join("; "))
    };
    let mut kinds: Vec<Kind> = plan.steps.iter().map(|step| step.resource.kind).collect();
    kinds.retain(|kind| [Kind::TOPIC, Kind::ALARM].contains(kind));
    kinds.dedup();
    (steps.map(line).collect(), kinds)
}

#[test]
fn an_address_gets_a_topic_and_is_told_to_confirm() {
    let mut account = empty_account(&[]);
    let plan = setup(&mailing("a@example.com"), &account, false);
    let (topic, kinds) = changes(&plan);
    assert_eq!(topic, ["+ cwl2le-default-alarms: mails to: a@example.com"]);
    assert_eq!(kinds, [Kind::ALARM, Kind::TOPIC], "an alarm is how the next run finds the topic");
    assert!(plan.notes.iter().any(|note| note.contains("open the link")), "{plan}");
    run(&mailing("a@example.com"), &mut account, |is| setup(&mailing("a@example.com"), is, false));
    let arn = mailing("a@example.com").alarm_topic_arn();
    assert!(account.alarms.values().all(|alarm| alarm.rule.notify == [arn.clone()]));

    // As long as nobody has, it is said again; and without the flag, everything stays.
    let again = setup(&mailing("a@example.com"), &account, false);
    let says = |note: &String| note.contains("has sent a mail") && note.contains("open the link");
    assert!(again.is_empty() && again.notes.iter().any(says), "{again}");
    account.topic.as_mut().expect("made").subscriptions[0].is_confirmed = true;
    let again = setup(&mailing("a@example.com"), &account, false);
    assert!(again.is_empty() && !again.notes.iter().any(|note| note.contains("open the link")), "{again}");
    assert!(setup(&stack(Notify::AsItIs, None), &account, false).is_empty());
    // A tag that was asked for later gets to the topic without the address, too.
    let mut tagged = stack(Notify::AsItIs, None);
    tagged.tags.insert("added".to_owned(), "later".to_owned());
    let changed = changes(&setup(&tagged, &account, false)).0;
    assert!(changed.len() == 1 && changed[0].contains("later"), "{changed:?}");
    // Without the topic, which a run that was interrupted did not make, only the address helps.
    account.topic = None;
    let lost = setup(&stack(Notify::AsItIs, None), &account, false);
    assert!(lost.is_empty() && lost.notes.iter().any(|note| note.contains("--email ADDRESS")), "{lost}");
}

#[test]
fn another_address_is_added_and_nobody_is_unsubscribed() {
    let mut account = empty_account(&[]);
    run(&mailing("a@example.com"), &mut account, |is| setup(&mailing("a@example.com"), is, false));
    let plan = setup(&mailing("b@example.com"), &account, false);
    assert_eq!(changes(&plan).0, ["~ cwl2le-default-alarms: mails to: b@example.com"]);
    assert!(plan.notes.iter().any(|note| note.contains("also mails to a@example.com")), "{plan}");
}

#[test]
fn a_topic_goes_before_the_alarms_by_which_it_is_found() {
    let mut account = empty_account(&[]);
    run(&mailing("a@example.com"), &mut account, |is| setup(&mailing("a@example.com"), is, false));
    let hook = ObservedSubscription {
        protocol: "https".to_owned(),
        endpoint: "https://a/".to_owned(),
        is_confirmed: true,
    };
    account.topic.as_mut().expect("made").subscriptions.push(hook);
    for notify in [Notify::Nobody, Notify::Topic(OTHER.to_owned())] {
        let stack = stack(notify, None);
        let plan = name_losses(&stack, &account, setup(&stack, &account, false));
        assert_eq!(
            changes(&plan),
            (vec!["- cwl2le-default-alarms: ".to_owned()], vec![Kind::TOPIC, Kind::ALARM])
        );
        let lost: Vec<&str> = plan.losses.iter().map(|loss| loss.what.as_str()).collect();
        assert_eq!(lost, ["its confirmed subscription"]);
    }
    let torn = teardown(&stack(Notify::AsItIs, None), &account, &TeardownOptions::default());
    assert_eq!(changes(&torn).1, [Kind::TOPIC, Kind::ALARM]);
}

#[test]
fn the_topic_of_somebody_else_stays_as_it_is() {
    let mut account = empty_account(&[]);
    run(&mailing("a@example.com"), &mut account, |is| setup(&mailing("a@example.com"), is, false));
    account.topic.as_mut().expect("made").tags = Tags::new();
    let plan = setup(&mailing("b@example.com"), &account, false);
    let refused: Vec<_> = plan.refused.iter().map(|one| (one.resource.kind, one.code)).collect();
    assert_eq!(refused, [(Kind::TOPIC, Code::NotOurs)]);
    assert!(changes(&setup(&stack(Notify::Nobody, None), &account, false)).0.is_empty());
    let torn = teardown(&stack(Notify::AsItIs, None), &account, &TeardownOptions::default());
    assert!(torn.kept.iter().any(|kept| kept.resource.kind == Kind::TOPIC), "{torn}");
}

#[test]
fn a_topic_that_may_not_be_read_stays_and_is_named() {
    let mut account = empty_account(&[]);
    run(&mailing("a@example.com"), &mut account, |is| setup(&mailing("a@example.com"), is, false));
    (account.topic, account.is_topic_unread) = (None, true);
    let plan = setup(&stack(Notify::AsItIs, None), &account, false);
    assert!(plan.is_empty() && plan.refused.is_empty(), "{plan}");
    let says = |text: &str| plan.notes.iter().any(|note| note.contains(text));
    assert!(says("stays as it is") && !says("does not exist"), "{plan}");
    let torn = teardown(&stack(Notify::AsItIs, None), &account, &TeardownOptions::default());
    let kept: Vec<_> = torn.kept.iter().filter(|kept| kept.resource.kind == Kind::TOPIC).collect();
    assert!(kept.len() == 1 && kept[0].reason.contains("sns:GetTopicAttributes"), "{torn}");
    assert!(changes(&torn).0.is_empty() && torn.refused.is_empty(), "{torn}");
}
