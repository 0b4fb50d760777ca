//! Reading a whole stack.

use std::time::Duration;

use serde_json::json;

use crate::aws::tests::*;
use crate::resources::{
    AccountPolicy, Depth, Observed, ObservedGroup, Unread, observe, observe_what_is_allowed,
};
use crate::stack::{Names, RoleScope, StackName};

fn nothing(request: &Request) -> Answer {
    match request.operation.as_str() {
        "DescribeLogGroups" => Answer::Json(json!({ "logGroups": [] })),
        "ListEventSourceMappings" => Answer::Json(json!({ "EventSourceMappings": [] })),
        "DescribeAlarms" => Answer::Json(json!({ "MetricAlarms": [] })),
        "DescribeDestinations" => Answer::Json(json!({ "destinations": [] })),
        operation => Answer::missing(operation),
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_account_is_read_as_nothing_in_few_calls() {
    let session = FakeAws::new(nothing).session();
    let groups = ["/app".to_owned()];
    let (scope, observed) =
        observe(&session, &StackName::default(), &groups, Depth::Stack).await.expect("read");
    assert_eq!(scope, RoleScope::Plain);
    assert_eq!(observed, Observed::default());
    assert!(session.calls() <= 19, "{} calls", session.calls());
}

#[tokio::test(start_paused = true)]
async fn a_role_of_a_destination_that_alone_is_left_is_found_by_its_regional_name() {
    let target = FakeAws::new(nothing).session().target.clone();
    let left = Names::new(&StackName::default(), &target.region, RoleScope::Regional).accounts_role;
    let name = left.clone();
    let aws = FakeAws::new(move |request| match request.operation.as_str() {
        "GetRole" if request.text("RoleName") == name => role_of(&name, target.region.as_str()),
        _ => nothing(request),
    });
    let (scope, observed) =
        observe(&aws.session(), &StackName::default(), &[], Depth::Stack).await.expect("read");
    assert_eq!(scope, RoleScope::Regional);
    assert_eq!(observed.accounts_role.map(|role| role.name), Some(left));
}

fn role_of(name: &str, region: &str) -> Answer {
    Answer::Xml(format!(
        "<Role><Path>/</Path><RoleName>{name}</RoleName><RoleId>AROA</RoleId>\
         <Arn>arn:aws:iam::123456789012:role/{name}</Arn><CreateDate>2026-11-22T00:00:00Z</CreateDate>\
         <AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument><Tags>\
         <member><Key>cwl2le:stack</Key><Value>default</Value></member>\
         <member><Key>cwl2le:region</Key><Value>{region}</Value></member></Tags></Role>"
    ))
}

#[tokio::test(start_paused = true)]
async fn another_regions_roles_are_left_to_it() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.text("RoleName")) {
        ("GetRole", name @ ("cwl-to-kinesis" | "cwl-to-logentries")) => role_of(name, "eu-west-1"),
        _ => nothing(request),
    });
    let (scope, observed) =
        observe(&aws.session(), &StackName::default(), &[], Depth::Everything).await.expect("read");
    assert_eq!(scope, RoleScope::Regional);
    assert_eq!(observed.logs_role, None, "the roles of eu-west-1 are not this region's");
}

