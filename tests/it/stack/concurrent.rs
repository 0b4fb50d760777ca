//! Two runs at the same time: on one stack, and on the one account policy of an account.

use std::io::Write;
use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::PolicyType;
use cwl2le_local::{Call, CallProxy, Fault, Injection, Options, When};
use futures_util::{StreamExt, stream};
use tokio::process::Child;

use crate::support::account::{Account, GROUP, Ground, ended, setup};
use crate::support::{REGION, Ran};

/// After how many calls of the first run the second one starts: its reads, its changes, its end.
const STARTS: [usize; 10] = [1, 6, 12, 14, 16, 18, 20, 23, 27, 31];

/// Runs both, the second from when the first has made so many calls.
async fn both(ground: &Ground, account: &Account, first: &[&str], second: &[&str], calls: usize) -> [Ran; 2] {
    account.proxy.inject(None);
    let mut running = account.command(first).spawn().expect("cwl2le runs");
    while account.proxy.calls().len() < calls && running.try_wait().expect("a process").is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // A proxy of its own, so that the calls of the first are counted alone.
    let proxy = CallProxy::start(ground.aws.endpoint()).await.expect("a proxy");
    let mut command = account.command(second);
    let other = command.env("AWS_ENDPOINT_URL", proxy.endpoint()).spawn().expect("cwl2le runs");
    let (first, second) = tokio::join!(ended(running), ended(other));
    [first, second]
}

/// It ended well, or with an error that is not ours and says what to do; none waited until its patience was over for
/// what the other had taken away.
fn documented(ran: &Ran) -> Result<(), String> {
    let error = &ran.json()["error"];
    let known = matches!(ran.code, 3 | 5 | 6) && !error["hint"].is_null();
    let in_vain = error["message"]
        .as_str()
        .is_some_and(|message| message.contains("(waited") || message.contains("timed out after"));
    if ran.code == 0 || (known && !in_vain) { Ok(()) } else { Err(format!("{ran:?}")) }
}

fn is(what: &str, found: &[String], wanted: &[String]) -> Result<(), String> {
    if found == wanted {
        Ok(())
    } else {
        Err(format!("{what}: there is\n{found:#?}\ninstead of\n{wanted:#?}"))
    }
}

async fn succeeds(account: &Account, args: &[&str]) -> Result<(), String> {
    let (ran, _) = account.run(args).await;
    if ran.code == 0 { Ok(()) } else { Err(format!("{args:?}: {ran:?}")) }
}

async fn two_setups(ground: &Ground, calls: usize) -> Result<bool, String> {
    let account = ground.account().await;
    let args = setup(&["--log-group", GROUP]);
    let rans = both(ground, &account, &args, &args, calls).await;
    rans.iter().try_for_each(documented)?;
    let succeeded = rans.iter().filter(|ran| ran.code == 0).count();
    if succeeded == 0 {
        return Err(format!("both failed: {rans:?}"));
    }
    is("after both", &account.seen().await, &account.whole(true))?;
    let (again, _) = account.run(&args).await;
    if again.code != 0 || again.json()["changed"] != false {
        return Err(format!("another run: {again:?}"));
    }
    succeeds(&account, &["teardown", "--yes"]).await?;
    is("after teardown", &account.seen().await, &account.theirs())?;
    Ok(succeeded == 2)
}

async fn setup_beside_teardown(ground: &Ground, calls: usize) -> Result<bool, String> {
    let account = ground.account().await;
    let args = setup(&["--log-group", GROUP]);
    succeeds(&account, &args).await?;
    let rans = both(ground, &account, &["teardown", "--yes"], &args, calls).await;
    rans.iter().try_for_each(documented)?;
    let seen = account.seen().await;
    let one_of_two = seen == account.whole(true) || seen == account.theirs();
    if !theirs_survived(&account, &seen) {
        return Err(format!("what is not ours is gone: {seen:#?}"));
    }
    succeeds(&account, &args).await?;
    is("after the next setup", &account.seen().await, &account.whole(true))?;
    succeeds(&account, &["teardown", "--yes"]).await?;
    is("after teardown", &account.seen().await, &account.theirs())?;
    Ok(one_of_two)
}

