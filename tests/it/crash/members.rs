//! A member account: its runs are killed at each of their calls, and the next run completes what they began.

use std::collections::BTreeMap;

use cwl2le_local::{Call, Fault, Injection, Options};
use serde_json::Value;

use super::faults::{self, Kind};
use crate::support::account::{Account, GROUP, Ground};
use crate::support::destination::Destination;

const ORGANIZATION: &str = "o-a1b2c3d4e5";

/// A member account of an organization, and the destination of a central one.
async fn accounts(ground: &Ground) -> (Account, Account, Destination) {
    let (central, member) = (ground.account().await, ground.account().await);
    let destination =
        Destination::make(central.config.clone(), &central.id, "their-stream", &[&member.id]).await;
    destination.accept_organization(ORGANIZATION).await;
    ground.aws.set_organization(&member.id, Some(ORGANIZATION), true).await.expect("a member");
    (central, member, destination)
}

/// The calls of a run, each with its number among those of its operation.
fn numbered(calls: Vec<Call>) -> Vec<(Call, usize)> {
    let mut numbers = BTreeMap::new();
    let number = |call: Call| {
        let number = numbers.entry(call.to_string()).or_insert(0);
        *number += 1;
        (call, *number)
    };
    calls.into_iter().map(number).collect()
}

/// Kills the run at each of its calls. The same run again then completes it, and a teardown leaves nothing.
async fn killed_at_every_call(prepare: &[&[&str]], args: &[&str], is_whole: bool) {
    let ground = Ground::start(Options::default()).await;
    let (_central, member, destination) = accounts(&ground).await;
    let to = ["--to-destination", destination.arn.as_str()];
    let run = async |args: &[&str]| -> Value { member.run(&[args, &to].concat()).await.0.ok().json() };
    for args in prepare {
        run(args).await;
    }
    member.proxy.idle().await.expect("a proxy");
    ground.aws.keep(&member.id, 0).await.expect("kept");
    let all = [args, &to].concat();
    let points = numbered(member.run(&all).await.1);
    assert!(points.len() > 5, "{points:?}");
    let mut whole = member.theirs();
    whole.push(format!("filter {GROUP} cloudwatchLogsToDestination {} ``", destination.arn));
    whole.push("role cwl-to-destination with cwl-destination-write".to_owned());
    whole.sort();
    for (call, number) in points {
        for kind in faults::kills(&call) {
            let Kind::Killed(when) = kind else { continue };
            member.proxy.idle().await.expect("a proxy");
            ground.aws.restore(&member.id, 0).await.expect("restored");
            let injection =
                Injection { of: Some(call.clone()), at: number, times: usize::MAX, when, fault: Fault::Hang };
            member.proxy.inject(Some(injection));
            let mut child = member.command(&all).spawn().expect("cwl2le runs");
            tokio::select! {
                () = member.proxy.hit() => child.kill().await.expect("killed"),
                status = child.wait() => panic!("{call} #{number}: it ended before the call: {status:?}"),
            }
            member.proxy.inject(None);
            member.proxy.idle().await.expect("a proxy");
            let context = format!("killed at {call} #{number}, {when:?}");
            run(args).await;
            assert_eq!(run(args).await["changed"], Value::Bool(false), "{context}");
            let wanted = if is_whole { whole.clone() } else { member.theirs() };
            assert_eq!(member.seen().await, wanted, "{context}");
            run(&["teardown"]).await;
            assert_eq!(member.seen().await, member.theirs(), "{context}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_of_a_member_killed_at_every_call() {
    killed_at_every_call(&[], &["subscribe", GROUP, "--member-role"], true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_teardown_of_a_member_killed_at_every_call() {
    killed_at_every_call(&[&["subscribe", GROUP, "--member-role"]], &["teardown"], false).await;
}
