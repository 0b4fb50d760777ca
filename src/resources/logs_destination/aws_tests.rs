//! What CloudWatch Logs is asked of the destination, and what it answers.

use serde_json::{Value, json};

use super::action::Action;
use super::aws::{act, observe};
use crate::aws::tests::*;
use crate::error::Code;
use crate::stack::Tags;

const NAME: &str = "cwl-from-accounts";
const ARN: &str = "arn:aws:logs:ap-northeast-1:123456789012:destination:cwl-from-accounts";
const STREAM: &str = "arn:aws:kinesis:ap-northeast-1:123456789012:stream/s";
const ROLE: &str = "arn:aws:iam::123456789012:role/r";

fn create() -> Action {
    Action::Create {
        name: NAME.to_owned(),
        arn: ARN.to_owned(),
        stream_arn: STREAM.to_owned(),
        role_arn: ROLE.to_owned(),
        tags: our_tags(),
    }
}

fn listed(name: &str, stream: &str) -> Value {
    json!({ "destinationName": name, "arn": ARN, "targetArn": stream, "roleArn": ROLE,
            "accessPolicy": "{\"Statement\":[]}" })
}

/// A region with this destination, which has these tags.
fn with(stream: &'static str, tags: Tags) -> FakeAws {
    FakeAws::new(move |request| match request.operation.as_str() {
        "DescribeDestinations" => Answer::Json(json!({ "destinations": [listed(NAME, stream)] })),
        "ListTagsForResource" => Answer::Json(json!({ "tags": tags })),
        _ => Answer::ok(),
    })
}

#[tokio::test(start_paused = true)]
async fn it_is_created_without_tags_which_come_next() {
    let aws = FakeAws::new(|_| Answer::ok());
    act((&aws.session()).into(), &create()).await.expect("created");
    assert_eq!(aws.operations(), ["DescribeDestinations", "PutDestination", "TagResource"]);
    let sent = aws.requests()[1].body.clone();
    assert_eq!(sent, json!({ "destinationName": NAME, "targetArn": STREAM, "roleArn": ROLE }));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_there_is_taken_only_if_an_earlier_run_left_it() {
    let other = "arn:aws:kinesis:ap-northeast-1:123456789012:stream/other";
    for (stream, tags, expected) in
        [(STREAM, our_tags(), None), (STREAM, Tags::new(), None), (other, Tags::new(), Some(Code::NotOurs))]
    {
        let aws = with(stream, tags);
        let made = act((&aws.session()).into(), &create()).await;
        assert_eq!(made.err().map(|error| error.code), expected);
        assert!(!aws.operations().contains(&"PutDestination".to_owned()), "it would change the other one");
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_not_everywhere_yet_is_waited_for() {
    let puts = std::sync::atomic::AtomicUsize::new(0);
    let aws = FakeAws::new(move |request| match request.operation.as_str() {
        "PutDestination" if puts.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2 => Answer::Error(
            400,
            "InvalidParameterException",
            "Could not deliver test message to specified destination. Check if the destination is valid.",
        ),
        _ => Answer::ok(),
    });
    act((&aws.session()).into(), &create()).await.expect("created in the end");
    assert_eq!(aws.operations().iter().filter(|name| *name == "PutDestination").count(), 3);
}

#[tokio::test(start_paused = true)]
async fn it_is_found_by_its_whole_name_behind_a_page() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "DescribeDestinations" if request.text("nextToken").is_empty() => {
            Answer::Json(json!({ "destinations": [listed("cwl-from-accounts-2", STREAM)], "nextToken": "n" }))
        }
        "DescribeDestinations" => Answer::Json(json!({ "destinations": [listed(NAME, STREAM)] })),
        _ => Answer::Json(json!({ "tags": our_tags() })),
    });
    let (found, others) = observe((&aws.session()).into(), NAME, STREAM).await.expect("read");
    assert_eq!(others, ["cwl-from-accounts-2".to_owned()].into());
    let found = found.expect("there");
    assert_eq!((found.stream_arn.as_str(), found.tags), (STREAM, our_tags()));
    assert_eq!(found.policy, Some(json!({ "Statement": [] })));
}

#[tokio::test(start_paused = true)]
async fn only_a_move_to_an_organization_is_forced() {
    for (force, expected) in [(true, json!(true)), (false, Value::Null)] {
        let aws = FakeAws::new(|_| Answer::ok());
        let action = Action::SetPolicy {
            name: NAME.to_owned(),
            arn: ARN.to_owned(),
            policy: json!({ "Statement": [] }),
            force,
        };
        act((&aws.session()).into(), &action).await.expect("set");
        let sent = aws.requests()[0].body.clone();
        assert_eq!((&sent["forceUpdate"], &sent["accessPolicy"]), (&expected, &json!("{\"Statement\":[]}")));
    }
    let gone = FakeAws::new(|_| Answer::Error(400, "ResourceNotFoundException", "gone"));
    act((&gone.session()).into(), &Action::Delete { name: NAME.to_owned() }).await.expect("gone already");
}
