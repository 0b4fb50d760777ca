//! `cwl2le export`: what is deployed from a template is what `setup` would have made.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use cwl2le::bundle;

use crate::support::{REGION, Ran, TOKEN, World, cwl2le, s3};

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

/// Another build of cwl2le may choose the other processor, so what chose by itself says how to keep it.
#[test]
fn a_processor_that_nothing_settles_is_noted() {
    let folder = tempfile::tempdir().expect("a folder");
    let arch = bundle::preferred();
    let file = folder.path().join("cwl2le.toml");
    std::fs::write(&file, format!("[function]\narch = \"{arch}\"\n")).expect("written");
    let file = file.display().to_string();
    let advice = format!("the function gets {arch}: keep it with `--arch {arch}`");
    let cases: [(&[&str], bool); 3] =
        [(&[], true), (&["--arch", arch.as_str()], false), (&["--config", &file], false)];
    for tool in ["cloudformation", "terraform"] {
        for (more, is_noted) in cases {
            let mut command = cwl2le();
            command.args(["export", tool, "--account", "123456789012", "--region", REGION, "-g", GROUP]);
            command.args(["--token-ssm", "/token", "--logentries-region", "eu"]).args(more);
            let ran = Ran::from(command.output().expect("it runs"));
            assert_eq!(ran.code, 0, "{ran:?}");
            let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(said.contains(&advice), is_noted, "{tool} {more:?}: {said}");
        }
    }
}

/// A configuration file of a stack with settings, destinations, routes and subscriptions as a seed has them.
fn any_stack(seed: u64, log_service: &str, account: &str) -> String {
    let mut any = fastrand::Rng::with_seed(seed);
    let mut file = format!("stack = \"any-{seed}\"\ndefault_destination = \"d0\"\n");
    let capacity =
        if any.bool() { "on_demand = true".to_owned() } else { format!("shards = {}", any.u8(1..=3)) };
    file += &format!("[stream]\n{capacity}\nretention_hours = {}\n", any.u16(24..=8760));
    file += &format!("[function]\nmemory = {}\ntimeout = {}\n", any.u16(128..=1024), any.u16(10..=300));
    file += &format!("log_retention_days = {}\n", any.choice([1, 14, 3653]).expect("one"));
    if any.bool() {
        file += &format!("reserved_concurrency = {}\n", any.u8(1..=9));
    }
    if any.bool() {
        file += &format!("quarantine = \"s3://aside-{account}/a/b\"\n");
    }
    let (size, window) = (any.u16(1..=10_000), any.u16(1..=300));
    let (parallel, counted) = (any.u8(1..=10), any.bool());
    file +=
        &format!("[trigger]\nbatch_size = {size}\nbatch_window = {window}\nparallelization = {parallel}\n");
    file += &format!("event_counts = {counted}\n");
    if any.bool() {
        file += &format!("on_failure = \"arn:aws:sqs:{REGION}:{account}:expired\"\n");
    }
    if any.bool() {
        file += "[roles]\npath = \"/a/b/\"\n";
    }
    if any.bool() {
        file += &format!("[alarms]\nnotify = \"arn:aws:sns:{REGION}:{account}:oncall\"\n");
    } else if any.bool() {
        file += "[alarms]\nemail = \"oncall@example.com\"\n";
    }
    file += match any.u8(0..3) {
        0 => "[accounts]\naccept = [\"222222222222\", \"333333333333\"]\n",
        1 => "[accounts]\norganization = \"o-a1b2c3d4e5\"\n",
        _ => "",
    };
    file += &format!("[dashboard]\nmake = {}\n", any.bool());
    file += "[tags]\n";
    for number in 0..any.u8(0..4) {
        file += &format!("\"key {number}\" = \"{}\"\n", any.choice(["a b", "x=y:z", "é @+"]).expect("one"));
    }
    let destinations = any.u8(1..4);
    for number in 0..destinations {
        let isolated = number > 0 && any.bool();
        file += &format!("[destinations.d{number}]\ntype = \"logentries\"\nendpoint = \"{log_service}\"\n");
        file += &format!("token = {{ file = \"token\" }}\nisolated = {isolated}\n");
    }
    for number in 1..destinations {
        file += &format!("[[routes]]\nlog_group = \"/app/{number}*\"\ndestination = \"d{number}\"\n");
    }
    file += &format!("[[subscriptions]]\nlog_groups = [\"{GROUP}\"]\n");
    if any.bool() {
        file += "filter_pattern = \"{ $.a = 1 }\"\ndistribution = \"random\"\n";
    }
    if any.bool() {
        file += "[[subscriptions]]\nmatch = [\"/app/q*\"]\n";
    }
    if any.bool() {
        file += "[[subscriptions]]\nall = true\n";
    }
    file
}

/// Whatever a stack is configured to be, what is exported and deployed is what `setup` would have made. `CWL2LE_SEED`
/// tries another stack.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_configured_a_deployed_template_leaves_nothing_to_plan() {
    let seeds = match std::env::var("CWL2LE_SEED") {
        Ok(seed) => vec![seed.parse().expect("a number")],
        Err(_) => (1..=6).collect(),
    };
    let world = World::start().await;
    world.create_log_group(GROUP).await;
    world.create_log_group(QUIET).await;
    let bucket = format!("any-{}", world.home.account);
    s3::create(&world, &bucket).await;
    for seed in seeds {
        let config = any_stack(seed, &world.log_service.address().to_string(), &world.home.account);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("cwl2le.toml");
        std::fs::write(&file, config).expect("written");
        std::fs::write(folder.path().join("token"), TOKEN).expect("written");
        let file = file.display().to_string();
        deployed(&world, &bucket, &["--config", &file]).await;
        let delete =
            format!("aws cloudformation delete-stack --stack-name cwl2le-any-{seed} --region {REGION}");
        run_printed(&world, &delete, &bucket).await;
    }
}
