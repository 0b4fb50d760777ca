//! `cwl2le export`: what is deployed from a template is what `setup` would have made.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{REGION, Ran, TOKEN, World, s3};

const PATIENCE: Duration = Duration::from_secs(120);
const GROUP: &str = "/app/orders";
const QUIET: &str = "/app/quiet";

/// Runs a command as it is printed, with what stands there in capitals filled in.
async fn run_printed(world: &World, command: &str, bucket: &str) -> Ran {
    let filled = command.replace("BUCKET", bucket).replace("=SECRET", &format!("={TOKEN}"));
    let words = shlex::split(&filled).expect("words");
    assert_eq!(words[0], "aws", "{command}");
    let mut aws = world.aws_cli().await;
    let ran: Ran = aws.args(&words[1..]).output().await.expect("it runs").into();
    assert_eq!(ran.code, 0, "{command}: {ran:?}");
    ran
}

/// Exports a stack and deploys it as the printed commands say; `plan` then finds nothing to do.
async fn deployed(world: &World, bucket: &str, args: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("a stack").display().to_string();
    let exported = world.run(&[&["export", "cloudformation", "--to", &to], args].concat()).await.ok().json();
    let template = std::fs::read_to_string(Path::new(&to).join("cwl2le.yaml")).expect("the template");
    assert!(!template.contains(TOKEN), "{template}");
    for next in exported["next"].as_array().expect("commands") {
        run_printed(world, next["command"].as_str().expect("a command"), bucket).await;
    }
    let plan = world.run(&[&["plan"], args].concat()).await;
    assert_eq!(plan.code, 0, "{plan:?}\n{template}");
    exported
}

/// Deployed by CloudFormation, a stack is whole: there is nothing left to set up, lines arrive, and it is
/// CloudFormation's to change and to delete.
#[tokio::test(flavor = "multi_thread")]
async fn a_deployed_template_is_the_planned_stack() {
    let world = World::start().await;
    world.create_log_group(GROUP).await;
    world.create_log_group(QUIET).await;
    let bucket = format!("code-{}", world.home.account);
    s3::create(&world, &bucket).await;
    let service = world.service();
    let flags = ["-g", GROUP, "-g", QUIET, "--retention-hours", "48", "--shards", "2", "--tag", "team=a b"];
    let args: Vec<&str> = flags.into_iter().chain(service.iter().map(String::as_str)).collect();
    let exported = deployed(&world, &bucket, &args).await;
    assert_eq!(exported["secrets"][0]["name"], "DefaultToken", "{exported:#}");

    assert_eq!(world.run(&["status", "--check"]).await.code, 0);
    world.put_log_events(GROUP, &["through a template".to_owned()]).await;
    world.log_service.wait_for_lines(1, PATIENCE).await.expect("the line");

    let changed = world.run(&[&["setup", "--yes", "--memory", "512"], &args[..]].concat()).await;
    let said = changed.failed(3, "not-ours").json();
    let message = said["error"]["message"].as_str().expect("a message");
    assert!(message.contains("CloudFormation stack `cwl2le-default` manages it"), "{said:#}");
    let removed = world.run(&["teardown", "--yes"]).await.failed(3, "not-ours").json();
    let hint = removed["error"]["hint"].as_str().expect("a hint");
    let delete = hint.split_once(": ").expect("a command").1;
    run_printed(&world, delete, &bucket).await;
    let left: Value = world.run(&["list"]).await.ok().json()["stacks"].clone();
    assert_eq!(left, json!([]));

    // The same with everything that a file can ask for.
    let address = world.log_service.address();
    let topic = format!("arn:aws:sns:{REGION}:{}:oncall", world.home.account);
    let config = format!(
        "stack = \"full\"\ndefault_destination = \"app\"\n\n[alarms]\nnotify = \"{topic}\"\n\
         [function]\nreserved_concurrency = 5\n\
         [destinations.app]\ntype = \"logentries\"\nendpoint = \"{address}\"\ntoken = {{ file = \"token\" }}\n\
         [destinations.audit]\ntype = \"logentries\"\nendpoint = \"{address}\"\ntoken = {{ file = \"token\" }}\n\
         isolated = true\n[[routes]]\nlog_group = \"/audit/*\"\ndestination = \"audit\"\n\
         [[subscriptions]]\nmatch = [\"/app/q*\"]\nfilter_pattern = \"ERROR\"\n\
         [[subscriptions]]\nall = true\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cwl2le.toml");
    std::fs::write(&file, config).expect("written");
    std::fs::write(folder.path().join("token"), TOKEN).expect("written");
    let file = file.display().to_string();
    let exported = deployed(&world, &bucket, &["--config", &file]).await;
    let secrets = exported["secrets"].as_array().map_or(0, Vec::len);
    assert_eq!(secrets, 2, "{exported:#}");
}
