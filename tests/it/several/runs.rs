//! Runs that succeed, and those that are refused before they begin.

use cwl2le_local::Options;
use serde_json::Value;

use super::ground::{OTHER, Places, environments};
use crate::support::REGION;

const ALL: &[&str] = &["--output", "json", "--env", "*"];

fn with<'a>(verb: &[&'a str]) -> Vec<&'a str> {
    [ALL, verb].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_environment_is_set_up_in_its_account_and_region_and_deleted_again() {
    let places = Places::start().await;
    let planned = places.run(&with(&["plan"])).await;
    assert_eq!(planned.code, 8, "{planned:?}");
    assert!(Places::ours(&places.home).await.is_empty());

    let set_up = places.run(&with(&["setup"])).await.ok();
    let document = set_up.json();
    assert_eq!((&document["command"], &document["account"]), (&"setup".into(), &Value::Null));
    let found: Vec<(String, i64, String, String, String)> = environments(&document)
        .into_iter()
        .map(|(name, exit, document)| {
            let text = |field: &str| document[field].as_str().expect("text").to_owned();
            assert_eq!(document["changed"], true, "{document:#}");
            (name, exit, text("stack"), text("account"), text("region"))
        })
        .collect();
    let (home, away) = (places.home.id.as_str(), places.away.id.as_str());
    let place = |name: &str, stack: &str, account: &str, region: &str| {
        (name.to_owned(), 0, stack.to_owned(), account.to_owned(), region.to_owned())
    };
    assert_eq!(
        found,
        [
            place("dev", "dev", home, REGION),
            place("prod", "default", away, REGION),
            place("test", "default", home, OTHER)
        ]
    );
    // Each section says its own, and no plan stands between the lines of another.
    let heading = |name: &str, account: &str| set_up.stderr.find(&format!("── {name} · {account} "));
    let headings = [heading("dev", home), heading("prod", away), heading("test", home)];
    assert!(headings.iter().all(Option::is_some) && headings.is_sorted(), "{}", set_up.stderr);
    assert!(set_up.stderr.contains("prod  stream created"), "{}", set_up.stderr);

    let ours = Places::ours(&places.home).await;
    assert!(ours.contains(&"stream dev-cloudwatch-logs-stream".to_owned()), "{ours:?}");
    // Roles are of the account: those of the other region are there, too.
    assert!(ours.iter().any(|line| line.starts_with("role cwl-to-logentries")), "{ours:?}");
    let theirs = Places::ours(&places.away).await;
    assert!(theirs.contains(&"stream cloudwatch-logs-stream".to_owned()), "{theirs:?}");

    let again = environments(&places.run(&with(&["setup"])).await.ok().json());
    assert!(again.iter().all(|(_, exit, document)| *exit == 0 && document["changed"] == false), "{again:?}");
    let status = places.run(&["--env", "dev,prod", "--output", "json", "status", "--check"]).await;
    let status = environments(&status.json());
    assert_eq!(status.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>(), ["dev", "prod"]);
    assert!(status.iter().all(|(.., document)| document["command"] == "status"), "{status:?}");
    let listed = places.run(&["--all-envs", "list"]).await.ok();
    assert!(listed.stdout.contains("3 environments in "), "{listed:?}");

    places.run(&with(&["teardown"])).await.ok();
    assert_eq!(Places::ours(&places.home).await, [] as [String; 0]);
    assert_eq!(Places::ours(&places.away).await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_assumed_also_where_only_one_environment_is_chosen() {
    let places = Places::with(Options { auth: true, ..Options::default() }, |_| ()).await;
    places.run(&["--env", "prod", "setup"]).await.ok();
    assert!(Places::ours(&places.home).await.is_empty());
    assert!(!Places::ours(&places.away).await.is_empty());
    let status = places.run(&["--env", "prod", "status"]).await.ok();
    assert!(status.stderr.contains("as assumed-role/deploy/from-ci"), "{status:?}");
    // A flag wins over the file, and `none` is no role.
    let own = places.run(&["--env", "prod", "--role-arn", "none", "--output", "json", "list"]).await.ok();
    assert_eq!(own.json()["account"], places.home.id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_say_their_environment() {
    let places = Places::start().await;
    let ran = places.run(&["--env", "dev,prod", "--output", "jsonl", "setup"]).await.ok();
    let events: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (last, events) = events.split_last().expect("events");
    assert_eq!(environments(last).len(), 2);
    for name in ["dev", "prod"] {
        let of = |event: &str| {
            events.iter().filter(|line| line["environment"] == name && line["event"] == event).count()
        };
        assert!(of("planned") == 1 && of("started") == of("done") && of("done") > 3, "{ran:?}");
    }
    assert!(events.iter().all(|line| line["environment"].is_string()));
    // All plans are made before the first is carried out.
    let first = events.iter().position(|line| line["event"] == "started").expect("a start");
    assert_eq!(events[..first].iter().filter(|line| line["event"] == "planned").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn environments_that_are_the_same_stack_are_refused_before_anything() {
    let places = Places::start().await;
    places.write("\n[env.twin]\nstack = \"dev\"\n");
    let refused = places.run(&with(&["setup"])).await.failed(2, "config");
    let message = refused.json()["error"]["message"].as_str().expect("text").to_owned();
    assert!(
        message.starts_with("the environments `dev` and `twin` are the same stack `dev` in"),
        "{message}"
    );
    for account in [&places.home, &places.away] {
        assert!(Places::ours(account).await.is_empty());
    }
    places.run(&["--env", "dev,prod", "plan", "--quiet"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_in_one_environment_at_a_time_says_why() {
    let places = Places::start().await;
    for (args, why) in [
        (&["plan", "--out", "plan.json"][..], "a plan file holds the plan of one stack"),
        (&["export", "terraform"], "one template"),
        (&["status", "--watch"], "--watch shows one stack"),
        (&["version"], "reads no configuration file"),
        (&["setup", "plan.json"], "reads no configuration file"),
    ] {
        let refused = places.run(&with(args)).await.failed(2, "usage");
        assert!(refused.stdout.contains(why), "{refused:?}");
    }
    // Its document stands on standard error: standard output is for the lines.
    let logs = places.run(&with(&["logs"])).await;
    assert!(logs.code == 2 && logs.stderr.contains("its lines are those of one stack"), "{logs:?}");
    // A variable is for the commands that know it.
    let mut version = places.command(&["version"]);
    version.env("CWL2LE_ENV", "dev,prod");
    assert!(version.status().await.expect("cwl2le runs").success());
    places.run(&["--output", "json", "--env", "nobody-*", "status"]).await.failed(2, "config");
    places.run(&["--output", "json", "--env", "dev,nobody", "status"]).await.failed(2, "config");
}
