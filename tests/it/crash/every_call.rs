//! A run that fails or is killed at any of its AWS calls: the next run completes it, teardown leaves nothing, and what
//! others have survives. Every call of every verb, with every fault: enumerated, not sampled.
//!
//! There is no state file: what a run leaves behind is the account, and what the next run does depends on nothing else.
//! So cases that leave the same account, compared by everything in it, need one proof that it converges.
//!
//! The runs that are killed are part of `cargo test`; those that fail are ignored there and run by `.ci/run`.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use cwl2le_local::{Call, Fault, Injection, Options, When};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::sync::{Mutex, Semaphore};

use super::faults::{self, Kind};
use super::proofs::Proofs;
use crate::support::Ran;
use crate::support::account::{Account, GROUP, Ground, ended, setup};
use crate::support::forwarder_zip;

/// Faulty runs at once, over all tests of this binary. One computes for a tenth of a second or two, and one whose call
/// never succeeds waits for seconds: with fewer of them, nothing computes most of the time.
static RUNS: Semaphore = Semaphore::const_new(32);
/// Proofs at once: they compute.
static PROOFS: Semaphore = Semaphore::const_new(3);
/// Accounts of a test of killed runs, which are as many cases of it at once: some run, some wait for a proof. A run that
/// is killed waits for nothing.
const OF_KILLS: usize = 8;
/// Accounts of a test of runs that fail: most of them wait until their patience is over.
const OF_ERRORS: usize = 24;
/// Until a process that hangs is given up.
const HANGS: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Setup,
    Subscribe,
    Teardown,
    Upgrade,
    Rollback,
    /// A setup that adds alarms, their topic and the dashboard.
    Watch,
    /// A setup that removes them.
    Unwatch,
    /// A setup that lets other accounts send lines.
    Accept,
    /// A setup that lets others do so, and one fewer.
    Exchange,
    /// A setup that lets none do so any more.
    Refuse,
}

/// Another forwarder than the bundled one.
static NEWER: LazyLock<(tempfile::TempDir, String)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let zip = forwarder_zip::with_comment(folder.path(), "newer").display().to_string();
    (folder, zip)
});

/// The calls that change alarms, their topic and the dashboard.
const WATCHING: &[&str] = &[
    "PutMetricAlarm",
    "DeleteAlarms",
    "CreateTopic",
    "Subscribe",
    "DeleteTopic",
    "PutDashboard",
    "DeleteDashboards",
];

/// The calls that change the destination for other accounts and its role.
const ACCEPTING: &[&str] = &[
    "CreateRole",
    "PutRolePolicy",
    "UpdateAssumeRolePolicy",
    "ListRolePolicies",
    "DeleteRolePolicy",
    "DeleteRole",
    "DescribeDestinations",
    "PutDestination",
    "TagResource",
    "PutDestinationPolicy",
    "DeleteDestination",
];

impl Verb {
    fn args(self) -> Vec<&'static str> {
        match self {
            Self::Setup => setup(&["--log-group", GROUP]),
            Self::Subscribe => vec!["subscribe", "--log-group", GROUP],
            Self::Teardown => vec!["teardown", "--yes"],
            // Nobody listens where the lines go.
            Self::Upgrade => vec!["upgrade", "--no-canary", "--watch", "0s", "--to", &NEWER.1],
            Self::Rollback => vec!["rollback"],
            Self::Watch => setup(&["--email", "oncall@example.com", "--dashboard", "true"]),
            Self::Unwatch => setup(&["--alarms", "none", "--dashboard", "false"]),
            Self::Accept => setup(&["--accept-accounts", "222222222222,333333333333"]),
            Self::Exchange => setup(&["--accept-accounts", "333333333333,444444444444"]),
            Self::Refuse => setup(&["--accept-accounts", "none"]),
        }
    }

    /// An account in which the verb has something to do, kept to begin each case with.
    async fn account(self, ground: &Ground) -> Account {
        let account = ground.account().await;
        match self {
            Self::Setup => {}
            Self::Subscribe => drop(account.run(&setup(&[])).await.0.ok()),
            Self::Teardown | Self::Upgrade | Self::Watch | Self::Accept => {
                drop(account.run(&setup(&["--log-group", GROUP])).await.0.ok());
            }
            Self::Rollback => {
                account.run(&setup(&["--log-group", GROUP])).await.0.ok();
                account.run(&Self::Upgrade.args()).await.0.ok();
            }
            Self::Exchange | Self::Refuse => {
                account.run(&setup(&["--log-group", GROUP])).await.0.ok();
                account.run(&Self::Accept.args()).await.0.ok();
            }
            Self::Unwatch => {
                account.run(&setup(&["--log-group", GROUP])).await.0.ok();
                account.run(&Self::Watch.args()).await.0.ok();
            }
        }
        account.proxy.idle().await.expect("a proxy");
        ground.aws.keep(&account.id, 0).await.expect("kept");
        account
    }
}