#[tokio::test(start_paused = true)]
async fn a_teardown_sees_what_others_attached_and_every_log_group() {
    let aws = FakeAws::new(|request| {
        match (request.operation.as_str(), request.text("RoleName")) {
        ("GetRole", name @ "cwl-to-kinesis") => role_of(name, "ap-northeast-1"),
        ("ListRolePolicies", _) => Answer::Xml(
            "<PolicyNames><member>cwl-kinesis-write</member><member>extra</member></PolicyNames>\
             <IsTruncated>false</IsTruncated>"
                .to_owned(),
        ),
        ("ListAttachedRolePolicies", _) => Answer::Xml(
            "<AttachedPolicies><member><PolicyArn>arn:aws:iam::aws:policy/x</PolicyArn></member></AttachedPolicies>\
             <IsTruncated>false</IsTruncated>"
                .to_owned(),
        ),
        ("GetRolePolicy", _) => Answer::Xml(
            "<RoleName>r</RoleName><PolicyName>p</PolicyName><PolicyDocument>%7B%7D</PolicyDocument>".to_owned(),
        ),
        ("DescribeLogGroups", _) if !request.text("logGroupNamePrefix").is_empty() => nothing(request),
        ("DescribeLogGroups", _) if request.text("nextToken").is_empty() => Answer::Json(json!({
            "logGroups": [{ "logGroupName": "/a", "logGroupClass": "STANDARD" },
                          { "logGroupName": "/cold", "logGroupClass": "INFREQUENT_ACCESS" }],
            "nextToken": "more",
        })),
        ("DescribeLogGroups", _) => {
            Answer::Json(json!({ "logGroups": [{ "logGroupName": "/gone" }, { "logGroupName": "/z" }] }))
        }
        ("DescribeSubscriptionFilters", _) if request.text("logGroupName") != "/gone" => {
            Answer::Json(json!({ "subscriptionFilters": [{
                "filterName": "f", "filterPattern": "", "destinationArn": "arn", "roleArn": "",
                "distribution": "Random",
            }]}))
        }
        _ => nothing(request),
    }
    });
    let session = aws.session();
    let (_, observed) = observe(&session, &StackName::default(), &[], Depth::Everything).await.expect("read");
    let role = observed.logs_role.expect("the role");
    assert_eq!(role.policies.len(), 2);
    assert_eq!(role.attached, ["arn:aws:iam::aws:policy/x"]);
    assert_eq!(observed.groups.keys().collect::<Vec<_>>(), ["/a", "/cold", "/z"]);
    assert_eq!(observed.groups["/a"].filters[0].role_arn, None);
    assert_eq!(observed.groups["/cold"].filters, []);
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_is_named_and_not_read_as_nothing() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "GetFunction" => Answer::Error(
            403,
            "AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/u is not authorized to perform: lambda:GetFunction",
        ),
        _ => nothing(request),
    });
    let read = observe(&aws.session(), &StackName::default(), &[], Depth::Stack).await;
    let error = read.expect_err("denied");
    assert_eq!(error.code, crate::error::Code::AccessDenied);
    assert!(error.message.contains("lambda:GetFunction"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn all_who_read_the_stream_are_found_and_where_they_log() {
    let arn = |function: &str| format!("arn:aws:lambda:ap-northeast-1:123456789012:function:{function}");
    let stream = "arn:aws:kinesis:ap-northeast-1:123456789012:stream/cloudwatch-logs-stream";
    let consumer = format!("{stream}/consumer/fast:1700000000");
    let aws = FakeAws::new(move |request| match request.operation.as_str() {
        "DescribeStreamSummary" => Answer::Json(json!({ "StreamDescriptionSummary": {
            "StreamName": "cloudwatch-logs-stream", "StreamARN": stream, "StreamStatus": "ACTIVE",
            "RetentionPeriodHours": 24, "StreamCreationTimestamp": 1, "EnhancedMonitoring": [], "OpenShardCount": 1,
        } })),
        "ListTagsForStream" => Answer::Json(json!({ "Tags": [], "HasMoreTags": false })),
        "ListStreamConsumers" => Answer::Json(json!({ "Consumers": [{
            "ConsumerName": "fast", "ConsumerARN": consumer, "ConsumerStatus": "ACTIVE",
            "ConsumerCreationTimestamp": 1,
        }] })),
        "ListEventSourceMappings" if request.uri.contains("consumer") => Answer::Json(json!({
            "EventSourceMappings": [{ "UUID": "1", "FunctionArn": arn("fast") }] })),
        "ListEventSourceMappings" => Answer::Json(json!({ "EventSourceMappings": [
            { "UUID": "2", "FunctionArn": arn("cwl-to-logentries"), "EventSourceArn": stream },
            { "UUID": "3", "FunctionArn": arn("slow:live"), "EventSourceArn": stream },
            { "UUID": "4", "FunctionArn": arn("plain"), "EventSourceArn": stream }] })),
        "GetFunction" => Answer::Json(json!({ "Configuration": {
            "FunctionArn": arn("cwl-to-logentries"), "LoggingConfig": { "LogGroup": "/app/b" } } })),
        "GetFunctionConfiguration" => {
            let name = ["fast", "slow", "plain"]
                .into_iter()
                .find(|name| request.uri.contains(name))
                .expect("others only");
            let log_group =
                if name == "plain" { "/aws/lambda/plain".to_owned() } else { format!("/of/{name}") };
            Answer::Json(json!({ "LoggingConfig": { "LogFormat": "Text", "LogGroup": log_group } }))
        }
        _ => nothing(request),
    });
    let (_, observed) =
        observe(&aws.session(), &StackName::default(), &[], Depth::Stack).await.expect("read");
    assert_eq!(Vec::from_iter(observed.readers), ["cwl-to-logentries", "fast", "plain", "slow"]);
    let writers: Vec<(&str, &str)> = observed
        .writers
        .iter()
        .map(|(log_group, function)| (log_group.as_str(), function.as_str()))
        .collect();
    assert_eq!(writers, [("/app/b", "cwl-to-logentries"), ("/of/fast", "fast"), ("/of/slow", "slow")]);
    assert_eq!(observed.triggers.len(), 1);
}

#[test]
fn the_account_policy_leads_log_groups_into_its_stream_but_those_that_it_leaves_out() {
    const STREAM: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/logs";
    let document = json!({ "DestinationArn": STREAM }).to_string();
    let group = |class: &str| ObservedGroup { class: class.to_owned(), filters: Vec::new() };
    let observed = Observed {
        account_policy: Some(AccountPolicy::read("all", &document, r#"LogGroupName NOT IN ["/out"]"#)),
        groups: [("/in", "STANDARD"), ("/out", "STANDARD"), ("/rare", "INFREQUENT_ACCESS")]
            .map(|(name, class)| (name.to_owned(), group(class)))
            .into(),
        ..Observed::default()
    };
    let led = |stream: &str, group: &str| observed.is_led_to(stream, group);
    assert!(led(STREAM, "/in"));
    for (stream, group) in [(STREAM, "/out"), (STREAM, "/rare"), (STREAM, "/not/there"), ("another", "/in")] {
        assert!(!led(stream, group), "{group} to {stream}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_may_not_be_read_ends_no_read_of_the_stack() {
    let alarm = "cwl2le-default-behind";
    let arn = "arn:aws:cloudwatch:ap-northeast-1:123456789012:alarm:cwl2le-default-behind";
    for denied in ["GetTopicAttributes", "ListTagsForResource", "ListSubscriptionsByTopic"] {
        let of_sns = move |request: &Request| request.body.get("ResourceArn").is_some();
        let aws = FakeAws::new(move |request| match request.operation.as_str() {
            operation if operation == denied && (operation != "ListTagsForResource" || of_sns(request)) => {
                Answer::Error(403, "AuthorizationError", "User: u is not authorized to perform: SNS:X")
            }
            "DescribeAlarms" => Answer::Json(json!({ "MetricAlarms": [{
                "AlarmName": alarm, "AlarmArn": arn, "StateValue": "OK", "ActionsEnabled": true,
                "AlarmActions": ["arn:aws:sns:ap-northeast-1:123456789012:cwl2le-default-alarms"],
                "OKActions": [], "Namespace": "N", "MetricName": "M", "Dimensions": [], "Statistic": "Sum",
                "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
                "ComparisonOperator": "GreaterThanThreshold", "StateUpdatedTimestamp": 1,
            }] })),
            "ListTagsForResource" if !of_sns(request) => Answer::Json(json!({ "Tags": [] })),
            "GetTopicAttributes" | "ListTagsForResource" | "ListSubscriptionsByTopic" => {
                Answer::Xml(String::new())
            }
            _ => nothing(request),
        });
        let (session, name) = (aws.session(), StackName::default());
        let (_, observed) = observe(&session, &name, &[], Depth::Stack).await.expect("read");
        let read = |observed: &Observed| (observed.alarms.contains_key(alarm), observed.is_topic_unread);
        assert_eq!(read(&observed), (true, true), "{denied}");
        let limit = Duration::from_secs(9);
        let (_, observed, unread) =
            observe_what_is_allowed(&session, &name, Depth::Stack, limit).await.expect("read");
        assert_eq!(read(&observed), (true, true), "{denied}");
        assert_eq!(unread.into_keys().collect::<Vec<_>>(), [Unread::Topic], "{denied}");
    }
}