fn theirs_survived(account: &Account, seen: &[String]) -> bool {
    account.theirs().iter().all(|line| seen.contains(line))
}

/// Prints how many ended well, and fails where one did not end as it must.
fn judge(what: &str, well: &str, outcomes: Vec<(usize, Result<bool, String>)>) {
    let best = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Ok(true))).count();
    let report = format!("{what}: {} interleavings, {best} of them {well}\n", outcomes.len());
    // Past the test harness, which shows the output of failed tests only.
    std::io::stderr().write_all(report.as_bytes()).expect("written");
    let failures: Vec<String> = outcomes
        .into_iter()
        .filter_map(|(calls, o)| Some(format!("after {calls} calls: {}", o.err()?)))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_setups_make_one_stack() {
    let ground = Ground::start(Options::default()).await;
    let ground = &ground;
    let outcomes = stream::iter(STARTS).map(|calls| async move { (calls, two_setups(ground, calls).await) });
    judge("two setups", "with both successful", outcomes.buffer_unordered(3).collect().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_setup_beside_a_teardown_either_completes() {
    let ground = Ground::start(Options::default()).await;
    let ground = &ground;
    let outcomes =
        stream::iter(STARTS).map(|calls| async move { (calls, setup_beside_teardown(ground, calls).await) });
    judge("setup beside teardown", "with all or nothing", outcomes.buffer_unordered(3).collect().await);
}

/// Starts `cwl2le ARGS` by way of the proxy, which holds the call of this operation and number before AWS sees it, or
/// its answer; returns once it is held.
async fn held(
    account: &Account,
    proxy: &CallProxy,
    args: &[&str],
    operation: &str,
    at: usize,
    when: When,
) -> Child {
    let of = Call { service: "logs".to_owned(), operation: operation.to_owned() };
    proxy.inject(Some(Injection { of: Some(of), at, times: 1, when, fault: Fault::Hold }));
    let mut running =
        account.command(args).env("AWS_ENDPOINT_URL", proxy.endpoint()).spawn().expect("cwl2le runs");
    tokio::select! {
        () = proxy.hit() => running,
        status = running.wait() => panic!("it ended before {operation} #{at}: {status:?}"),
    }
}

/// The names that the account policy leaves out.
async fn left_out(account: &Account) -> Vec<String> {
    let read = account.logs().describe_account_policies().policy_type(PolicyType::SubscriptionFilterPolicy);
    let policies = read.send().await.expect("policies").account_policies.unwrap_or_default();
    let selection =
        policies.first().and_then(|policy| policy.selection_criteria()).expect("an account policy");
    serde_json::from_str(selection.trim_start_matches("LogGroupName NOT IN ")).expect("a list of names")
}

/// The default stack with an account policy, and `blue` and `green`, which have to be left out of it.
async fn covered(ground: &Ground) -> (Account, CallProxy) {
    let account = ground.account().await;
    account.run(&setup(&[])).await.0.ok();
    account.run(&["subscribe", "--all"]).await.0.ok();
    (account, CallProxy::start(ground.aws.endpoint()).await.expect("a proxy"))
}

const FORWARDERS: [&str; 3] = [
    "/aws/lambda/blue-cwl-to-logentries",
    "/aws/lambda/cwl-to-logentries",
    "/aws/lambda/green-cwl-to-logentries",
];

#[tokio::test(flavor = "multi_thread")]
async fn an_account_policy_that_was_changed_since_the_plan_is_read_again() {
    let ground = Ground::start(Options::default()).await;
    let (account, other) = covered(&ground).await;
    let (blue, green) = (setup(&["--stack", "blue"]), setup(&["--stack", "green"]));
    // What `blue` plans with is older than all that `green` does.
    let slow = held(&account, &other, &blue, "DescribeAccountPolicies", 1, When::After).await;
    account.run(&green).await.0.ok();
    other.release();
    ended(slow).await.ok();
    assert_eq!(left_out(&account).await, FORWARDERS);
    for stack in [&blue, &green] {
        assert_eq!(account.run(stack).await.0.ok().json()["changed"], false);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_the_account_policy_that_another_run_takes_back_is_made_again() {
    let ground = Ground::start(Options::default()).await;
    let (account, other) = covered(&ground).await;
    let (blue, green) = (setup(&["--stack", "blue"]), setup(&["--stack", "green"]));
    // `blue` has read the policy and is about to write it.
    let slow = held(&account, &other, &blue, "PutAccountPolicy", 1, When::Before).await;
    // `green` has read it as well, has written it, and is about to look at what became of it.
    let quick = held(&account, &account.proxy, &green, "DescribeAccountPolicies", 3, When::Before).await;
    assert_eq!(left_out(&account).await, FORWARDERS[1..]);
    other.release();
    ended(slow).await.ok();
    assert_eq!(left_out(&account).await, FORWARDERS[..2], "the write of the other is lost");
    account.proxy.release();
    ended(quick).await.ok();
    assert_eq!(left_out(&account).await, FORWARDERS);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_log_groups_that_get_filters_at_the_same_time_are_both_left_out() {
    let ground = Ground::start(Options::default()).await;
    let (account, other) = covered(&ground).await;
    for name in ["/app/a", "/app/b"] {
        account.logs().create_log_group().log_group_name(name).send().await.expect("a log group");
    }
    let a = ["subscribe", "--log-group", "/app/a", "--filter-pattern", "X"];
    let slow = held(&account, &other, &a, "DescribeAccountPolicies", 1, When::After).await;
    account.run(&["subscribe", "--log-group", "/app/b", "--filter-pattern", "Y"]).await.0.ok();
    other.release();
    ended(slow).await.ok();
    assert_eq!(left_out(&account).await, ["/app/a", "/app/b", FORWARDERS[1]]);
}

/// Runs the second setup so that it has been held at this call while the first one ran whole: it fails, because its log
/// group takes no more filters, and rolls back. Nothing of the first may go.
async fn rolled_back_beside_another(ground: &Ground, operation: &str, when: When) {
    let account = ground.account().await;
    let logs = account.logs();
    logs.create_log_group().log_group_name(FULL).send().await.expect("a log group");
    for name in ["one", "two"] {
        logs.put_subscription_filter()
            .log_group_name(FULL)
            .filter_name(name)
            .filter_pattern("")
            .destination_arn(format!("arn:aws:kinesis:{REGION}:{}:stream/their-stream", account.id))
            .role_arn(format!("arn:aws:iam::{}:role/their-role", account.id))
            .send()
            .await
            .expect("a filter");
    }
    let other = CallProxy::start(ground.aws.endpoint()).await.expect("a proxy");
    let second = setup(&["--log-group", FULL, "--rollback"]);
    let second = held(&account, &other, &second, operation, 1, when).await;
    account.run(&setup(&["--log-group", GROUP])).await.0.ok();
    other.release();
    let ran = ended(second).await.failed(3, "filter-limit");
    let mut seen = account.seen().await;
    seen.retain(|line| !line.contains(FULL));
    assert_eq!(seen, account.whole(true), "{ran:?}");
    let hint = ran.json()["error"]["hint"].as_str().unwrap_or_default().to_owned();
    assert!(hint.contains("rolled back: 0 resources") && hint.contains("stays for it"), "{hint}");
    assert_eq!(account.run(&setup(&["--log-group", GROUP])).await.0.ok().json()["changed"], false);
}

/// A log group that has as many filters as AWS allows.
const FULL: &str = "/app/full";

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_leaves_what_another_run_made_at_the_same_time() {
    let ground = Ground::start(Options::default()).await;
    // The second has read an account in which nothing was, and then finds all that the first made.
    rolled_back_beside_another(&ground, "DescribeAccountPolicies", When::After).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_leaves_what_another_run_relies_on() {
    let ground = Ground::start(Options::default()).await;
    // The second has made the whole stack, and the first led its log group into it.
    rolled_back_beside_another(&ground, "PutSubscriptionFilter", When::Before).await;
}
