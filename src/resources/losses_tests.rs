//! What plans say that they take away.

use serde_json::json;

use cwl2le_forwarder::config::Config;

use crate::resources::Stack;
use crate::resources::model::apply;
use crate::resources::tests::{empty_account, filters, one_stack, run};
use crate::resources::*;
use crate::stack::Setting;

/// A stack with two destinations, a route and a quarantine.
fn stack() -> Stack {
    let destination = |region: &str| json!({"type": "logentries", "region": region, "token": "00000000-0000-0000-0000-000000000000"});
    let config = json!({
        "destinations": {"app": destination("eu"), "audit": destination("eu")},
        "default": "app",
        "routes": [{"log_group": "/audit/*", "destination": "audit"}],
        "quarantine": "s3://bucket/cwl2le",
    });
    let mut stack = one_stack();
    stack.function.config = Some(Config::from_json(&config.to_string()).expect("a configuration"));
    stack.stream.retention_hours = Setting::asked(48);
    stack.log_group.retention_days = Setting::asked(14);
    stack.trigger.on_failure = Setting::asked(Some("arn:aws:s3:::expired".to_owned()));
    stack
}

fn account(stack: &Stack) -> Observed {
    let mut account = empty_account(&["/app/a".to_owned()]);
    run(stack, &mut account, |is| setup(stack, is, false));
    account
}

fn lost(stack: &Stack, account: &Observed, plan: Plan) -> Vec<String> {
    let plan = name_losses(stack, account, plan);
    let text = plan.to_string();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = words(text.split("These changes lose:\n").nth(1).unwrap_or_default());
    let losses: Vec<String> =
        plan.losses.iter().map(|loss| format!("{}: {}", loss.resource, loss.what)).collect();
    assert!(losses.iter().all(|loss| shown.contains(&words(&format!("x {loss}")))), "{text}");
    losses
}

#[test]
fn a_setup_that_takes_nothing_away_loses_nothing() {
    let stack = stack();
    let empty = empty_account(&[]);
    assert_eq!(lost(&stack, &empty, setup(&stack, &empty, false)), [""; 0]);
    let mut more = stack.clone();
    more.stream.retention_hours = Setting::asked(72);
    more.log_group.retention_days = Setting::asked(30);
    let account = account(&stack);
    assert_eq!(lost(&more, &account, setup(&more, &account, false)), [""; 0]);
}

#[test]
fn a_setup_names_destinations_routes_records_and_lines_that_go() {
    let before = stack();
    let account = account(&before);
    let mut after = before.clone();
    let one = json!({"destinations": {"app": {
        "type": "logentries", "region": "us", "token": "00000000-0000-0000-0000-000000000000"}}});
    after.function.config = Config::from_json(&one.to_string()).ok();
    after.stream.retention_hours = Setting::asked(24);
    after.log_group.retention_days = Setting::asked(7);
    after.trigger.on_failure = Setting::asked(None);
    assert_eq!(
        lost(&after, &account, setup(&after, &account, false)),
        [
            "stream cloudwatch-logs-stream: records in it that are older than 24 h, including those not delivered yet",
            "log group /aws/lambda/cwl-to-logentries: its log lines that are older than 7 days",
            "trigger cloudwatch-logs-stream -> cwl-to-logentries: expired records are no longer kept in arn:aws:s3:::expired",
            "function cwl-to-logentries: destination `audit` of type logentries",
            "function cwl-to-logentries: the route of /audit/* to audit",
            "function cwl-to-logentries: records that cannot be delivered are no longer kept in s3://bucket/cwl2le",
        ]
    );
}

#[test]
fn a_teardown_names_everything_that_does_not_come_back() {
    let stack = stack();
    let mut account = account(&stack);
    let function = account.function.as_mut().expect("made");
    function.environment.insert("THEIRS".to_owned(), crate::resources::EnvValue("1".to_owned()));
    let plan =
        |account: &Observed| lost(&stack, account, teardown(&stack, account, &TeardownOptions::default()));
    assert_eq!(
        plan(&account),
        [
            "function cwl-to-logentries: its configuration: destinations `app`, `audit` and 1 route",
            "function cwl-to-logentries: its environment variables THEIRS",
            "log group /aws/lambda/cwl-to-logentries: its log lines",
            "stream cloudwatch-logs-stream: the records in it, up to 48 h old, including those not delivered yet",
        ]
    );
    // What the trigger says of them.
    let of_stream = |change: &dyn Fn(&mut Observed)| {
        let mut account = account.clone();
        change(&mut account);
        plan(&account).last().cloned().unwrap_or_default()
    };
    let broken =
        of_stream(&|is| is.triggers[0].last_result = Some("PROBLEM: Function call failed".to_owned()));
    assert!(broken.ends_with(
        "there are probably some: the last result of its trigger is `PROBLEM: Function call failed`"
    ));
    assert!(
        of_stream(&|is| is.triggers[0].state = TriggerState::Disabled).ends_with("its trigger is disabled")
    );
    assert!(of_stream(&|is| is.triggers.clear()).ends_with("no trigger of this stack reads it"));
    // A stream that others use stays, and the position in it goes.
    account.readers.insert("their-function".to_owned());
    let kept = plan(&account);
    assert!(!kept.iter().any(|loss| loss.starts_with("stream ")), "{kept:?}");
    assert!(kept[0].ends_with("its checkpoint in the stream"), "{kept:?}");
}

#[test]
fn filters_that_go_or_lead_elsewhere_from_now_on_are_named_and_those_that_are_covered_are_not() {
    let stack = stack();
    let mut account = account(&stack);
    let spec = &filters(&stack, &["/app/a".to_owned()], "", 0)[0];
    let options = FilterOptions { adopt: true, replace: None };
    let theirs = "arn:aws:kinesis:eu-west-1:000000000000:stream/theirs";
    let put = subscribe(&stack, std::slice::from_ref(spec), &account, &options);
    assert_eq!(lost(&stack, &account, put.clone()), [""; 0]);
    apply(&stack, &mut account, &put);
    let off = unsubscribe(&stack, &["/app/a".to_owned()], &account, None);
    assert_eq!(
        lost(&stack, &account, off),
        [
            "subscription filter /app/a -> cloudwatchLogsFilter: new events of /app/a no longer reach the stream"
        ]
    );
    let there = &mut account.groups.get_mut("/app/a").expect("a group").filters;
    let ours = there.iter_mut().find(|filter| filter.name == spec.name).expect("subscribed");
    ours.destination_arn = theirs.to_owned();
    let over = subscribe(&stack, std::slice::from_ref(spec), &account, &options);
    let over = lost(&stack, &account, over);
    assert_eq!(over.len(), 1, "{over:?}");
    assert!(over[0].ends_with(&format!("new events of /app/a no longer reach {theirs}")), "{over:?}");
}

#[test]
fn a_thousand_filters_are_counted_on_the_screen_and_listed_in_json() {
    let loss =
        |at: usize| Loss { resource: ResourceId::filter(&format!("/app/{at}"), "f"), what: "x".to_owned() };
    let plan = Plan { losses: (0..1000).map(loss).collect(), ..Plan::default() };
    let text = crate::output::unstyled(&plan.shown(Extent::Brief).to_string());
    let row = "These changes lose:\n  x 1 000 filters /app/0 → f, /app/1 → f, /app/2 → f … 997 more: x\n";
    assert!(text.starts_with(row), "{text}");
    assert_eq!(plan.to_string().lines().filter(|line| line.starts_with("  x ")).count(), 1000);
    assert_eq!(serde_json::to_value(&plan).expect("JSON")["losses"].as_array().map(Vec::len), Some(1000));
}
