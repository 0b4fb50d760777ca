//! What was logged before a log group was subscribed is sent by `replay`, through the whole chain on the local AWS.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::support::World;

const PATIENCE: Duration = Duration::from_secs(90);
const FIRST: &str = "/app/first";
const SECOND: &str = "/app/second";
const OTHER: &str = "/app/other";

fn replay<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["replay", "--from", "log-groups"], more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_logged_before_a_subscription_arrives_once_and_only_what_its_filter_lets_through() {
    let world = World::start().await;
    let lines = |what: &str, count: usize| (0..count).map(|n| format!("{what} {n}")).collect::<Vec<String>>();
    let (kept, second) = (lines("keep", 6), lines("second", 4));
    for group in [FIRST, SECOND, OTHER] {
        world.create_log_group(group).await;
    }
    world.put_log_events(FIRST, &[&kept[..], &lines("leave", 3)].concat()).await;
    world.put_log_events(SECOND, &second).await;
    world.put_log_events(OTHER, &lines("other", 2)).await;
    world.setup(&["--log-group", FIRST, "--filter-pattern", "keep", "--batch-window", "0"]).await.ok();
    world.run(&["subscribe", SECOND, "--yes"]).await.ok();

    world.run(&replay(&["--yes"])).await.failed(2, "usage");
    world.run(&replay(&["--since", "1h"])).await.failed(3, "not-confirmed");
    world.run(&replay(&["--since", "1h", "-g", OTHER, "--yes"])).await.failed(6, "not-found");
    let planned = world.run(&replay(&["--since", "1h", "--dry-run"])).await.ok().json();
    let wanted = json!([{"log_group": FIRST, "events": 6}, {"log_group": SECOND, "events": 4}]);
    assert_eq!(planned["log_groups"], wanted, "{planned:#}");
    let none = world.run(&replay(&["--since", "2h", "--until", "1h", "--yes"])).await.ok().json();
    assert_eq!((&none["sent"]["records"], &none["complete"]), (&json!(0), &json!(true)), "{none:#}");

    // A run that ends early says where another one goes on.
    let first = world.run(&replay(&["--since", "1h", "--yes", "--limit", "1"])).await.ok().json();
    assert_eq!((&first["sent"]["events"], &first["limited"]), (&json!(6), &json!(true)), "{first:#}");
    let at = first["resume_at"].as_str().expect("a time").to_owned();
    assert!(first["next"].to_string().contains(&format!("--since {at} --until ")), "{first:#}");
    let rest = world.run(&replay(&["--since", &at, "--yes"])).await.ok().json();
    assert_eq!((&rest["sent"]["events"], &rest["complete"]), (&json!(4), &json!(true)), "{rest:#}");
    assert!(rest.get("resume_at").is_none(), "{rest:#}");

    // Everything has arrived once when a later line is there.
    let all = kept.len() + second.len();
    world.log_service.wait_for_lines(all, PATIENCE).await.expect("lines");
    world.put_log_events(SECOND, &["after 0".to_owned()]).await;
    let lines = world.log_service.wait_for_lines(all + 1, PATIENCE).await;
    let lines = lines.unwrap_or_else(|few| panic!("{few}\n{}", world.aws().logs_tail(40)));
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in &lines {
        let text = line.text();
        let words: Vec<&str> = text.rsplitn(3, ' ').collect();
        *counts.entry(format!("{} {}", words[1], words[0])).or_default() += 1;
    }
    let wanted = kept.iter().chain(&second).cloned().chain(["after 0".to_owned()]);
    assert_eq!(counts, wanted.map(|message| (message, 1)).collect());
}
