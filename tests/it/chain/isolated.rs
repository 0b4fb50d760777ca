//! Destinations with a function of their own, through the whole chain on the local AWS.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cwl2le_local::log_service::{Line, LogService, Options, Transport};
use serde_json::{Value, json};

use crate::support::{self, REGION, TOKEN, World};

const PATIENCE: Duration = Duration::from_secs(120);
const MAIN: &str = "cwl-to-logentries";
const OWN: &str = "cwl-to-logentries-audit";

/// A chain with two log services: `app` gets everything of `/app/a`, `audit` everything of `/audit/a`.
struct Chain {
    world: World,
    audit: LogService,
    folder: tempfile::TempDir,
}

impl Chain {
    async fn start() -> Self {
        let world = World::start().await;
        let audit = LogService::start(Options::with_transport(Transport::Plain)).expect("a log service");
        for group in ["/app/a", "/audit/a"] {
            world.create_log_group(group).await;
        }
        Self { world, audit, folder: tempfile::tempdir().expect("a folder") }
    }

    fn file(&self) -> String {
        self.folder.path().join("cwl2le.toml").display().to_string()
    }

    /// Writes the file with or without the function of its own.
    fn write(&self, isolated: bool) {
        let (app, audit) = (self.world.log_service.address(), self.audit.address());
        let ca = self.world.ca_file.path().display();
        let text = format!(
            "default_destination = \"app\"\n[trigger]\nbatch_window = 0\n\
             [destinations.app]\ntype = \"logentries\"\nendpoint = \"{app}\"\nca_file = \"{ca}\"\ntoken = \"{TOKEN}\"\n\
             [destinations.audit]\ntype = \"logentries\"\nendpoint = \"{audit}\"\ntls = false\ntoken = \"{TOKEN}\"\n\
             isolated = {isolated}\n\
             [[routes]]\nlog_group = \"/audit/*\"\ndestination = \"audit\"\n\
             [[subscriptions]]\nlog_groups = [\"/app/a\", \"/audit/a\"]\n"
        );
        std::fs::write(self.file(), text).expect("written");
    }

    async fn run(&self, args: &[&str]) -> support::Ran {
        let file = self.file();
        self.world.run(&[&["--config", &file], args].concat()).await
    }

    async fn put(&self, group: &str, n: usize) {
        self.world.put_log_events(group, &[format!("{group} line {n}")]).await;
    }

    /// The messages of `/audit/a` that have arrived.
    fn audited(&self) -> Vec<usize> {
        let number = |line: &Line| line.text().rsplit(' ').next().and_then(|n| n.parse().ok());
        self.audit.lines().iter().filter_map(number).collect()
    }

    fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.world.config(REGION))
    }

    /// When the destination last changed hands, or will.
    async fn last_change(&self, function: &str) -> u64 {
        let read = self.lambda().get_function_configuration().function_name(function).send().await;
        let variables =
            read.expect("a function").environment.and_then(|env| env.variables).expect("variables");
        let config: Value = serde_json::from_str(&variables["CWL2LE_CONFIG"]).expect("JSON");
        let changes = config["schedules"]["audit"]["changes"].as_array().cloned().expect("a schedule");
        changes.last().and_then(Value::as_u64).expect("a change")
    }

    /// Brings the chain to the file, and waits until that holds for what arrives.
    async fn switch(&self, isolated: bool) {
        self.write(isolated);
        // On a machine that is busy the functions may not be updated in time, which is told, and harms nothing.
        for handover in ["10", "20", "40", "60", "120"] {
            let ran = self.run(&["setup", "--handover", handover]).await;
            match ran.code {
                0 => break,
                _ if handover != "120"
                    && ran.stdout.contains("has passed before that function was ready") => {}
                _ => panic!("{ran:?}"),
            }
        }
        let change = self.last_change(OWN).await;
        assert_eq!(change, self.last_change(MAIN).await, "both functions know of it");
        let (count, until) = (self.audited().len(), UNIX_EPOCH + Duration::from_secs(change + 1));
        wait_for("the change, and lines after it", || {
            SystemTime::now() > until && self.audited().len() > count + 5
        })
        .await;
    }

    /// Whether a function has delivered anything at or after a time.
    async fn has_delivered(&self, function: &str) -> bool {
        let group = format!("/aws/lambda/{function}");
        let logs = self.world.logs();
        let read = logs.filter_log_events().log_group_name(group).send().await.expect("events");
        let delivered = |message: &str| {
            let line: Value = serde_json::from_str(message).unwrap_or_default();
            line["Destinations"]["audit"]["EventsDelivered"].as_u64().unwrap_or_default()
        };
        let events = read.events.unwrap_or_default();
        events.iter().filter_map(|event| event.message.as_deref()).map(delivered).sum::<u64>() > 0
    }

    /// Tears the chain down, and looks for what is left.
    async fn end(self) {
        self.run(&["teardown", "--yes"]).await.ok();
        let functions = self.lambda().list_functions().send().await.expect("functions").functions;
        let mappings = self.lambda().list_event_source_mappings().send().await.expect("mappings");
        assert_eq!(functions.unwrap_or_default().len(), 0);
        assert_eq!(mappings.event_source_mappings.unwrap_or_default().len(), 0);
        let groups = self.world.logs().describe_log_groups().send().await.expect("log groups").log_groups;
        let names: Vec<_> = groups.into_iter().flatten().filter_map(|group| group.log_group_name).collect();
        assert_eq!(names, ["/app/a", "/audit/a"]);
    }
}

async fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "timed out waiting for {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_isolated_destination_delays_nobody_and_gets_its_lines_later() {
    let chain = Chain::start().await;
    chain.write(true);
    let plan = chain.run(&["plan"]).await;
    assert_eq!(plan.code, 8, "{plan:?}");
    let plan = plan.json();
    let notes = plan["notes"].to_string();
    assert!(notes.contains(OWN) && notes.contains("additional function"), "{notes}");
    chain.run(&["setup"]).await.ok();
    assert_eq!(chain.run(&["setup"]).await.ok().json()["changed"], json!(false));
    assert_eq!(chain.world.run(&["setup"]).await.ok().json()["changed"], json!(false), "without the file");

    chain.audit.stop_listening();
    for n in 0..10 {
        chain.put("/audit/a", n).await;
        chain.put("/app/a", n).await;
        // Each batch arrives before the next one is sent: the dead destination holds nothing up.
        let arrived = chain.world.log_service.wait_for_lines(n + 1, PATIENCE).await;
        arrived.unwrap_or_else(|few| panic!("{few}\n{}", chain.world.aws().logs_tail(40)));
    }
    assert_eq!(chain.audited(), Vec::<usize>::new());
    chain.audit.resume();
    wait_for("the lines of the service that is back", || {
        chain.audited().into_iter().collect::<BTreeSet<_>>() == (0..10).collect()
    })
    .await;
    assert_eq!(chain.world.log_service.line_count(), 10, "nothing came twice");

    let status = chain.world.run(&["status"]).await.ok().json();
    let parts = status["parts"].as_array().expect("parts");
    let own = parts.iter().filter(|part| part["name"].as_str().is_some_and(|name| name.ends_with(OWN)));
    let own: Vec<_> = own.map(|part| (part["ready"].clone(), part["kind"].clone())).collect();
    assert_eq!(
        own,
        ["trigger", "function", "log-group"].map(|kind| (json!(true), json!(kind))),
        "{status:#}"
    );
    let described = chain.folder.path().join("described.toml").display().to_string();
    chain.world.run(&["init", "--from-account", "--to", &described]).await.ok();
    let text = std::fs::read_to_string(&described).expect("a file");
    assert_eq!(text.matches("isolated = true").count(), 1, "{text}");
    let log_group = format!("/aws/lambda/{OWN}");
    chain.world.run(&["subscribe", "--log-group", &log_group]).await.failed(3, "recursion");
    chain.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switching_isolation_on_and_off_loses_nothing() {
    let chain = Chain::start().await;
    chain.write(false);
    chain.run(&["setup"]).await.ok();
    let (ends, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    let generate = async {
        while !ends.load(Ordering::Relaxed) {
            chain.put("/audit/a", sent.fetch_add(1, Ordering::Relaxed)).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let switch = async {
        wait_for("the first lines", || chain.audited().len() > 5).await;
        chain.switch(true).await;
        assert!(chain.has_delivered(OWN).await, "it serves its destination");
        assert_eq!(chain.run(&["setup"]).await.ok().json()["changed"], json!(false));
        chain.switch(false).await;
        let status = chain.world.run(&["status"]).await.ok().json();
        assert!(status.to_string().contains("delivers the rest of `audit`"), "{status:#}");
        // Again while its function is still there for the rest.
        chain.switch(true).await;
        ends.store(true, Ordering::Relaxed);
    };
    tokio::join!(generate, switch);
    let all: BTreeSet<usize> = (0..sent.load(Ordering::Relaxed)).collect();
    wait_for("every line", || chain.audited().into_iter().collect::<BTreeSet<_>>() == all).await;
    let again = chain.audited().len() - all.len();
    println!("{} lines, {again} of them came again", all.len());
    chain.end().await;
}
