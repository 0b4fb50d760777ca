//! A plan, a preview and the status of a stack with five log groups.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use super::draw::{picture, picture_of_rows, until, written};
use crate::support::{Ran, TOKEN, World, confirmed};

const GROUPS: [&str; 5] = [
    "/aws/lambda/cart",
    "/aws/lambda/checkout",
    "/aws/lambda/mailer",
    "/aws/lambda/orders",
    "/aws/lambda/search",
];
const PATIENCE: Duration = Duration::from_secs(120);

/// What `service` adds to the destination.
fn config(service: &str) -> String {
    format!(
        r#"
[destinations.default]
type = "logentries"
{service}
token = {{ env = "LE_TOKEN" }}
[function]
arch = "x86_64"
[[routes]]
log_group = "/aws/lambda/*"
destination = "default"
[routes.shape]
exclude = [{{ rule = "lambda-platform" }}, {{ message = "^GET /health" }}]
redact = [{{ find = ["email", "ipv4"] }}, {{ pattern = 'password=(\S+)' }}]
[[subscriptions]]
match = ["/aws/lambda/*"]
"#
    )
}

fn messages() -> Vec<String> {
    [
        "START RequestId: 85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000 Version: $LATEST",
        "GET /health 200",
        r#"{"level":30,"order":1841,"customer":"alice@example.com","msg":"paid"}"#,
        "login from 192.168.1.17 password=hunter2 ok",
        r#"{"level":50,"order":1842,"customer":"bob@example.com","msg":"card declined"}"#,
        "END RequestId: 85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000",
    ]
    .map(str::to_owned)
    .into()
}

/// `cwl2le ARGS` where the configuration file is.
fn command(world: &World, folder: &Path, args: &[&str]) -> Command {
    let mut command = world.command();
    command.env("LE_TOKEN", TOKEN).current_dir(folder).args(confirmed(args));
    command
}

fn shown(world: &World, folder: &Path, args: &[&str]) -> String {
    written(&mut command(world, folder, args))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_a_preview_and_a_status() {
    let world = World::start().await;
    for group in GROUPS {
        world.create_log_group(group).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (folder, file) = (folder.path(), folder.path().join("cwl2le.toml"));
    std::fs::write(&file, config("region = \"eu\"")).expect("written");
    picture("plan", "cwl2le plan", &shown(&world, folder, &["plan"]));

    let (address, ca) = (world.log_service.address(), world.ca_file.path().display());
    std::fs::write(&file, config(&format!("endpoint = \"{address}\"\nca_file = \"{ca}\""))).expect("written");
    let run = |args: &[&str]| -> Ran { command(&world, folder, args).output().expect("cwl2le runs").into() };
    run(&["setup"]).ok();
    for group in GROUPS {
        world.put_log_events(group, &messages()).await;
    }
    let preview = ["preview", "--log-group", GROUPS[1]];
    picture("preview", "cwl2le preview -g /aws/lambda/checkout", &shown(&world, folder, &preview));

    let lines = GROUPS.len() * 3;
    let arrived = world.log_service.wait_for_lines(lines, PATIENCE).await;
    arrived.unwrap_or_else(|few| panic!("{few}\n{}", world.aws().logs_tail(40)));
    until("logs that flow", async || {
        let status = run(&["--output", "json", "status"]).json();
        if status["verdict"] == json!("flowing") { Ok(()) } else { Err(format!("{status:#}")) }
    })
    .await;
    picture_of_rows("status", "cwl2le status", &shown(&world, folder, &["status"]));
    run(&["teardown"]).ok();
}
