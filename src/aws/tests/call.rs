//! One call: names, retries, budgets, stops.

use std::time::Duration;

use tokio::time::Instant;

use super::super::Aws;
use super::*;
use crate::error::{Code, Error};
use crate::resources::filter::aws::{delete_filter, filters, put_filter};
use crate::resources::stream::aws as kinesis;
use crate::resources::{Distribution, FilterExtras, FilterSpec};
use crate::stack::Setting;

fn filter() -> FilterSpec {
    FilterSpec {
        log_group: "/app".to_owned(),
        name: "cloudwatchLogsFilter".to_owned(),
        pattern: Setting::default("{ $.level > 0 }".to_owned()),
        distribution: Setting::default(Distribution::ByLogStream),
        destination_arn: "arn:aws:kinesis:ap-northeast-1:123456789012:stream/s".to_owned(),
        role_arn: Some("arn:aws:iam::123456789012:role/cwl-to-kinesis".to_owned()),
        extras: FilterExtras::default(),
    }
}

const NOT_ASSUMABLE: Answer = Answer::Error(
    400,
    "ValidationException",
    "Make sure you have given CloudWatch Logs permission to assume the provided role.",
);

async fn put(session: &Session) -> crate::error::Result<()> {
    put_filter(session.into(), &filter()).await
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_not_there_yet_is_waited_for_visibly() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.before) {
        ("PutSubscriptionFilter", 0..4) => NOT_ASSUMABLE,
        _ => Answer::ok(),
    });
    let (session, waits, begun) = (aws.session(), Waits::default(), Instant::now());
    put_filter(session.telling(&|notice| waits.note(notice)), &filter()).await.expect("it works in the end");
    assert_eq!(waits.reasons(), ["CloudWatch Logs to be able to assume the role"; 4]);
    let puts = aws.operations().into_iter().filter(|operation| operation == "PutSubscriptionFilter");
    assert_eq!(puts.count(), 5);
    assert_eq!(session.calls(), aws.requests().len() as u64, "retries are counted");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn propagation_is_given_five_minutes_and_the_error_says_so() {
    let (session, begun) = (FakeAws::new(|_| NOT_ASSUMABLE).session(), Instant::now());
    let error = put(&session).await.expect_err("it never works");
    assert_eq!(error.code, Code::NotReady);
    assert!(error.message.contains("(waited 29") || error.message.contains("(waited 300"), "{error}");
    assert!(error.message.contains("for CloudWatch Logs to be able to assume the role)"), "{error}");
    assert!(begun.elapsed() <= Duration::from_secs(300), "{:?}", begun.elapsed());
    assert!(error.hint.is_some());
}

#[tokio::test(start_paused = true)]
async fn patience_shortens_every_budget() {
    let options = Options { patience: Some(Duration::from_secs(2)), ..Options::default() };
    let (session, begun) = (FakeAws::new(|_| NOT_ASSUMABLE).session_with(&options), Instant::now());
    put(&session).await.expect_err("it never works");
    assert!(begun.elapsed() <= Duration::from_secs(2));
}

