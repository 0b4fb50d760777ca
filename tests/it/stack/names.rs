//! Names, ARNs and regions that AWS has rules of its own for, on the local AWS, which checks requests by AWS's API
//! models.

use serde_json::Value;

use crate::support::{REGION, World};

fn subscribed(report: &Value) -> Vec<&str> {
    let steps = report["changes"].as_array().expect("a list of changes");
    steps.iter().filter_map(|step| step["resource"]["log_group"].as_str()).collect()
}

#[tokio::test]
async fn log_groups_are_understood_however_they_are_given() {
    let world = World::start().await;
    for name in ["/app/a", "/app/b", "/app/c#1"] {
        world.create_log_group(name).await;
    }
    let account = &world.home.account;
    let made = world.setup(&["--yes", "--log-group", "/app/a:*"]).await.ok().json();
    assert!(subscribed(&made).iter().any(|name| name.starts_with("/app/a")), "{made:#}");
    let arn = format!("arn:aws:logs:{REGION}:{account}:log-group:/app/b:*");
    world.run(&["subscribe", "--yes", "--log-group", &arn]).await.ok();
    let status = world.run(&["status", "--deep"]).await.ok().stdout;
    assert!(status.contains("/app/a") && status.contains("/app/b"), "{status}");
    let elsewhere = format!("arn:aws:logs:eu-west-1:{account}:log-group:/app/b");
    let refused = world.run(&["subscribe", "--yes", "--log-group", &elsewhere]).await.failed(2, "usage");
    assert!(refused.stdout.contains("eu-west-1"), "{refused:?}");
    let glob = format!("arn:aws:logs:{REGION}:{account}:log-group:/app/*");
    world.run(&["unsubscribe", "--yes", "--match", &glob]).await.ok();

    // AWS tells the tags of every log group but the one with `#` in its name.
    let logs = world.logs();
    for name in ["/app/a", "/app/b"] {
        let arn = format!("arn:aws:logs:{REGION}:{account}:log-group:{name}");
        logs.tag_resource().resource_arn(arn).tags("team", "pay").send().await.expect("tagged");
    }
    let ran = world.run(&["subscribe", "--yes", "--tag", "team=pay"]).await.ok();
    assert!(ran.stderr.contains("1 log group skipped: /app/c#1 ("), "{ran:?}");
    let status = world.run(&["status", "--deep"]).await.ok().stdout;
    assert!(status.contains("/app/a") && status.contains("/app/b") && !status.contains("#"), "{status}");
}

#[tokio::test]
async fn a_stack_lives_in_the_partition_of_its_caller() {
    let world = World::start().await;
    let service = world.service();
    let mut setup = vec!["setup", "--yes"];
    setup.extend(service.iter().map(String::as_str));
    for region in ["eusc-de-east-1", "cn-north-1"] {
        world.run_in(region, &setup).await.ok();
        world.run_in(region, &["plan"]).await.ok();
        world.run_in(region, &["teardown", "--yes"]).await.ok();
    }
}
