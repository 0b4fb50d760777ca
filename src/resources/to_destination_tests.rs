//! What is said of the ways in which a destination of another account refuses a subscription.

use crate::aws::testing::{Answer, FakeAws};
use crate::error::{Code, Error};
use crate::resources::filter::aws::put_filter;
use crate::resources::{Distribution, FilterExtras, FilterSpec};
use crate::stack::Setting;

const DESTINATION: &str = "arn:aws:logs:ap-northeast-1:111111111111:destination:cwl-from-accounts";

async fn refused(destination: &str, code: &'static str, message: &'static str) -> Error {
    let aws = FakeAws::new(move |_| Answer::Error(400, code, message));
    let filter = FilterSpec {
        log_group: "/app".to_owned(),
        name: "cloudwatchLogsToDestination".to_owned(),
        pattern: Setting::default(String::new()),
        distribution: Setting::default(Distribution::ByLogStream),
        destination_arn: destination.to_owned(),
        role_arn: None,
        extras: FilterExtras::default(),
    };
    put_filter((&aws.session()).into(), &filter).await.expect_err("refused")
}

#[tokio::test(start_paused = true)]
async fn each_refusal_says_what_to_do_in_which_account() {
    let refusals = [
        (
            "AccessDeniedException",
            "User with accountId: 123456789012 is not authorized to perform: logs:PutSubscriptionFilter on resource: d",
        ),
        (
            "AccessDeniedException",
            "User: u is not authorized to perform: logs:PutSubscriptionFilter on resource: d because no resource-based policy \
             allows the logs:PutSubscriptionFilter action",
        ),
        (
            "AccessDeniedException",
            "User: u is not authorized to perform: logs:PutSubscriptionFilter on resource: d because no identity-based policy \
             allows the logs:PutSubscriptionFilter action",
        ),
        (
            "InvalidParameterException",
            "Role ARN is required when creating subscription filter against destination with Organization access policy",
        ),
        (
            "InvalidParameterException",
            "Could not deliver test message to specified destination. Check if the destination is valid.",
        ),
        ("ResourceNotFoundException", "The specified destination does not exist."),
        ("ResourceNotFoundException", "The specified log group does not exist."),
    ];
    let mut said = String::new();
    for (code, message) in refusals {
        let error = refused(DESTINATION, code, message).await;
        said += &format!("{:?}: {}\n  hint: {}\n\n", error.code, message, error.hint.unwrap_or_default());
    }
    insta::assert_snapshot!(said);
}

#[tokio::test(start_paused = true)]
async fn the_command_is_for_the_stack_of_the_destination_and_not_to_be_run_as_it_stands() {
    let hint = async |name: &str| {
        let arn = format!("arn:aws:logs:ap-northeast-1:111111111111:destination:{name}");
        refused(&arn, "AccessDeniedException", "no").await.hint.expect("a hint")
    };
    let of_stack = hint("blue-cwl-from-accounts").await;
    let list = "--stack blue --accept-accounts 123456789012,ACCEPTED_ALREADY`";
    assert!(of_stack.contains(list), "{of_stack}");
    assert!(!hint("cwl-from-accounts").await.contains("--stack"));
    let by_hand = hint("by-hand").await;
    assert!(!by_hand.contains("cwl2le setup") && by_hand.contains("access policy"), "{by_hand}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_this_account_has_its_own_hints() {
    let stream = "arn:aws:kinesis:ap-northeast-1:123456789012:stream/s";
    let error = refused(stream, "AccessDeniedException", "no").await;
    assert_eq!(error.code, Code::AccessDenied);
    assert!(error.hint.is_some_and(|hint| !hint.contains("accept-accounts")));
}
