//! What plans look like.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::error::Code;
use crate::output::style::BAD;
use crate::output::width::test::at;
use crate::output::{columns, unstyled};
use crate::prices::{Capacity, Prices};

const STREAM: Kind = Kind::new("stream");
const ROLE: Kind = Kind::new("role");
const FUNCTION: Kind = Kind::new("function");
const TRIGGER: Kind = Kind::new("trigger");
const LOG_GROUP: Kind = Kind::new("log group");
const FILTER: Kind = Kind::new("subscription filter").subscription().many();

fn draft(verb: Verb, kind: Kind, name: &str, fields: &[(&'static str, Value)]) -> Draft<()> {
    let mut draft = Draft::new(Stage::Foundations, kind, name, verb);
    fields.iter().for_each(|(name, value)| draft.set(name, value.clone()));
    draft.act(());
    draft
}

fn row(name: &str, value: &str, origin: Origin) -> HeadRow {
    HeadRow { name: name.to_owned(), value: Some(value.to_owned()), origin, over: None }
}

/// The plan of a first setup with so many log groups.
fn first(log_groups: usize) -> Plan<()> {
    let head = vec![
        row("account", "000000000000", Origin::Credentials("arn:aws:iam::000000000000:user/me".to_owned())),
        row("stack", "default", Origin::Default),
        row("region", "ap-northeast-1", Origin::Flag("--region".to_owned())),
        row("destination default", "logentries eu", Origin::Flag("--logentries-region".to_owned())),
        HeadRow { value: None, ..row("token of default", "", Origin::Variable("CWL2LE_TOKEN".to_owned())) },
        row("shards", "2", Origin::File("cwl2le.toml:7:1".to_owned())),
        HeadRow {
            over: Some(Over {
                value: Some("48".to_owned()),
                origin: Origin::File("cwl2le.toml:9:1".to_owned()),
            }),
            ..row("retention-hours", "24", Origin::Flag("--retention-hours".to_owned()))
        },
        row("memory", "256", Origin::Default),
    ];
    let mut plan = Plan { head: Head(head), ..Plan::default() };
    plan.cost = Some(Cost::of(
        None,
        Capacity { shards: Some(2), retention_hours: 24 }.fixed(),
        &Prices::of_region("eu-west-1"),
    ));
    let mut add = |kind, name: &str, fields: &[(&'static str, Value)]| {
        draft(Verb::Create, kind, name, fields).finish(&mut plan);
    };
    add(
        STREAM,
        "cloudwatch-logs-stream",
        &[("mode", json!("provisioned")), ("shards", json!(2)), ("retention_hours", json!(24))],
    );
    add(ROLE, "cwl-to-kinesis", &[("path", json!("/")), ("inline_policy", json!("a"))]);
    add(ROLE, "cwl-to-logentries", &[("path", json!("/")), ("inline_policy", json!("b"))]);
    add(LOG_GROUP, "/aws/lambda/cwl-to-logentries", &[("retention_days", json!(14))]);
    let function = [
        ("architecture", json!("x86_64")),
        ("memory_mb", json!(256)),
        ("timeout_seconds", json!(60)),
        ("code", json!("0.1.0")),
    ];
    add(FUNCTION, "cwl-to-logentries", &function);
    add(TRIGGER, "cloudwatch-logs-stream -> cwl-to-logentries", &[("batch_size", json!(1000))]);
    let pattern = [("pattern", json!("")), ("distribution", json!("by-log-stream"))];
    for at in 0..log_groups {
        add(FILTER, &format!("/aws/lambda/service-{at} -> cloudwatchLogsFilter"), &pattern);
    }
    plan
}

fn brief(plan: &Plan<()>, width: usize) -> String {
    at(width, || unstyled(&plan.shown(Extent::Brief).to_string()))
}

#[test]
fn a_plan_fits_a_window_however_many_log_groups_it_has() {
    insta::assert_snapshot!("first_setup_at_100_columns", brief(&first(120), 100));
    insta::assert_snapshot!("first_setup_at_60_columns", brief(&first(3), 60));
    for log_groups in [4, 120, 1000] {
        for width in [60, 100] {
            let text = brief(&first(log_groups), width);
            assert!(text.lines().all(|line| columns(line) <= width), "{text}");
            assert!(text.lines().count() <= 22, "{text}");
            assert!(text.contains(&format!("\n  +  {log_groups} filters")) || log_groups == 1000, "{text}");
        }
    }
    let everything = first(1000).to_string();
    assert_eq!(everything.matches("pattern: every event").count(), 1000);
    assert!(
        everything.contains("memory") && everything.contains(" 256 ") && !everything.contains('\u{1b}'),
        "{everything}"
    );
}

#[test]
fn what_differs_is_seen_and_what_does_not_is_counted() {
    let mut plan = Plan::default();
    for at in 0..1000 {
        let mut update =
            Draft::new(Stage::Filters, FILTER, &format!("/app/{at} -> cloudwatchLogsFilter"), Verb::Update);
        update.change("pattern", at.to_string(), "ERROR");
        update.act(());
        update.finish(&mut plan);
        draft(Verb::Delete, FILTER, &format!("/old/{at} -> theirs"), &[]).finish(&mut plan);
        plan.losses.push(Loss {
            resource: ResourceId::new(FILTER, format!("/old/{at} -> theirs")),
            what: format!("new events of /old/{at} no longer reach the stream"),
        });
        let resource = ResourceId::new(FILTER, format!("/full/{at} -> cloudwatchLogsFilter"));
        plan.refuse(resource, Code::FilterLimit, "it has its two filters already", "give --replace NAME");
    }
    let mut update = Draft::new(Stage::Function, ROLE, "cwl-to-kinesis", Verb::Update);
    update.change("trust_policy", "{\"Version\":\"2012-10-17\"}".repeat(9), "{}");
    update.act(());
    update.finish(&mut plan);
    draft(Verb::Delete, STREAM, "blue-stream", &[]).finish(&mut plan);
    plan.keep(ResourceId::new(ROLE, "cwl-to-kinesis"), "not managed by this stack");
    plan.notes.push("routes are not checked".to_owned());
    insta::assert_snapshot!(brief(&plan, 100));
    let colored = plan.shown(Extent::Brief).to_string();
    assert!(colored.contains(&format!("{BAD}blue-stream{BAD:#}")), "{colored}");
    assert!(colored.contains(&format!("{BAD}1 000 filters{BAD:#}")), "{colored}");
    let everything = plan.to_string();
    assert!(
        everything.contains("trust policy:")
            && everything.contains("{\"Version\"")
            && everything.matches("! refuse").count() == 1000
    );
}

#[test]
fn changes_that_differ_in_values_too_long_for_a_row_are_not_one() {
    let long =
        |level: u32| format!("{{ ($.level > {level}) && ($.service = \"a-name-that-is-rather-long\") }}");
    let mut plan = Plan::default();
    for at in 0..10 {
        let mut update = Draft::new(Stage::Filters, FILTER, &format!("/app/{at}"), Verb::Update);
        update.change("pattern", "ERROR", long(if at < 6 { 10 } else { 99_999 }));
        update.act(());
        update.finish(&mut plan);
    }
    let text = brief(&plan, 100);
    assert!(text.contains("6 filters") && text.contains("4 filters"), "{text}");
}

#[test]
fn a_plan_says_where_logs_go_however_many_destinations_there_are() {
    let mut plan = first(1);
    let file = || Origin::File("cwl2le.toml:1:2".to_owned());
    plan.head.0.extend(
        (1..7).map(|at| row(&format!("destination d{at}"), &format!("syslog host-{at}:6514"), file())),
    );
    let text = brief(&plan, 100).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("· logentries eu · syslog host-1:6514 · syslog host-2:6514"), "{text}");
    assert!(text.contains("host-4:6514 · and 2 more destinations") && !text.contains("host-5"), "{text}");
}

#[test]
fn a_file_with_many_settings_is_counted() {
    let mut plan = first(0);
    plan.head.0.extend(
        (0..20).map(|at| row(&format!("tag t{at}"), "x", Origin::File("cwl2le.toml:1:2".to_owned()))),
    );
    let text = brief(&plan, 100);
    assert!(
        text.contains("\n  21 settings from c.toml\n") || text.contains("\n  21 settings from cwl2le.toml\n"),
        "{text}"
    );
    assert!(plan.to_string().contains("tag t19"), "{text}");
}

#[test]
fn nothing_to_do_is_said_and_zero_is_left_out() {
    let mut plan = Plan::<()> { unchanged: vec![ResourceId::new(STREAM, "s")], ..Plan::default() };
    assert_eq!(brief(&plan, 100), "Plan: 1 unchanged");
    plan.unchanged.clear();
    assert_eq!(brief(&plan, 100), "Plan: nothing to change");
    let mut step = Draft::new(Stage::Filters, FILTER, "/app/a", Verb::Create);
    step.change("replaces", "theirs", "ours");
    step.act(());
    step.finish(&mut plan);
    let total = unstyled(&plan.shown(Extent::Total).to_string());
    assert_eq!(total, "Plan: 1 to create (1 replaces another)", "a deletion is no news by the way");
    let total = unstyled(&first(48).shown(Extent::Total).to_string());
    let cost = "A month: about 22 USD plus traffic; prices of us-east-1, 2023: none of eu-west-1 are known";
    assert_eq!(total, format!("Plan: 54 to create\n{cost}"));
}

#[test]
fn a_plan_says_what_its_changes_do_to_the_bill() {
    let prices = Prices::of_region("ap-northeast-1");
    let stream = |shards, retention_hours| Capacity { shards, retention_hours }.fixed();
    let said = |now, planned| {
        let cost = Some(Cost::of(Some(now), planned, &prices));
        let text = brief(&Plan { cost, ..Plan::default() }, 100);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let more = said(stream(Some(1), 24), stream(Some(2), 168));
    assert_eq!(
        more,
        "Plan: nothing to change A month: 14.23 USD now, 66.43 USD with these changes (+14.23 shards, +37.96 retention \
         beyond 24 h), plus traffic; prices of ap-northeast-1, 2026-09"
    );
    let less = said(stream(Some(2), 168), stream(None, 168));
    assert!(
        less.contains("66.43 USD now, 37.96 USD with") && less.contains("+37.96 stream on demand"),
        "{less}"
    );
    assert_eq!(said(stream(Some(1), 24), stream(Some(1), 24)), "Plan: nothing to change");
}

#[test]
fn only_more_that_is_over_the_limit_exceeds_it() {
    let prices = Prices::of_region("us-east-1");
    let stream = |shards| Capacity { shards: Some(shards), retention_hours: 24 }.fixed();
    let exceeds = |now: Option<u32>, planned, confirm_above| {
        Cost { confirm_above, ..Cost::of(now.map(stream), stream(planned), &prices) }.exceeds()
    };
    // A shard is 10.95 USD.
    assert_eq!(exceeds(None, 2, Some(21)), Some(21));
    assert_eq!(exceeds(Some(1), 2, Some(21)), Some(21));
    assert_eq!(exceeds(Some(1), 2, Some(22)), None);
    assert_eq!(exceeds(Some(1), 2, None), None);
    assert_eq!(exceeds(Some(4), 3, Some(21)), None, "less is always confirmed");
    assert_eq!(exceeds(Some(4), 4, Some(0)), None);
}

proptest! {
    #[test]
    fn every_change_is_counted_and_every_line_fits(
        names in prop::collection::vec("/[a-z/]{1,200}", 1..30),
        width in 60_usize..=100,
    ) {
        let mut plan = Plan::default();
        for name in &names {
            draft(Verb::Create, FILTER, &format!("{name} -> cloudwatchLogsFilter"), &[]).finish(&mut plan);
        }
        let text = brief(&plan, width);
        let total = format!("Plan: {} to create", names.len());
        prop_assert!(text.contains(&total));
        prop_assert!(text.lines().all(|line| columns(line) <= width), "{}", text);
    }
}