/// One call: the `number`th of its operation.
#[derive(Debug, Clone)]
struct Point {
    call: Call,
    number: usize,
}

/// What a run makes when nothing happens to it.
async fn points(verb: Verb, account: &Account) -> Vec<Point> {
    let (ran, calls) = account.run(&verb.args()).await;
    ran.ok();
    let mut numbers = BTreeMap::new();
    // How often it is looked whether something is ready differs from run to run; that it is looked does not.
    let polls = ["GetFunctionConfiguration", "GetEventSourceMapping"];
    let points = calls.into_iter().map(|call| {
        let number = numbers.entry(call.to_string()).or_insert(0);
        *number += 1;
        Point { call, number: *number }
    });
    let is_new = |point: &Point| match verb {
        // The other calls are those of every setup.
        Verb::Watch | Verb::Unwatch => WATCHING.contains(&point.call.operation.as_str()),
        Verb::Accept | Verb::Exchange | Verb::Refuse => ACCEPTING.contains(&point.call.operation.as_str()),
        _ => point.number == 1 || !polls.contains(&point.call.operation.as_str()),
    };
    points.filter(is_new).collect()
}

/// Puts the account back, has the run fail, and proves that what it leaves converges.
async fn run_case(
    verb: Verb,
    point: &Point,
    kind: &Kind,
    account: &Account,
    ground: &Ground,
    proofs: &Proofs,
) -> Result<(), String> {
    let left = {
        let _turn = RUNS.acquire().await.expect("never closed");
        ground.aws.restore(&account.id, 0).await.expect("restored");
        let done = fail(verb, point, kind, account).await;
        account.proxy.idle().await.expect("a proxy");
        done?;
        ground.aws.contents(&account.id).await.expect("its contents")
    };
    proofs
        .of(left, async {
            let _turn = PROOFS.acquire().await.expect("never closed");
            converges(verb, account, ground).await
        })
        .await
}

/// The run with its fault ends as it must.
async fn fail(verb: Verb, point: &Point, kind: &Kind, account: &Account) -> Result<(), String> {
    let inject = |times, when, fault: &Fault| {
        Some(Injection { of: Some(point.call.clone()), at: point.number, times, when, fault: fault.clone() })
    };
    match kind {
        Kind::Killed(when) => {
            account.proxy.inject(inject(usize::MAX, *when, &Fault::Hang));
            let mut child = account.command(&verb.args()).spawn().expect("cwl2le runs");
            tokio::select! {
                () = account.proxy.hit() => child.kill().await.expect("killed"),
                status = child.wait() => return Err(format!("it ended before the call: {status:?}")),
            }
        }
        Kind::Once(_, when, fault) => {
            // A call that hangs is given up by patience; everything else is absorbed with the default one.
            let patience = (*fault == Fault::Hang).then_some("5");
            let ran = run(account, verb, inject(1, *when, fault), patience).await?;
            if ran.code != 0 {
                return Err(format!("it was not absorbed: {ran:?}"));
            }
        }
        Kind::ForGood(_, fault, code, name) => {
            // Little patience, so that what never ends does; enough for the calls that do not fail on a busy machine.
            let ran = run(account, verb, inject(usize::MAX, When::Before, fault), Some("4")).await?;
            let error = &ran.json()["error"];
            let named = name.is_empty() || error["code"] == **name;
            if may_be_needless(verb, point) && ran.code == 0 {
                return Ok(());
            }
            if verb == Verb::Rollback && !is_needed_to_roll_back(point) {
                let rolled_back = ran.code == 0 && ran.json()["changed"] == true;
                return if rolled_back { Ok(()) } else { Err(format!("it did not roll back: {ran:?}")) };
            }
            if ran.code != *code || !named || error["hint"].is_null() {
                return Err(format!("it ended in another way than with {code} {name} and a hint: {ran:?}"));
            }
        }
    }
    Ok(())
}