/// After eight seconds of throttling, one lost connection does not end the call.
#[tokio::test(start_paused = true)]
async fn every_cause_has_a_clock_of_its_own() {
    let throttled = Answer::Error(400, "ThrottlingException", "Rate exceeded");
    let aws = FakeAws::new(move |request| match request.before {
        0..6 => throttled.clone(),
        6 | 7 => Answer::Refused,
        8..10 => NOT_ASSUMABLE,
        10 => Answer::Refused,
        _ => Answer::ok(),
    });
    let (session, waits) = (aws.session(), Waits::default());
    put_filter(session.telling(&|notice| waits.note(notice)), &filter()).await.expect("it works in the end");
    assert_eq!(waits.reasons()[5..8], ["AWS to take more calls", "a connection", "a connection"]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_lost_after_an_answer_gets_a_minute() {
    let (begun, lost) = (Instant::now(), Duration::from_secs(40));
    let aws = FakeAws::new(move |request| match request.before {
        0 => Answer::Error(400, "ThrottlingException", "Rate exceeded"),
        _ if begun.elapsed() < lost => Answer::Refused,
        _ => Answer::ok(),
    });
    put(&aws.session()).await.expect("the network comes back");
    assert!(begun.elapsed() >= lost);

    let (session, begun) = (FakeAws::new(|_| Answer::Refused).session(), Instant::now());
    put(&session).await.expect_err("a wrong address");
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn causes_that_take_turns_do_not_wait_for_ever() {
    for patience in [None, Some(Duration::from_secs(20))] {
        let aws = FakeAws::new(|request| match request.before % 2 {
            0 => Answer::Error(400, "ThrottlingException", "Rate exceeded"),
            _ => NOT_ASSUMABLE,
        });
        let (session, begun) =
            (aws.session_with(&Options { patience, ..Options::default() }), Instant::now());
        put(&session).await.expect_err("it never works");
        // And the turn of the last call, at a call a second.
        let limit = patience.unwrap_or(Duration::from_secs(600)) + Duration::from_secs(2);
        assert!(begun.elapsed() <= limit, "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_mend_itself_is_asked_once() {
    let aws = FakeAws::new(|_| Answer::Error(400, "InvalidParameterException", "Invalid filter pattern"));
    let error = put(&aws.session()).await.expect_err("a bad pattern");
    assert_eq!(error.code, Code::BadPattern);
    assert_eq!(aws.operations(), ["PutSubscriptionFilter"]);
    let said = error.aws.expect("the AWS error");
    assert_eq!(
        (said.service, said.operation, said.code.as_str()),
        ("logs", "PutSubscriptionFilter", "InvalidParameterException")
    );
    assert_eq!(said.request_id.as_deref(), Some("req-1"));
}

#[tokio::test(start_paused = true)]
async fn the_filters_that_are_there_are_named_at_the_limit() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "PutSubscriptionFilter" => Answer::Error(400, "LimitExceededException", "Resource limit exceeded."),
        _ => Answer::Json(serde_json::json!({ "subscriptionFilters": [
            { "filterName": "datadog", "destinationArn": "arn:aws:lambda:x:1:function:dd" },
            { "filterName": "siem", "destinationArn": "arn:aws:kinesis:x:1:stream/siem" },
        ]})),
    });
    let error = put(&aws.session()).await.expect_err("no room");
    assert_eq!(error.code, Code::FilterLimit);
    assert!(error.message.contains("`datadog` to arn:aws:lambda:x:1:function:dd"), "{error}");
    assert!(error.message.contains("`siem` to"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_cwl2le_does_not_know_of_a_filter_is_read_and_written() {
    let beside = serde_json::json!({
        "applyOnTransformedLogs": true, "emitSystemFields": ["@aws.account", "@aws.region"],
        "fieldSelectionCriteria": "@aws.region = \"eu-west-1\"",
    });
    let read = beside.clone();
    let aws = FakeAws::new(move |_| Answer::Json(serde_json::json!({ "subscriptionFilters": [read] })));
    let session = aws.session();
    let there = filters((&session).into(), "/app").await.expect("read").expect("there");
    let spec = FilterSpec { extras: there[0].extras.clone(), ..filter() };
    put_filter((&session).into(), &spec).await.expect("written");
    let sent = &aws.requests()[1].body;
    for (field, value) in beside.as_object().expect("fields") {
        assert_eq!(&sent[field], value, "{field}");
    }
    // What a filter has not is not sent.
    put_filter((&session).into(), &filter()).await.expect("written");
    let sent = &aws.requests()[2].body;
    assert!(beside.as_object().expect("fields").keys().all(|field| sent.get(field).is_none()), "{sent}");
}

#[tokio::test(start_paused = true)]
async fn nothing_ever_says_service_error() {
    for (answer, code, words) in [
        (Answer::Refused, Code::Unreachable, "connection refused"),
        (Answer::Silent, Code::Unreachable, "no answer within 30 s"),
        (Answer::Garbage(502), Code::Unreachable, "HTTP 502 with a non-AWS body"),
        (Answer::Garbage(403), Code::Unreachable, "HTTP 403 with a non-AWS body"),
        (Answer::Garbage(200), Code::Unreachable, "HTTP 200 with a non-AWS body"),
        (Answer::Error(400, "Strange", "Words of AWS"), Code::Aws, "Words of AWS"),
    ] {
        let said = answer.clone();
        let aws = FakeAws::new(move |_| said.clone());
        let read = kinesis::observe_stream((&aws.session()).into(), "s", false).await;
        let error = Error::from(read.expect_err("a failure"));
        assert_eq!(error.code, code, "{answer:?}: {error}");
        assert!(error.message.contains(words), "{answer:?}: {error}");
        for noise in ["service error", "dispatch failure", "unhandled"] {
            assert!(!error.message.contains(noise), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_address_is_given_up_within_seconds_and_a_fault_of_aws_within_a_minute() {
    for (answer, longest) in [(Answer::Refused, 5), (Answer::Garbage(503), 60)] {
        let aws = FakeAws::new(move |_| answer.clone());
        let begun = Instant::now();
        delete_filter((&aws.session()).into(), "/app", "f").await.expect_err("a failure");
        assert!(begun.elapsed() <= Duration::from_secs(longest), "{:?}", begun.elapsed());
        assert!(aws.requests().len() > 2, "it was tried again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_waiting_and_keeps_calls_from_being_made() {
    let stop = Stop::new();
    let options = Options { stop: stop.clone(), ..Options::default() };
    let aws = FakeAws::new(|_| NOT_ASSUMABLE);
    let session = aws.session_with(&options);
    let asking = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        stop.request();
    };
    let begun = Instant::now();
    let (result, ()) = tokio::join!(put(&session), asking);
    assert_eq!(result.expect_err("stopped").code, Code::Interrupted);
    assert_eq!(begun.elapsed().as_secs(), 3, "it stops at once");

    let before = session.calls();
    assert_eq!(put(&session).await.expect_err("stopped").code, Code::Interrupted);
    assert_eq!(session.calls(), before, "no further call");
}

#[tokio::test(start_paused = true)]
async fn throttled_calls_come_back_more_slowly() {
    let aws = FakeAws::new(|request| match request.before {
        0..3 => Answer::Error(400, "ThrottlingException", "Rate exceeded"),
        _ => Answer::ok(),
    });
    let (session, waits) = (aws.session(), Waits::default());
    let telling = |notice: Notice<'_>| waits.note(notice);
    let aws: Aws<'_> = session.telling(&telling);
    delete_filter(aws, "/app", "f").await.expect("it works in the end");
    assert_eq!(waits.reasons(), ["AWS to take more calls"; 3]);
}

/// Whoever follows a token that repeats never comes to an end, or shows everything twice.
#[tokio::test]
async fn a_list_that_leads_back_to_one_of_its_pages_is_an_error() {
    let aws = FakeAws::new(|request| {
        let next = if request.text("nextToken") == "a" { "b" } else { "a" };
        let metrics = if request.text("NextToken") == "a" { "b" } else { "a" };
        Answer::Json(serde_json::json!({
            "subscriptionFilters": [], "events": [], "nextToken": next,
            "MetricDataResults": [], "NextToken": metrics,
        }))
    });
    let session = aws.session();
    let error = filters((&session).into(), "/app").await.expect_err("no end");
    assert!(error.message.contains("would never end"), "{error:?}");
    let metric = crate::aws::cloudwatch::Metric::new("AWS/Lambda", "Errors", &[]);
    let query = crate::aws::cloudwatch::Statistic { metric, statistic: "Sum", period: 60 };
    let error =
        crate::aws::cloudwatch::metric_data((&session).into(), &[query], 0, 60).await.expect_err("no end");
    assert!(error.message.contains("would never end"), "{error:?}");
    // The caller follows these from page to page.
    let aws = FakeAws::new(|_| Answer::Json(serde_json::json!({ "events": [], "nextToken": "a" })));
    let session = aws.session();
    let query =
        crate::aws::EventQuery { log_group: "/app", from: 0, until: 1, pattern: None, newest_first: false };
    let (_, next) = crate::aws::filter_log_events(&session, query, 1, None).await.expect("a page");
    let error = crate::aws::filter_log_events(&session, query, 1, next).await.expect_err("the same page");
    assert!(error.message.contains("would never end"), "{error:?}");
}
