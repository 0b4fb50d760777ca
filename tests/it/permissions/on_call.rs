//! What the policy of whoever is on call does not allow: to change the chain, or to read what others log.

use aws_sdk_cloudwatchlogs::types::PolicyType;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_lambda::types::EventSourcePosition;
use cwl2le_local::Options;

use super::cases::{allowed, employ, on_call, owned, policy, service};
use crate::support::REGION;
use crate::support::account::{Account, GROUP, Ground};

/// An account with a stack that an administrator has set up, and somebody on call.
async fn account(ground: &Ground) -> Account {
    let mut account = ground.account().await;
    let case = on_call(Vec::new());
    let document = policy(&account, &case).await;
    employ(&mut account, &case, &document).await;
    account
}

#[tokio::test(flavor = "multi_thread")]
async fn no_verb_changes_the_chain() {
    let ground = Ground::start(Options { auth: true, ..Options::default() }).await;
    let account = account(&ground).await;
    let before = account.seen().await;
    let set_up = |more: &[&str]| [&owned(&["setup", "--yes"])[..], &service(), &owned(more)].concat();
    for args in [
        set_up(&["--memory", "1024"]),
        set_up(&["--retention-hours", "48"]),
        set_up(&["--log-group", "/app/second"]),
        owned(&["subscribe", "--yes", "--log-group", "/app/second"]),
        owned(&["subscribe", "--yes", "--all"]),
        owned(&["unsubscribe", "--yes", "--log-group", GROUP]),
        owned(&["teardown", "--yes"]),
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let (ran, _) = account.run(&args).await;
        assert_eq!(
            (ran.code, &ran.json()["error"]["code"]),
            (4, &"access-denied".into()),
            "{args:?}: {ran:?}"
        );
        assert_eq!(account.seen().await, before, "{args:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_changes_the_chain_or_reads_what_others_log() {
    let ground = Ground::start(Options { auth: true, ..Options::default() }).await;
    let account = account(&ground).await;
    let before = account.seen().await;
    let config = ground.config(&account.keys);
    let (lambda, root) = (aws_sdk_lambda::Client::new(&config), aws_sdk_lambda::Client::new(&account.config));
    let function = "cwl-to-logentries";
    let zip = std::fs::read(crate::support::account::other_zip().path()).expect("a zip");
    let update = lambda.update_function_code().function_name(function).zip_file(zip.into()).send().await;
    assert!(!allowed("other code", update));
    let update = lambda.update_function_configuration().function_name(function).memory_size(1024);
    assert!(!allowed("another configuration", update.send().await));
    assert!(!allowed("no function", lambda.delete_function().function_name(function).send().await));
    let none = lambda.put_function_concurrency().function_name(function).reserved_concurrent_executions(0);
    assert!(!allowed("no concurrency", none.send().await));
    let mappings = root.list_event_source_mappings().send().await.expect("mappings");
    let uuid = mappings.event_source_mappings.and_then(|all| all.into_iter().next()).and_then(|one| one.uuid);
    let stop = lambda.update_event_source_mapping().set_uuid(uuid.clone()).enabled(false).send().await;
    assert!(!allowed("a trigger that is off", stop));
    assert!(!allowed("no trigger", lambda.delete_event_source_mapping().set_uuid(uuid).send().await));
    let stream = format!("arn:aws:kinesis:{REGION}:{}:stream/cloudwatch-logs-stream", account.id);
    let create = lambda.create_event_source_mapping().function_name(function).event_source_arn(&stream);
    let create = create.starting_position(EventSourcePosition::Latest).send().await;
    assert!(!allowed("another trigger", create));

    let kinesis = aws_sdk_kinesis::Client::new(&config);
    assert!(!allowed("no stream", kinesis.delete_stream().stream_arn(&stream).send().await));
    let keep = kinesis.increase_stream_retention_period().stream_arn(&stream).retention_period_hours(48);
    assert!(!allowed("another retention", keep.send().await));
    let theirs = kinesis.put_record().stream_name("their-stream").partition_key("k").data(Blob::new("x"));
    assert!(!allowed("a record in a stream of others", theirs.send().await));

    let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
    assert!(!allowed("events of others", logs.filter_log_events().log_group_name(GROUP).send().await));
    let own = "/aws/lambda/cwl-to-logentries";
    assert!(allowed("lines of the forwarder", logs.filter_log_events().log_group_name(own).send().await));
    assert!(!allowed("no log group", logs.delete_log_group().log_group_name(own).send().await));
    let role = format!("arn:aws:iam::{}:role/cwl-to-kinesis", account.id);
    for (group, expected) in
        [(GROUP, false), ("/cwl2le/canary/default", true), ("/cwl2le/canary/blue", false)]
    {
        if group != GROUP {
            account.logs().create_log_group().log_group_name(group).send().await.expect("a log group");
        }
        let put = logs.put_subscription_filter().log_group_name(group).filter_name("f").filter_pattern("");
        let put = put.destination_arn(&stream).role_arn(&role).send().await;
        assert_eq!(allowed("a filter", put), expected, "{group}");
        let delete = logs.delete_log_group().log_group_name(group).send().await;
        assert_eq!(allowed("no log group", delete), expected, "{group}");
    }
    account.logs().delete_log_group().log_group_name("/cwl2le/canary/blue").send().await.expect("deleted");
    let policy = logs.put_account_policy().policy_name("p").policy_type(PolicyType::SubscriptionFilterPolicy);
    assert!(!allowed("an account policy", policy.policy_document("{}").send().await));

    let iam = aws_sdk_iam::Client::new(&config);
    let put = iam.put_role_policy().role_name("cwl-to-kinesis").policy_name("more").policy_document("{}");
    assert!(!allowed("rights for a role", put.send().await));
    let trust = iam.update_assume_role_policy().role_name("cwl-to-kinesis").policy_document("{}");
    assert!(!allowed("trust in a role", trust.send().await));
    assert_eq!(account.seen().await, before);
}
