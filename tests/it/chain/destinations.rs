//! Every type of log service through the whole chain on the local AWS: one stack, a route to each.

use std::io::Write as _;
use std::time::Duration;

use cwl2le_forwarder::config::Destination;
use cwl2le_local::log_service::{LogService, Options, Protocol, Transport};
use serde_json::json;

use crate::support::{TOKEN, World};

const PATIENCE: Duration = Duration::from_secs(60);

/// A log service, and the destination that leads to it.
struct Sink {
    kind: &'static str,
    service: LogService,
    ca: tempfile::NamedTempFile,
}

impl Sink {
    fn start(kind: &'static str) -> Self {
        let protocol = match kind {
            "logentries" => Protocol::Lines,
            "syslog" => Protocol::Syslog,
            "insight-webhook" => Protocol::Webhook,
            _ => Protocol::Http,
        };
        let options = Options { transport: Transport::Tls13, protocol, ..Options::default() };
        let service = LogService::start(options).expect("a log service");
        let mut ca = tempfile::NamedTempFile::new().expect("a file");
        ca.write_all(service.ca_pem().as_bytes()).expect("written");
        Self { kind, service, ca }
    }

    fn section(&self) -> String {
        let address = self.service.address();
        let keys = match self.kind {
            "logentries" => format!("endpoint = \"{address}\"\ntoken = {{ file = \"token\" }}"),
            "insight-webhook" | "loggly" => {
                format!("endpoint = \"https://{address}\"\ntoken = {{ file = \"token\" }}")
            }
            "otlp" => {
                format!("endpoint = \"https://{address}\"\nheaders = {{ Api-Key = {{ file = \"token\" }} }}")
            }
            "syslog" => format!("endpoint = \"{address}\""),
            "http" => format!(
                "url = \"https://{address}/in\"\nheaders = {{ Authorization = {{ file = \"token\" }} }}"
            ),
            other => panic!("a type that the tests do not know: {other}"),
        };
        let Self { kind, ca, .. } = self;
        format!("[destinations.{kind}]\ntype = \"{kind}\"\nca_file = \"{}\"\n{keys}\n", ca.path().display())
    }

    /// Waits until everything has arrived, and looks for the message and the secret where they belong.
    async fn assert_arrived(&self, message: &str, logs: impl Fn() -> String) {
        let lines = self.service.wait_for_lines(1, PATIENCE).await;
        let lines = lines.unwrap_or_else(|few| panic!("{}: {few}\n{}", self.kind, logs()));
        let text: Vec<String> = lines.iter().map(cwl2le_local::log_service::Line::text).collect();
        assert!(text.iter().any(|line| line.contains(message)), "{}: {text:?}", self.kind);
        let requests = self.service.requests();
        let request = requests.first();
        let said =
            request.map(|request| format!("{} {:?}", request.line, request.headers)).unwrap_or_default();
        match self.kind {
            "logentries" => assert_eq!(text, [format!("{TOKEN} {message}")]),
            "insight-webhook" => assert!(said.starts_with(&format!("POST /v1/noformat/{TOKEN} ")), "{said}"),
            "loggly" => assert!(said.starts_with(&format!("POST /bulk/{TOKEN}/tag/app-loggly/ ")), "{said}"),
            "otlp" => assert!(said.starts_with("POST /v1/logs ") && said.contains(TOKEN), "{said}"),
            "http" => assert!(said.starts_with("POST /in ") && said.contains(TOKEN), "{said}"),
            _ => assert!(text[0].starts_with("<14>1 "), "{text:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_reach_every_type_of_log_service() {
    let world = World::start().await;
    let sinks: Vec<Sink> = Destination::TYPES.iter().map(|kind| Sink::start(kind)).collect();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("token"), TOKEN).expect("written");
    let groups: Vec<String> = sinks.iter().map(|sink| format!("/app/{}", sink.kind)).collect();
    let mut config: String = sinks.iter().map(Sink::section).collect();
    for (sink, group) in sinks.iter().zip(&groups) {
        world.create_log_group(group).await;
        config += &format!("[[routes]]\nlog_group = \"{group}\"\ndestination = \"{}\"\n", sink.kind);
    }
    config += &format!("[[subscriptions]]\nlog_groups = {}\n", json!(groups));
    let file = folder.path().join("cwl2le.toml");
    std::fs::write(&file, config).expect("written");
    let file = file.to_str().expect("UTF-8");
    let made = world.run(&["--config", file, "setup"]).await.ok();
    assert!(!made.stdout.contains(TOKEN), "{}", made.stdout);
    for (sink, group) in sinks.iter().zip(&groups) {
        world.put_log_events(group, &[format!("for {}", sink.kind)]).await;
    }
    for sink in &sinks {
        sink.assert_arrived(&format!("for {}", sink.kind), || world.aws().logs_tail(60)).await;
    }
    let again = world.run(&["--config", file, "plan"]).await.ok().json();
    assert_eq!(again["changed"], json!(false), "{again:#}");
    world.run(&["teardown", "--yes"]).await.ok();
}
