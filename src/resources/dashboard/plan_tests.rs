//! When there is a dashboard, what it shows, and what changes of it.

use cwl2le_forwarder::config::Metrics;
use serde_json::{Value, json};

use crate::error::Code;
use crate::resources::alarm::plan_tests::watched;
use crate::resources::tests::{empty_account, run};
use crate::resources::*;
use crate::stack::Tags;

fn shown() -> Stack {
    Stack { dashboard: Some(true), ..watched() }
}

/// An account in which the stack was set up.
fn account(stack: &Stack) -> Observed {
    let mut account = empty_account(&[]);
    run(stack, &mut account, |is| setup(stack, is, false));
    account
}

/// What a plan does to the dashboard: the sign, the name and the fields.
fn changes(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter().filter(|step| step.resource.kind == Kind::DASHBOARD);
    let line = |step: &Step| {
        let fields: Vec<String> = step.fields.iter().map(ToString::to_string).collect();
        format!("{} {}: {}", step.verb.sign(), step.resource.name, fields.join("; "))
    };
    steps.map(line).collect()
}

fn titles(account: &Observed) -> Vec<String> {
    let body = &account.dashboard.as_ref().expect("a dashboard").body;
    let widgets = body["widgets"].as_array().expect("widgets");
    widgets
        .iter()
        .filter_map(|widget| widget["properties"]["title"].as_str().map(ToOwned::to_owned))
        .collect()
}

#[test]
fn the_dashboard_reads_like_status() {
    let account = account(&shown());
    let body = &account.dashboard.as_ref().expect("a dashboard").body;
    insta::assert_snapshot!(format!("{body:#}"));
}

#[test]
fn graphs_never_cover_each_other_and_without_metrics_there_are_none_of_them() {
    let mut stack = shown();
    let account_with = account(&stack);
    let body = &account_with.dashboard.as_ref().expect("a dashboard").body;
    let number = |widget: &Value, key: &str| widget[key].as_u64().expect("a number");
    let mut cells = std::collections::BTreeSet::new();
    for widget in body["widgets"].as_array().expect("widgets") {
        assert!(number(widget, "x") + number(widget, "width") <= 24, "{widget}");
        for x in number(widget, "x")..number(widget, "x") + number(widget, "width") {
            for y in number(widget, "y")..number(widget, "y") + number(widget, "height") {
                assert!(cells.insert((x, y)), "{widget} covers another one");
            }
        }
    }
    stack.function.config.as_mut().expect("a configuration").metrics = Metrics::Log;
    stack.alarms.notify = Notify::AsItIs;
    let without = titles(&account(&stack));
    for title in ["Alarms", "Delivered", "Not delivered", "Bytes sent"] {
        assert!(titles(&account_with).iter().any(|one| one == title), "{title}");
        assert!(!without.iter().any(|one| one == title), "{title}");
    }
}

#[test]
fn a_dashboard_that_was_changed_by_hand_is_restored_and_one_that_nobody_asked_for_is_not_made() {
    let mut stack = shown();
    let mut account = account(&stack);
    assert!(setup(&stack, &account, false).is_empty());
    stack.dashboard = None;
    assert!(setup(&stack, &account, false).is_empty(), "it stays without the flag");
    let whole = account.dashboard.clone().expect("a dashboard");
    let of = |change: fn(&mut Value)| {
        let mut changed = whole.clone();
        change(&mut changed.body);
        changes(&setup(&stack, &Observed { dashboard: Some(changed), ..account.clone() }, false))
    };
    let name = "~ cwl2le-default-eu-west-1: restores:";
    assert_eq!(of(|body| body["widgets"][2]["x"] = json!(9)), [format!("{name} Into the stream")]);
    assert_eq!(of(|body| body["start"] = json!("-PT6H")), [format!("{name} the layout")]);
    assert!(of(|body| *body = Value::Null)[0].contains("Alarms, Bytes into the stream"));

    account.dashboard = None;
    assert!(changes(&setup(&stack, &account, false)).is_empty());
    stack.dashboard = Some(true);
    assert_eq!(changes(&setup(&stack, &account, false)), ["+ cwl2le-default-eu-west-1: widgets: 11"]);
}

#[test]
fn versions_with_other_graphs_do_not_replace_each_others_dashboard_for_ever() {
    let stack = shown();
    let account = account(&stack);
    let whole = account.dashboard.clone().expect("a dashboard");
    let own = concat!("Written by cwl2le ", env!("CARGO_PKG_VERSION"), ".");
    let by = |version: &str, has_other_graphs: bool| {
        let mut is = whole.clone();
        let text = is.body.to_string();
        assert!(text.contains(own), "{text}");
        let other = text.replace(own, &format!("Written by cwl2le {version}."));
        is.body = serde_json::from_str(&other).expect("JSON");
        if has_other_graphs {
            is.body["widgets"].as_array_mut().expect("widgets").pop();
        }
        setup(&stack, &Observed { dashboard: Some(is), ..account.clone() }, false)
    };
    assert!(by("99.0.0", true).is_empty(), "a newer one stays");
    assert!(by("0.0.1", false).is_empty(), "the version alone is no change");
    let older = by("0.0.1", true);
    assert_eq!(changes(&older), ["~ cwl2le-default-eu-west-1: restores: Invocations"]);
    assert!(format!("{older:?}").contains(own), "the new one says who wrote it");
}

#[test]
fn a_dashboard_goes_with_the_stack_or_alone_and_one_that_is_not_managed_stays() {
    let mut stack = shown();
    let mut account = account(&stack);
    let gone = ["- cwl2le-default-eu-west-1: "];
    let torn = |account: &Observed| teardown(&shown(), account, &TeardownOptions::default());
    assert_eq!(changes(&torn(&account)), gone);
    stack.dashboard = Some(false);
    assert_eq!(changes(&setup(&stack, &account, false)), gone);

    account.dashboard.as_mut().expect("a dashboard").tags = Tags::new();
    assert!(changes(&setup(&stack, &account, false)).is_empty());
    assert!(torn(&account).kept.iter().any(|kept| kept.resource.kind == Kind::DASHBOARD));
    let refused = setup(&shown(), &account, false).refused;
    let refused: Vec<_> = refused.iter().map(|one| (one.resource.kind, one.code)).collect();
    assert_eq!(refused, [(Kind::DASHBOARD, Code::NotOurs)]);
    assert!(changes(&setup(&shown(), &account, true))[0].contains("cwl2le-default-eu-west-1"));
}
