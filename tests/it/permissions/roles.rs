//! What the roles may do, and that less would not do.

use cwl2le_local::Options;

use super::cases::without;
use crate::support;
use crate::support::account::{Account, GROUP, Ground, setup};

#[tokio::test(flavor = "multi_thread")]
async fn the_roles_may_do_what_they_are_for_and_no_less_would_do() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    account.run(&setup(&["--log-group", GROUP])).await.0.ok();
    let rendered =
        account.run(&["policies", "--account", &account.id]).await.0.ok().json()["policies"].clone();
    let cases = [
        ("cwl-to-kinesis", "cwl-kinesis-write", "logs", ["kinesis:PutRecord"].as_slice()),
        (
            "cwl-to-logentries",
            "cwl-logentries-forward",
            "forwarder",
            &[
                "kinesis:DescribeStream",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ],
        ),
    ];
    for (role, name, document, needed) in cases {
        for action in needed {
            // What uses the role goes, so that the next setup makes it again and AWS looks at the role again.
            account.run(&["unsubscribe", "--log-group", GROUP]).await.0.ok();
            let lambda = aws_sdk_lambda::Client::new(&account.config);
            let mappings = lambda.list_event_source_mappings().send().await.expect("mappings");
            for mapping in mappings.event_source_mappings.into_iter().flatten() {
                lambda.delete_event_source_mapping().set_uuid(mapping.uuid).send().await.expect("deleted");
            }
            let policy = without(&rendered[document], action);
            assert_ne!(policy, rendered[document], "{document} has no {action}");
            let put = account.iam().put_role_policy().role_name(role).policy_name(name);
            put.policy_document(policy.to_string()).send().await.expect("a policy");
            refused(&account, role, action).await;
            // setup mends the policy, and then everything works.
            account.run(&setup(&["--log-group", GROUP])).await.0.ok();
            assert_eq!(account.seen().await, account.whole(true), "after {action} came back");
        }
    }
}

/// With the policy as it is, AWS refuses what needs the role.
async fn refused(account: &Account, role: &str, action: &str) {
    let stream = format!("arn:aws:kinesis:{}:{}:stream/cwl2le", support::REGION, account.id)
        .replace("cwl2le", "cloudwatch-logs-stream");
    let error = if role == "cwl-to-kinesis" {
        let put = account.logs().put_subscription_filter().log_group_name(GROUP).filter_name("probe");
        let arn = format!("arn:aws:iam::{}:role/{role}", account.id);
        let put = put.filter_pattern("").destination_arn(stream).role_arn(arn).send().await;
        format!("{:?}", put.expect_err(action))
    } else {
        let lambda = aws_sdk_lambda::Client::new(&account.config);
        let create = lambda.create_event_source_mapping().function_name("cwl-to-logentries");
        let position = aws_sdk_lambda::types::EventSourcePosition::TrimHorizon;
        let create = create.event_source_arn(stream).starting_position(position).send().await;
        format!("{:?}", create.expect_err(action))
    };
    let known = ["Could not deliver test message", "ensure the role can perform"];
    assert!(known.iter().any(|text| error.contains(text)), "{action}: {error}");
}