/// Whether a call may be one that nobody needs. Of the first setup: tags and filters of the function's log group are
/// asked for beside the question whether it exists, which it does not. The filters of the other log group are needed,
/// and either call may be the second one; if it fails from the first one on, a needed one fails. Of a subscription: the
/// metrics that tell what it costs.
fn may_be_needless(verb: Verb, point: &Point) -> bool {
    match (verb, point.call.operation.as_str()) {
        (Verb::Setup, "ListTagsForResource") | (Verb::Subscribe, "GetMetricData") => true,
        (Verb::Setup, "DescribeSubscriptionFilters") => point.number == 2,
        _ => false,
    }
}

/// Whether a rollback depends on a call. Whoever is called at night may not be allowed to read the whole stack, so a
/// rollback goes on without what it does not depend on: it must see the functions, and the log groups by which those of
/// isolated destinations are found.
fn is_needed_to_roll_back(point: &Point) -> bool {
    let needed = [
        "GetCallerIdentity",
        "GetFunction",
        "ListVersionsByFunction",
        "ListAliases",
        "DescribeLogGroups",
        "Invoke",
        "UpdateAlias",
    ];
    needed.contains(&point.call.operation.as_str())
}

/// Runs the verb with a fault, and with so many seconds of patience.
async fn run(
    account: &Account,
    verb: Verb,
    injection: Option<Injection>,
    patience: Option<&str>,
) -> Result<Ran, String> {
    account.proxy.inject(injection);
    let mut command = account.command(&verb.args());
    command.envs(patience.map(|seconds| ("CWL2LE_PATIENCE", seconds)));
    let child = command.spawn().expect("cwl2le runs");
    tokio::time::timeout(HANGS, ended(child)).await.map_err(|_| "it hangs".to_owned())
}

/// The next run completes, one more changes nothing, and a teardown leaves what is not ours.
async fn converges(verb: Verb, account: &Account, ground: &Ground) -> Result<(), String> {
    let succeeds = async |what: &str, args: &[&str]| -> Result<Value, String> {
        let (ran, _) = account.run(args).await;
        if ran.code == 0 { Ok(ran.json()) } else { Err(format!("{what}: {ran:?}")) }
    };
    let is = |what: &str, found: Vec<String>, wanted: Vec<String>| {
        if found == wanted {
            Ok(())
        } else {
            Err(format!("{what}: there is\n{found:#?}\ninstead of\n{wanted:#?}"))
        }
    };
    succeeds("the next run", &verb.args()).await?;
    let again = succeeds("one more run", &verb.args()).await?;
    if again["changed"] != false {
        return Err(format!("one more run changed something: {again:#}"));
    }
    if verb != Verb::Teardown {
        let mut wanted = account.whole(true);
        if matches!(verb, Verb::Accept | Verb::Exchange) {
            wanted.extend([
                "logs destination cwl-from-accounts".to_owned(),
                "role cwl-to-kinesis-accounts with cwl-kinesis-write".to_owned(),
            ]);
            wanted.sort();
        }
        is("after the next run", account.seen().await, wanted)?;
        let status = succeeds("status", &["status", "--deep"]).await?;
        if status["ready"] != true || status["subscriptions"].as_array().map(Vec::len) != Some(1) {
            return Err(format!("it is not ready: {status:#}"));
        }
        succeeds("teardown", &["teardown", "--yes"]).await?;
    }
    is("after teardown", account.seen().await, account.theirs())?;
    let left = ground.aws.contents(&account.id).await.expect("its contents");
    if left.contains("cwl2le-default-") {
        return Err(format!("an alarm or a topic is left after teardown: {left}"));
    }
    let status = succeeds("status", &["status", "--deep"]).await?;
    let missing =
        status["parts"].as_array().is_some_and(|parts| parts.iter().all(|p| p["state"] == "missing"));
    if missing && status["subscriptions"] == serde_json::json!([]) {
        Ok(())
    } else {
        Err(format!("status still shows something: {status:#}"))
    }
}

