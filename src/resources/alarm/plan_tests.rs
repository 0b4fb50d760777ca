//! Which alarms a stack gets, and what changes of them.

use cwl2le_forwarder::config::{Config, Metrics};

use super::observed::ObservedAlarm;
use crate::error::Code;
use crate::resources::tests::{empty_account, one_stack, run};
use crate::resources::*;
use crate::stack::{Setting, Tags};

const TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:oncall";

/// A stack with alarms.
pub(crate) fn watched() -> Stack {
    let mut stack = one_stack();
    stack.alarms = AlarmsSpec { notify: Notify::Topic(TOPIC.to_owned()), ..AlarmsSpec::default() };
    stack.stream.retention_hours = Setting::asked(24);
    stack.function.timeout_seconds = Setting::asked(60);
    stack.trigger.on_failure = Setting::default(None);
    stack.trigger.event_counts = Setting::asked(true);
    stack
}

fn with_config(mut stack: Stack, change: impl Fn(&mut Config)) -> Stack {
    change(stack.function.config.as_mut().expect("a configuration"));
    stack
}

/// An account in which the stack was set up.
fn account(stack: &Stack) -> Observed {
    let mut account = empty_account(&[]);
    run(stack, &mut account, |is| setup(stack, is, false));
    account
}

fn checks(account: &Observed) -> Vec<&str> {
    account.alarms.keys().map(|name| name.strip_prefix("cwl2le-default-").expect("its prefix")).collect()
}

/// What a plan does to alarms: the sign, the name and the fields.
fn changes(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter().filter(|step| step.resource.kind == Kind::ALARM);
    let line = |step: &Step| {
        let fields: Vec<String> = step.fields.iter().map(ToString::to_string).collect();
        format!("{} {}: {}", step.verb.sign(), step.resource.name, fields.join("; "))
    };
    steps.map(line).collect()
}

fn alarm<'a>(account: &'a Observed, check: &str) -> &'a ObservedAlarm {
    &account.alarms[&format!("cwl2le-default-{check}")]
}

#[test]
fn a_stack_has_the_alarms_that_mean_something_for_it() {
    let account_of = |stack: Stack| account(&stack);
    let all = account_of(watched());
    let eight = "behind bug crashing expiring failing not-read quarantined refused-by-stream";
    assert_eq!(checks(&all).join(" "), eight);
    let text: String = all
        .alarms
        .iter()
        .map(|(name, is)| {
            let fields = is.rule.fields().map(|(field, value)| format!("  {field}: {value}\n"));
            format!("{name}\n{}", fields.concat())
        })
        .collect();
    insta::assert_snapshot!(text);
    assert!(all.alarms.values().all(|is| is.rule.description.chars().count() <= 1024));

    let silent = account_of(with_config(watched(), |config| config.metrics = Metrics::Log));
    assert_eq!(checks(&silent).join(" "), "behind crashing expiring not-read refused-by-stream");
    let mut uncounted = watched();
    uncounted.trigger.event_counts = Setting::asked(false);
    uncounted.trigger.on_failure = Setting::asked(Some("arn:aws:s3:::expired".to_owned()));
    assert!(!checks(&account_of(uncounted.clone())).contains(&"not-read"), "it would never be off");
    uncounted.trigger.event_counts = Setting::asked(true);
    let ten = with_config(uncounted, |config| config.quarantine = "s3://bucket/p".parse().ok());
    let ten = account_of(ten);
    assert!(checks(&ten).contains(&"expired") && checks(&ten).contains(&"not-kept"), "{:?}", checks(&ten));
    let none = one_stack();
    let asked_for_none = Stack { alarms: AlarmsSpec::default(), ..none };
    assert_eq!(checks(&account_of(asked_for_none)).len(), 0);
}

#[test]
fn each_function_has_alarms_of_its_own() {
    let isolated = with_config(watched(), |config| {
        let one = config.destinations["default"].clone();
        config.destinations.insert("audit".to_owned(), one);
        config.default = Some("default".to_owned());
    });
    let isolation = Isolation { destinations: ["audit".to_owned()].into(), ..Isolation::default() };
    let isolated = Stack { isolation, ..isolated };
    let mut is = Observed { time: Some(1_790_000_000), ..empty_account(&[]) };
    let plan = setup(&isolated, &is, false);
    crate::resources::model::apply(&isolated, &mut is, &plan);
    let own: Vec<&str> = checks(&is).into_iter().filter(|check| check.ends_with("@audit")).collect();
    assert_eq!(
        own.join(" "),
        "behind@audit bug@audit crashing@audit expiring@audit failing@audit not-read@audit quarantined@audit"
    );
    let dimensions = alarm(&is, "failing@audit").rule.fields()[1].1.to_string();
    assert!(dimensions.contains("cwl-to-logentries-audit"), "{dimensions}");
}

