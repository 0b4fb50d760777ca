//! `--output jsonl` and `-v`: what happens, as it happens.

use serde_json::Value;

use crate::support::{Ran, TOKEN, World, documented, named};

async fn run(world: &World, args: &[&str]) -> Ran {
    let mut command = world.command();
    command.args(["--output", "jsonl"]).args(args);
    tokio::task::spawn_blocking(move || command.output().expect("cwl2le runs").into())
        .await
        .expect("no panic")
}

fn events(ran: &Ran) -> Vec<Value> {
    let event = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    ran.stdout.lines().map(event).collect()
}

/// The resources of the events of this name, in order.
fn of(events: &[Value], name: &str) -> Vec<String> {
    events.iter().filter(|event| event["event"] == name).map(|event| named(&event["resource"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_is_an_event_each_call_a_line_and_the_document_comes_last() {
    let world = World::start().await;
    world.create_log_group("/app/a").await;
    let service = world.service();
    let service = service.iter().map(String::as_str);
    let args: Vec<&str> =
        ["-vv", "setup", "--yes", "--log-group", "/app/a"].into_iter().chain(service).collect();
    let ran = run(&world, &args).await.ok();
    let happened = events(&ran);
    let [planned, .., report] = &happened[..] else { panic!("{ran:?}") };
    assert_eq!((&planned["event"], &report["event"]), (&"planned".into(), &"report".into()), "{ran:?}");
    assert_eq!(documented::problems(report), Vec::<String>::new());
    assert_eq!((&report["command"], &report["changes"]), (&"setup".into(), &planned["changes"]));
    let steps = planned["changes"].as_array().expect("changes").iter();
    let mut steps: Vec<String> = steps.map(|step| named(&step["resource"])).collect();
    let (mut begun, mut done) = (of(&happened, "started"), of(&happened, "done"));
    assert_eq!(done.last().map(String::as_str), Some("subscription-filter /app/a -> cloudwatchLogsFilter"));
    for names in [&mut steps, &mut begun, &mut done] {
        names.sort();
    }
    assert!(steps.len() == 8 && begun == steps && done == steps, "{begun:?} {done:?}");

    // `-v` is for whoever watches, and says nothing of secrets.
    let call = " kinesis:CreateStream cloudwatch-logs-stream attempt=1 milliseconds=";
    let line = ran.stderr.lines().find(|line| line.contains(call)).unwrap_or_else(|| panic!("{ran:?}"));
    assert!(line.contains(" status=200 request_id="), "{line}");
    assert!(!ran.stderr.contains(TOKEN) && !ran.stdout.contains(TOKEN), "{ran:?}");

    // A failure is the last line, too; the call that failed has its code.
    let ran = run(&world, &["-v", "subscribe", "--yes", "--log-group", "/app/none"]).await;
    let happened = events(&ran);
    let last = happened.last().unwrap_or_else(|| panic!("{ran:?}"));
    assert_eq!(
        (ran.code, &last["event"], &last["error"]["code"]),
        (6, &"error".into(), &"unknown-log-group".into())
    );
    assert_eq!(documented::problems(last), Vec::<String>::new());
    assert!(ran.stderr.contains(" sts:GetCallerIdentity "), "{ran:?}");
    let quiet = run(&world, &["status"]).await;
    assert!(!quiet.stderr.contains("attempt="), "{quiet:?}");
}