/// Every call of the verb with every kind of fault, in so many accounts at once.
async fn enumerate(verb: Verb, kinds: fn(&Call) -> Vec<Kind>, at_once: usize) {
    let begun = Instant::now();
    let ground = Ground::start(Options::default()).await;
    let accounts = stream::iter(0..at_once).map(|_| verb.account(&ground)).buffer_unordered(4);
    let accounts: Vec<Account> = accounts.collect().await;
    let points = points(verb, &accounts[0]).await;
    let cases: Vec<(&Point, Kind)> = points
        .iter()
        .flat_map(|point| kinds(&point.call).into_iter().map(move |kind| (point, kind)))
        .collect();
    let mut counts = BTreeMap::<String, usize>::new();
    for (_, kind) in &cases {
        *counts.entry(kind.name()).or_default() += 1;
    }
    let (ground, proofs, free) = (&ground, &Proofs::default(), &Mutex::new(accounts));
    let failures: Vec<String> = stream::iter(&cases)
        .map(|(point, kind)| async move {
            // There are as many accounts as cases at once.
            let account = free.lock().await.pop().expect("a free account");
            let failure = run_case(verb, point, kind, &account, ground, proofs).await.err();
            free.lock().await.push(account);
            Some(format!("{verb:?}, {} #{}, {}: {}", point.call, point.number, kind.name(), failure?))
        })
        .buffer_unordered(at_once)
        .filter_map(async |failure| failure)
        .collect()
        .await;

    let calls: Vec<String> = points.iter().map(|point| point.call.to_string()).collect();
    let mut report = format!(
        "{verb:?}: {} calls, {} cases, {} failed; {} different accounts were left; {:.0} s\n  calls: {}\n",
        points.len(),
        cases.len(),
        failures.len(),
        proofs.count().await,
        begun.elapsed().as_secs_f64(),
        calls.join(" ")
    );
    for (kind, count) in counts {
        report += &format!("  {count:4} {kind}\n");
    }
    // Past the test harness, which shows the output of failed tests only.
    std::io::stderr().write_all(report.as_bytes()).expect("written");
    assert!(failures.is_empty(), "{}\n{}", failures.join("\n\n"), ground.aws.logs_tail(40));
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_killed_at_every_call() {
    enumerate(Verb::Setup, faults::kills, OF_KILLS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribe_killed_at_every_call() {
    enumerate(Verb::Subscribe, faults::kills, OF_KILLS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn teardown_killed_at_every_call() {
    enumerate(Verb::Teardown, faults::kills, OF_KILLS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upgrade_killed_at_every_call() {
    enumerate(Verb::Upgrade, faults::kills, OF_KILLS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_killed_at_every_call() {
    enumerate(Verb::Rollback, faults::kills, OF_KILLS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_and_dashboard_killed_at_every_call() {
    enumerate(Verb::Watch, faults::kills, OF_KILLS).await;
    enumerate(Verb::Unwatch, faults::kills, OF_KILLS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_accounts_killed_at_every_call() {
    enumerate(Verb::Accept, faults::kills, OF_KILLS).await;
    enumerate(Verb::Exchange, faults::kills, OF_KILLS).await;
    enumerate(Verb::Refuse, faults::kills, OF_KILLS).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: .ci/run crash"]
async fn setup_failed_at_every_call() {
    enumerate(Verb::Setup, faults::errors, OF_ERRORS).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: .ci/run crash"]
async fn subscribe_failed_at_every_call() {
    enumerate(Verb::Subscribe, faults::errors, OF_ERRORS).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: .ci/run crash"]
async fn teardown_failed_at_every_call() {
    enumerate(Verb::Teardown, faults::errors, OF_ERRORS).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: .ci/run crash"]
async fn upgrade_failed_at_every_call() {
    enumerate(Verb::Upgrade, faults::errors, OF_ERRORS).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: .ci/run crash"]
async fn rollback_failed_at_every_call() {
    enumerate(Verb::Rollback, faults::errors, OF_ERRORS).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: .ci/run crash"]
async fn other_accounts_failed_at_every_call() {
    enumerate(Verb::Accept, faults::errors, OF_ERRORS).await;
    enumerate(Verb::Exchange, faults::errors, OF_ERRORS).await;
    enumerate(Verb::Refuse, faults::errors, OF_ERRORS).await;
}
