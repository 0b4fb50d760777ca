//! The alarms on a chain: they go off when it fails, and are over when it works again.

use std::time::Duration;

use serde_json::json;

use crate::support::{REGION, World};

const PATIENCE: Duration = Duration::from_secs(120);
const GROUP: &str = "/app/a";
const OWN_LOG: &str = "/aws/lambda/cwl-to-logentries";

struct Watched(World);

impl Watched {
    /// Waits until an alarm is in a state.
    async fn wait_for(&self, check: &str, wanted: &str) {
        let name = format!("cwl2le-default-{check}");
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let status = self.0.run(&["status"]).await.json();
            let alarms = status["alarms"].as_array().cloned().unwrap_or_default();
            let state = alarms.iter().find(|alarm| alarm["name"] == name).map(|alarm| &alarm["state"]);
            if state == Some(&json!(wanted)) {
                return;
            }
            assert!(
                tokio::time::Instant::now() < until,
                "{name} is not {wanted}: {alarms:#?}\n{}",
                self.0.aws().logs_tail(40)
            );
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    async fn pass_minutes(&self, minutes: u32) {
        self.0.aws().pass_minutes(&self.0.home.account, minutes).await.expect("they pass");
    }

    /// How many invocations have said that records failed.
    async fn failures(&self) -> usize {
        let events = self.0.logs().filter_log_events().log_group_name(OWN_LOG).send().await.expect("events");
        let events = events.events.unwrap_or_default();
        let failed = |message: Option<&str>| message.is_some_and(|text| text.contains("\"RecordsFailed\":"));
        events.iter().filter(|event| failed(event.message())).count()
    }

    async fn wait_for_failure(&self) {
        let before = self.failures().await;
        let until = tokio::time::Instant::now() + PATIENCE;
        while self.failures().await == before {
            assert!(tokio::time::Instant::now() < until, "nothing fails: {}", self.0.aws().logs_tail(40));
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_sets_off_an_alarm_that_is_over_after_it() {
    let world = World::start().await;
    world.create_log_group(GROUP).await;
    let topic = format!("arn:aws:sns:{REGION}:{}:oncall", world.home.account);
    let flags = ["--alarms", &topic, "--log-group", GROUP, "--timeout", "10"];
    let made = world.setup(&flags).await.ok().json();
    let changes = made["changes"].as_array().expect("changes");
    let alarms = changes.iter().filter(|change| change["resource"]["kind"] == "alarm").count();
    assert_eq!(alarms, 8, "{made:#}");
    assert_eq!(world.setup(&flags).await.ok().json()["changed"], json!(false));
    assert_eq!(world.run(&["setup"]).await.ok().json()["changed"], json!(false), "what was asked for stays");

    world.put_log_events(GROUP, &["before".to_owned()]).await;
    world.log_service.wait_for_lines(1, PATIENCE).await.expect("a line");
    let watched = Watched(world);
    watched.wait_for("failing", "OK").await;
    watched.wait_for("not-read", "OK").await;

    // The log service is away for a quarter of an hour.
    watched.0.log_service.stop_listening();
    watched.0.log_service.close_connections();
    watched.0.put_log_events(GROUP, &["during".to_owned()]).await;
    for _ in 0..3 {
        watched.wait_for("failing", "OK").await;
        watched.wait_for_failure().await;
        watched.pass_minutes(5).await;
    }
    watched.wait_for("failing", "ALARM").await;
    watched.0.log_service.resume();
    watched.0.log_service.wait_for_lines(2, PATIENCE).await.expect("the line that waited");
    watched.pass_minutes(5).await;
    watched.wait_for("failing", "OK").await;

    // Somebody disables the trigger; setup enables it again.
    let lambda = aws_sdk_lambda::Client::new(&watched.0.config(REGION));
    let mappings = lambda.list_event_source_mappings().send().await.expect("mappings");
    let uuid = mappings.event_source_mappings.unwrap_or_default().remove(0).uuid.expect("an id");
    lambda.update_event_source_mapping().uuid(&uuid).enabled(false).send().await.expect("disabled");
    let until = tokio::time::Instant::now() + PATIENCE;
    while lambda.get_event_source_mapping().uuid(&uuid).send().await.expect("it").state() != Some("Disabled")
    {
        assert!(tokio::time::Instant::now() < until, "it is not disabled");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    watched.pass_minutes(16).await;
    watched.wait_for("not-read", "ALARM").await;
    assert_eq!(watched.0.run(&["setup"]).await.ok().json()["changed"], json!(true));
    watched.wait_for("not-read", "OK").await;

    watched.0.run(&["teardown", "--yes"]).await.ok();
    let left = watched.0.aws().contents(&watched.0.home.account).await.expect("its contents");
    assert!(!left.contains("cwl2le-default-"), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_and_a_dashboard_go_with_the_stack() {
    let world = World::start().await;
    let of_kind = |report: &serde_json::Value, kind: &str| {
        let changes = report["changes"].as_array().expect("changes").clone();
        let of_kind = changes.into_iter().find(|change| change["resource"]["kind"] == kind);
        of_kind.map(|change| change["verb"].as_str().unwrap_or_default().to_owned())
    };
    let topic = |report: &serde_json::Value| of_kind(report, "topic");
    let flags = ["--email", "oncall@example.com", "--dashboard", "true"];
    let made = world.setup(&flags).await.ok().json();
    assert_eq!(topic(&made).as_deref(), Some("create"), "{made:#}");
    let dashboard = of_kind(&made, "dashboard");
    assert_eq!(dashboard.as_deref(), Some("create"), "{made:#}");
    let again = world.setup(&flags).await.ok().json();
    assert_eq!(again["changed"], json!(false));
    assert!(again["notes"].to_string().contains("open the link"), "nobody has confirmed it: {again:#}");
    let tagged = world.setup(&["--tag", "team=logs"]).await.ok().json();
    for kind in ["topic", "alarm", "dashboard"] {
        assert_eq!(of_kind(&tagged, kind).as_deref(), Some("update"), "{tagged:#}");
    }
    assert_eq!(world.run(&["setup"]).await.ok().json()["changed"], json!(false), "the tags are set");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cwl2le.toml");
    let file = file.to_str().expect("UTF-8");
    world.run(&["init", "--from-account", "--to", file]).await.ok();
    let text = std::fs::read_to_string(file).expect("a file");
    assert!(text.contains("email = \"oncall@example.com\""), "{text}");
    assert!(text.contains("[dashboard]\nmake = true"), "{text}");

    let other = format!("arn:aws:sns:{REGION}:{}:oncall", world.home.account);
    let gone = world.setup(&["--alarms", &other]).await.ok().json();
    assert_eq!(topic(&gone).as_deref(), Some("delete"), "{gone:#}");
    let back = world.setup(&["--email", "oncall@example.com"]).await.ok().json();
    assert_eq!(topic(&back).as_deref(), Some("create"), "{back:#}");
    let torn = world.run(&["teardown", "--yes"]).await.ok().json();
    assert_eq!(topic(&torn).as_deref(), Some("delete"), "{torn:#}");
    assert_eq!(of_kind(&torn, "dashboard").as_deref(), Some("delete"), "{torn:#}");
    let left = world.aws().contents(&world.home.account).await.expect("its contents");
    assert!(!left.contains("cwl2le-default-"), "{left}");
}