#[test]
fn thresholds_follow_the_settings_of_the_stack() {
    let stack = watched();
    let is = account(&stack);
    let expiring = |account: &Observed| alarm(account, "expiring").rule.threshold.as_u64();
    assert_eq!(expiring(&is), Some(12 * 3_600_000));
    // With a limit on their age, records are there for an hour less.
    let mut longer = stack.clone();
    longer.stream.retention_hours = Setting::asked(101);
    longer.trigger.on_failure = Setting::asked(Some("arn:aws:s3:::expired".to_owned()));
    assert_eq!(expiring(&account(&longer)), Some(50 * 3_600_000));
    longer.trigger.on_failure = Setting::default(None);
    let plan = setup(&longer, &is, false);
    let changes = changes(&plan);
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert!(changes[0].contains("threshold: 43200000 -> 181800000"), "{changes:?}");

    // Each period of what an invocation emits has the end of one.
    let mut slow = stack.clone();
    slow.function.timeout_seconds = Setting::asked(900);
    let slow = account(&slow);
    let periods = ["expiring", "not-read", "failing", "behind", "crashing", "bug", "refused-by-stream"];
    let periods =
        periods.map(|check| (alarm(&is, check).rule.period_seconds, alarm(&slow, check).rule.period_seconds));
    assert_eq!(periods[..5], [(300, 960); 5]);
    assert_eq!(periods[5..], [(300, 300), (60, 60)]);
    assert!(alarm(&slow, "failing").rule.description.contains("for 48 minutes"));

    // What was asked for once stays without the flag.
    let mut asked = stack.clone();
    asked.alarms.behind_minutes = Setting::asked(40);
    let is = account(&asked);
    assert_eq!(alarm(&is, "behind").minutes(), Some(40));
    let later = Stack { alarms: AlarmsSpec::default(), ..asked };
    assert!(setup(&later, &is, false).is_empty());
}

#[test]
fn what_somebody_changed_is_put_right() {
    let stack = Stack { alarms: AlarmsSpec::default(), ..watched() };
    let mut is = account(&watched());
    is.alarms.remove("cwl2le-default-bug");
    let failing = is.alarms.get_mut("cwl2le-default-failing").expect("there");
    (failing.rule.enabled, failing.rule.periods) = (false, 60);
    // Whom it notifies stays, as long as nothing is asked for.
    let behind = is.alarms.get_mut("cwl2le-default-behind").expect("there");
    behind.rule.notify.push(format!("{TOPIC}-2"));
    let plan = setup(&stack, &is, false);
    let all = changes(&plan);
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(all[0], "~ cwl2le-default-failing: periods: 60 -> 3; actions enabled: no -> yes");
    assert!(all[1].starts_with("+ cwl2le-default-bug") && all[1].contains(TOPIC), "{all:?}");
    crate::resources::model::apply(&stack, &mut is, &plan);
    assert!(setup(&stack, &is, false).is_empty());
    assert_eq!(alarm(&is, "behind").rule.notify.len(), 2);
    let asked = changes(&setup(&watched(), &is, false));
    assert_eq!(asked, [format!("~ cwl2le-default-behind: notifies: {TOPIC}, {TOPIC}-2 -> {TOPIC}")]);
}

#[test]
fn alarms_of_others_are_neither_changed_nor_deleted() {
    let mut is = account(&watched());
    let (name, theirs) = ("cwl2le-default-bug", Tags::new());
    is.alarms.get_mut(name).expect("there").tags = theirs;
    let plan = setup(&watched(), &is, false);
    let refused: Vec<_> = plan.refused.iter().map(|one| (one.resource.name.as_str(), one.code)).collect();
    assert_eq!(refused, [(name, Code::NotOurs)]);
    let adopted = setup(&watched(), &is, true);
    assert!(adopted.refused.is_empty() && changes(&adopted)[0].starts_with("& cwl2le-default-bug"));

    let off = Stack { alarms: AlarmsSpec { notify: Notify::Nobody, ..AlarmsSpec::default() }, ..watched() };
    let gone = changes(&setup(&off, &is, false));
    assert_eq!(gone.len(), 7, "{gone:?}");
    assert!(gone.iter().all(|change| change.starts_with("- ") && !change.contains(name)), "{gone:?}");
    let torn = teardown(&watched(), &is, &TeardownOptions::default());
    assert!(torn.kept.iter().any(|kept| kept.resource.name == name), "{torn}");
    assert_eq!(torn.steps[0].stage, Stage::RemoveAlarms, "none goes off while the rest is removed");
}

#[test]
fn the_alarms_of_a_stack_with_a_longer_name_are_not_its_own() {
    let is_name = |stack: &str, name: &str| super::set::is_name(&stack.parse().expect("a name"), name);
    assert!(is_name("a", "cwl2le-a-not-read") && is_name("a", "cwl2le-a-not-read@audit"));
    assert!(!is_name("a", "cwl2le-a-b-not-read") && !is_name("a", "cwl2le-a-cpu"));
    assert!(is_name("a-b", "cwl2le-a-b-not-read") && !is_name("b", "cwl2le-a-b-not-read"));
}
