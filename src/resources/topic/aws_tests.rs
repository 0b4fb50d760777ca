//! What SNS is asked, and what it answers.

use super::action::Action;
use super::aws::{act, complete, observe};
use super::observed::ObservedSubscription;
use crate::aws::tests::*;
use crate::error::Code;
use crate::resources::tests::{empty_account, one_stack};
use crate::resources::{AlarmsSpec, Kind, Notify, Stack, setup};
use crate::stack::Tags;

const ARN: &str = "arn:aws:sns:ap-northeast-1:123456789012:cwl2le-default-alarms";

fn tags(tags: &Tags) -> Answer {
    let member =
        |(key, value): (&String, &String)| format!("<member><Key>{key}</Key><Value>{value}</Value></member>");
    Answer::Xml(format!("<Tags>{}</Tags>", tags.iter().map(member).collect::<String>()))
}

fn create() -> Action {
    Action::Create { name: "cwl2le-default-alarms".to_owned(), arn: ARN.to_owned(), tags: our_tags() }
}

#[tokio::test(start_paused = true)]
async fn a_topic_is_created_with_its_tags_and_one_of_somebody_else_is_not_taken() {
    let gone = || Answer::Error(404, "NotFound", "Topic does not exist");
    let none = FakeAws::new(move |request| match request.operation.as_str() {
        "GetTopicAttributes" => gone(),
        _ => Answer::Xml(format!("<TopicArn>{ARN}</TopicArn>")),
    });
    let session = none.session();
    act((&session).into(), &create()).await.expect("created");
    let created = none.requests().pop().expect("a request");
    assert_eq!((created.operation.as_str(), created.text("Name")), ("CreateTopic", "cwl2le-default-alarms"));
    let (key, value) = our_tags().into_iter().next().expect("a tag");
    assert_eq!((created.text("Tags.member.1.Key"), created.text("Tags.member.1.Value")), (&*key, &*value));

    for (there, expected) in [(our_tags(), None), (Tags::new(), Some(Code::NotOurs))] {
        let there = there.clone();
        let aws = FakeAws::new(move |request| match request.operation.as_str() {
            "ListTagsForResource" => tags(&there),
            _ => Answer::Xml(String::new()),
        });
        let session = aws.session();
        let error = act((&session).into(), &create()).await.err();
        assert_eq!(error.map(|error| error.code), expected);
        assert!(!aws.operations().contains(&"CreateTopic".to_owned()), "it is there");
    }
}

#[tokio::test(start_paused = true)]
async fn subscriptions_are_read_page_by_page_and_wait_until_they_are_confirmed() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.text("NextToken")) {
        ("ListTagsForResource", _) => tags(&our_tags()),
        ("ListSubscriptionsByTopic", "") => Answer::Xml(
            "<Subscriptions><member><SubscriptionArn>Deleted</SubscriptionArn><Protocol>email</Protocol>\
             <Endpoint>gone@example.com</Endpoint></member>\
             <member><SubscriptionArn>PendingConfirmation</SubscriptionArn><Protocol>email</Protocol>\
             <Endpoint>a@example.com</Endpoint></member></Subscriptions><NextToken>n</NextToken>"
                .to_owned(),
        ),
        ("ListSubscriptionsByTopic", _) => Answer::Xml(format!(
            "<Subscriptions><member><SubscriptionArn>{ARN}:1</SubscriptionArn><Protocol>https</Protocol>\
             <Endpoint>https://a/</Endpoint></member></Subscriptions>"
        )),
        _ => Answer::Xml("<Attributes/>".to_owned()),
    });
    let session = aws.session();
    let topic = observe((&session).into(), ARN).await.expect("read").expect("a topic");
    let subscription = |protocol: &str, endpoint: &str, is_confirmed| ObservedSubscription {
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        is_confirmed,
    };
    let expected = [subscription("email", "a@example.com", false), subscription("https", "https://a/", true)];
    assert_eq!((topic.arn.as_str(), &topic.tags), (ARN, &our_tags()));
    assert_eq!(topic.subscriptions, expected);
}

#[tokio::test(start_paused = true)]
async fn an_address_is_subscribed_as_it_was_given() {
    let aws =
        FakeAws::new(|_| Answer::Xml("<SubscriptionArn>pending confirmation</SubscriptionArn>".to_owned()));
    let session = aws.session();
    let subscribe = Action::Subscribe { arn: ARN.to_owned(), address: "on+call&x@example.com".to_owned() };
    act((&session).into(), &subscribe).await.expect("subscribed");
    let request = aws.requests().pop().expect("a request");
    let asked = ["TopicArn", "Protocol", "Endpoint", "Version"].map(|name| request.text(name));
    assert_eq!(asked, [ARN, "email", "on+call&x@example.com", "2010-03-31"]);
}

fn mailing() -> Stack {
    let stack = one_stack();
    let notify = Notify::Topic(stack.alarm_topic_arn());
    Stack {
        alarms: AlarmsSpec { notify, email: Some("a@example.com".to_owned()), ..AlarmsSpec::default() },
        ..stack
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_of_somebody_else_is_refused_before_an_alarm_notifies_it() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "ListTagsForResource" => tags(&Tags::new()),
        _ => Answer::Xml(String::new()),
    });
    let (session, stack, mut observed) = (aws.session(), mailing(), empty_account(&[]));
    complete((&session).into(), &stack, &mut observed).await.expect("read");
    let refused: Vec<_> =
        setup(&stack, &observed, false).refused.iter().map(|one| (one.resource.kind, one.code)).collect();
    assert_eq!(refused, [(Kind::TOPIC, Code::NotOurs)]);
    assert!(setup(&stack, &observed, true).refused.is_empty(), "--adopt takes it over");

    // Whoever asks for no mail needs no right to read topics.
    let denied = FakeAws::new(|_| DENIED);
    let session = denied.session();
    let (unasked, mut observed) = (one_stack(), empty_account(&[]));
    complete((&session).into(), &unasked, &mut observed).await.expect("nothing to read");
    assert_eq!(session.calls(), 0);
    // Whoever has the topic deleted does.
    let goes =
        Stack { alarms: AlarmsSpec { notify: Notify::Nobody, ..AlarmsSpec::default() }, ..one_stack() };
    observed.is_topic_unread = true;
    let error = complete((&session).into(), &goes, &mut observed).await.expect_err("denied");
    assert_eq!(error.code, Code::AccessDenied);
}

/// What SNS says, whose query API has a code of its own for it.
const DENIED: Answer = Answer::Error(
    403,
    "AuthorizationError",
    "User: u is not authorized to perform: SNS:GetTopicAttributes on resource: t because no identity-based policy \
     allows the SNS:GetTopicAttributes action",
);

#[tokio::test(start_paused = true)]
async fn a_call_that_sns_denies_is_a_missing_permission_and_made_once() {
    let aws = FakeAws::new(|_| DENIED);
    let session = aws.session();
    let error = act((&session).into(), &create()).await.expect_err("denied");
    assert_eq!((error.code, session.calls()), (Code::AccessDenied, 1));
    let hint = error.hint.unwrap_or_default();
    assert!(hint.contains("permission"), "{hint}");
}
