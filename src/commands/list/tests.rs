use proptest::prelude::*;
use serde_json::{Value, json};

use super::report::{ListReport, LogGroups, Row};
use crate::aws::tagged::Tagged;
use crate::aws::testing::{Answer, FakeAws, Request};
use crate::error::Code;
use crate::flags::CommandLine;
use crate::health::{Unknown, Verdict};
use crate::output::{OutputFormat, Printer};
use crate::signals::stacks::{Found, Seen, by_names, by_tags, find};
use crate::stack::{Tags, Target};

fn target() -> Target {
    Target { account: "123456789012".to_owned(), region: "ap-northeast-1".parse().expect("a region") }
}

fn tagged(arn: &str, stack: &str, version: &str) -> Tagged {
    let tags = [("cwl2le:stack", stack), ("cwl2le:region", "ap-northeast-1"), ("cwl2le:version", version)];
    let tags: Tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    Tagged { arn: arn.replace("HERE", "ap-northeast-1:123456789012"), tags }
}

fn names(found: &Found) -> Vec<String> {
    found.stacks.keys().map(ToString::to_string).collect()
}

#[test]
fn tags_tell_the_stacks_and_the_function_tells_the_version() {
    let elsewhere = Tagged {
        tags: [("cwl2le:stack", "elsewhere"), ("cwl2le:region", "eu-west-1")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        ..tagged("arn:aws:kinesis:HERE:stream/elsewhere-cloudwatch-logs-stream", "", "")
    };
    let found = by_tags(
        &[
            tagged("arn:aws:lambda:HERE:function:cwl-to-logentries", "default", "0.2.0"),
            tagged("arn:aws:lambda:HERE:event-source-mapping:d627", "default", "0.1.0"),
            tagged("arn:aws:kinesis:HERE:stream/cloudwatch-logs-stream", "default", "0.1.0"),
            // A stack of which only the log group is left.
            tagged("arn:aws:logs:HERE:log-group:/aws/lambda/old-cwl-to-logentries:*", "old", "0.1.0"),
            // What others have tagged, and what only has a name.
            tagged("arn:aws:s3:::bucket", "theirs", "0.1.0"),
            tagged("arn:aws:kinesis:HERE:stream/cloudwatch-logs-stream", "blue", "0.1.0"),
            tagged("arn:aws:kinesis:HERE:stream/x", "\u{1b}]0;x", "0.1.0"),
            tagged("arn:aws:kinesis:HERE:stream/x", "", "0.1.0"),
            elsewhere,
        ],
        &target(),
    );
    let stacks: Vec<(String, Option<&str>)> =
        found.stacks.iter().map(|(name, version)| (name.to_string(), version.as_deref())).collect();
    assert_eq!(stacks, [("default".to_owned(), Some("0.2.0")), ("old".to_owned(), Some("0.1.0"))]);
    assert_eq!(found.strangers, ["", "\u{1b}]0;x"].map(ToOwned::to_owned).into());
}

#[test]
fn names_tell_the_stacks_where_tags_do_not() {
    let mapping = |stream: &str, function: &str| {
        let here = "ap-northeast-1:123456789012";
        (
            format!("arn:aws:kinesis:{here}:stream/{stream}"),
            format!("arn:aws:lambda:{here}:function:{function}"),
        )
    };
    let mappings = [
        mapping("cloudwatch-logs-stream", "cwl-to-logentries"),
        mapping("blue-cloudwatch-logs-stream", "blue-cwl-to-logentries:live"),
        mapping("red-cloudwatch-logs-stream", "red-cwl-to-logentries-audit"),
        // Functions of others that read such a stream, and streams of others.
        mapping("green-cloudwatch-logs-stream", "theirs"),
        mapping("theirs", "cwl-to-logentries"),
    ];
    let groups =
        ["/aws/lambda/old-cwl-to-logentries", "/aws/lambda/x-cwl-to-logentries-audit", "cwl-to-logentries"];
    let found = by_names(&mappings, &groups.map(ToOwned::to_owned), &target());
    assert_eq!(names(&found), ["blue", "default", "old", "red"]);
}

proptest! {
    #[test]
    fn no_tag_makes_a_stack_that_no_verb_takes(arn in ".{0,60}", value in ".{0,30}", version in ".{0,10}") {
        let arns = [arn.as_str(), "arn:aws:lambda:HERE:event-source-mapping:x"];
        let found = by_tags(&arns.map(|arn| tagged(arn, &value, &version)), &target());
        prop_assert!(found.stacks.len() + found.strangers.len() <= 1);
        prop_assert!(found.stacks.keys().all(|stack| stack.as_str() == value));
    }
}

const DENIED: Answer = Answer::Error(400, "AccessDeniedException", "no identity-based policy allows it");

async fn found(
    answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> (FakeAws, crate::error::Result<Seen>) {
    let aws = FakeAws::new(answer);
    let session = aws.session();
    let seen = find((&session).into()).await;
    (aws, seen)
}

fn one_mapping() -> Answer {
    let here = "ap-northeast-1:123456789012";
    Answer::Json(json!({"EventSourceMappings": [{
        "EventSourceArn": format!("arn:aws:kinesis:{here}:stream/blue-cloudwatch-logs-stream"),
        "FunctionArn": format!("arn:aws:lambda:{here}:function:blue-cwl-to-logentries"),
    }]}))
}

#[tokio::test(start_paused = true)]
async fn without_tags_the_stacks_are_found_by_names_and_it_says_so() {
    let (_, seen) = found(|request| match request.operation.as_str() {
        "DescribeLogGroups" => {
            Answer::Json(json!({"logGroups": [{"logGroupName": "/aws/lambda/cwl-to-logentries"}]}))
        }
        operation if operation.contains("EventSourceMappings") || operation.is_empty() => one_mapping(),
        _ => DENIED,
    })
    .await;
    let seen = seen.expect("stacks");
    assert_eq!((names(&seen.found), seen.by_tags), (vec!["blue".to_owned(), "default".to_owned()], false));
    let actions: Vec<Option<&str>> = seen.unseen.iter().map(|unknown| unknown.action.as_deref()).collect();
    assert_eq!(actions, [Some("tag:GetResources")]);
}

#[tokio::test(start_paused = true)]
async fn half_of_the_names_is_better_than_none_and_nothing_at_all_is_an_error() {
    let (_, seen) = found(|request| match request.operation.as_str() {
        "DescribeLogGroups" => Answer::Json(json!({"logGroups": []})),
        _ => DENIED,
    })
    .await;
    let seen = seen.expect("an answer");
    assert!(seen.found.stacks.is_empty());
    let actions: Vec<Option<&str>> = seen.unseen.iter().map(|unknown| unknown.action.as_deref()).collect();
    assert_eq!(actions, [Some("tag:GetResources"), Some("lambda:ListEventSourceMappings")]);

    let (_, seen) = found(|_| DENIED).await;
    let error = seen.expect_err("denied");
    assert_eq!((error.code, error.aws.expect("a call").operation), (Code::AccessDenied, "GetResources"));
}

#[tokio::test(start_paused = true)]
async fn pages_without_an_end_end() {
    let arn = "arn:aws:kinesis:ap-northeast-1:123456789012:stream/cloudwatch-logs-stream";
    let tags = json!([{"Key": "cwl2le:stack", "Value": "default"}, {"Key": "cwl2le:region", "Value": "ap-northeast-1"}]);
    let page =
        json!({"ResourceTagMappingList": [{"ResourceARN": arn, "Tags": tags}], "PaginationToken": "again"});
    let (aws, seen) = found(move |_| Answer::Json(page.clone())).await;
    let seen = seen.expect("stacks");
    assert_eq!((names(&seen.found), aws.requests().len()), (vec!["default".to_owned()], 50));
    assert!(seen.unseen[0].why.contains("there are more"), "{:?}", seen.unseen);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_answer_is_not_waited_for_long() {
    let begun = tokio::time::Instant::now();
    let (_, seen) = found(|request| match request.operation.as_str() {
        "GetResources" => Answer::Silent,
        "DescribeLogGroups" => Answer::Json(json!({"logGroups": []})),
        _ => one_mapping(),
    })
    .await;
    assert_eq!(names(&seen.expect("stacks").found), ["blue"]);
    assert!(begun.elapsed().as_secs() <= 31, "{:?}", begun.elapsed());
}

fn row(stack: &str, verdict: Verdict) -> Row {
    Row {
        stack: stack.to_owned(),
        version: Some("0.2.0".to_owned()),
        verdict,
        why: None,
        lag_seconds: Some(2),
        log_groups: Some(LogGroups { active: 29, is_whole: true, account_policy: false }),
        destinations: Some(vec!["app".to_owned()]),
        leftovers: Vec::new(),
        unknown: Vec::new(),
        status: CommandLine::new(["status", "--stack", stack]),
        teardown: CommandLine::new(["teardown", "--stack", stack]),
        policies: CommandLine::new(["policies", "on-call", "--account", "123456789012", "--stack", stack]),
    }
}

fn report(stacks: Vec<Row>) -> ListReport {
    ListReport {
        account: "123456789012".to_owned(),
        region: "ap-northeast-1".to_owned(),
        stacks,
        by_tags: true,
        setup: CommandLine::new(["setup"]),
        policies: CommandLine::new([
            "policies",
            "on-call",
            "--account",
            "123456789012",
            "--region",
            "ap-northeast-1",
        ]),
        ..ListReport::default()
    }
}

/// As it goes into a pipe.
fn text(report: &ListReport) -> String {
    let mut out = Vec::new();
    Printer::new(OutputFormat::Text, crate::output::ColorChoice::Never)
        .report(&mut out, report)
        .expect("written");
    String::from_utf8(out).expect("UTF-8")
}

fn everything() -> ListReport {
    let denied =
        |action: &str| Unknown { why: format!("{action} is denied"), action: Some(action.to_owned()) };
    let failing = Row {
        why: Some("app does not accept every event for 2 h 14 min (connect: Connection refused)".to_owned()),
        lag_seconds: Some(8041),
        log_groups: Some(LogGroups { active: 200, is_whole: false, account_policy: false }),
        destinations: Some(vec!["app".to_owned(), "audit".to_owned()]),
        ..row("default", Verdict::Failing)
    };
    let hostile = Row {
        version: Some("0.2.0-rc.1".to_owned()),
        destinations: Some(vec!["a\nb\u{202e}".to_owned(), "x".repeat(60), "c".to_owned(), "d".to_owned()]),
        log_groups: Some(LogGroups { active: 0, is_whole: true, account_policy: true }),
        ..row(&"x".repeat(24), Verdict::Quiet)
    };
    let leftover = Row {
        why: Some("the stream old-cloudwatch-logs-stream does not exist".to_owned()),
        lag_seconds: None,
        destinations: None,
        log_groups: None,
        leftovers: vec![
            "log group /aws/lambda/old-cwl-to-logentries".to_owned(),
            "role old-cwl-to-kinesis".to_owned(),
        ],
        ..row("old", Verdict::NotSetUp)
    };
    let blind = Row {
        version: None,
        why: Some("neither the metrics nor the forwarder's log can be read".to_owned()),
        lag_seconds: None,
        log_groups: None,
        destinations: None,
        unknown: vec![denied("cloudwatch:GetMetricData"), denied("logs:FilterLogEvents")],
        ..row("red", Verdict::Unknown)
    };
    ListReport {
        unseen: vec![denied("tag:GetResources")],
        by_tags: false,
        strangers: vec!["\u{1b}[31mred".to_owned()],
        ..report(vec![row("blue", Verdict::Flowing), failing, hostile, leftover, blind])
    }
}

#[test]
fn the_text_shows_what_is_wrong_and_what_is_not_known() {
    insta::assert_snapshot!(text(&everything()));
}

#[test]
fn a_table_is_at_most_100_columns_wide() {
    let text = text(&everything());
    let table: Vec<&str> = text.lines().filter(|line| !line.starts_with(['?', '!', '`', ' '])).collect();
    assert!(table.iter().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn no_stack_is_no_error_and_says_how_to_make_one() {
    assert_eq!(
        text(&report(Vec::new())),
        "no stack in 123456789012 ap-northeast-1; `cwl2le setup` creates one\n"
    );
    let unseen = ListReport { by_tags: false, unseen: everything().unseen, ..report(Vec::new()) };
    let text = text(&unseen);
    // Nobody knows whether there is one.
    assert!(text.starts_with("no stack was seen in 123456789012") && !text.contains("setup"), "{text}");
}

#[test]
fn json_has_null_for_what_is_not_known() {
    let json: Value = serde_json::to_value(everything()).expect("JSON");
    let blind = &json["stacks"][4];
    assert_eq!(blind["verdict"], "unknown");
    for key in ["version", "lag_seconds", "log_groups", "destinations"] {
        assert!(blind[key].is_null() && blind.get(key).is_some(), "{key}: {blind}");
    }
    assert_eq!(blind["unknown"][0]["action"], "cloudwatch:GetMetricData");
    assert_eq!((&json["by_tags"], &json["stacks"][3]["verdict"]), (&json!(false), &json!("not-set-up")));
}
