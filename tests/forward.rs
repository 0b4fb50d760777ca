//! `cwl2le forward` as a process: saved events to standard output and to a log service, without AWS.

mod support;

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::event::Invocation;
use cwl2le_forwarder::{self as forwarder, Forwarder};
use cwl2le_local::log_service::{Fault, Line, LogService, Options, Protocol, Transport};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use support::{Ran, TOKEN, cwl2le};

const PATIENCE: Duration = Duration::from_secs(60);
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/kinesis-event.json");
const STAND_IN: &str = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

/// A log service, and a folder with a file that leads to it.
struct Place {
    service: LogService,
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let service = LogService::start(Options::with_transport(Transport::Tls13)).expect("a log service");
        let folder = tempfile::tempdir().expect("a folder");
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, service.ca_pem()).expect("written");
        let to = format!(
            "type = \"logentries\"\nendpoint = \"{}\"\nca_file = \"{}\"\n",
            service.address(),
            ca.display()
        );
        let config = format!(
            "default_destination = \"app\"\n[destinations.app]\n{to}token = {{ env = \"LE_TOKEN\" }}\n\
             [destinations.audit]\n{to}token = {{ env = \"NOT_SET\" }}\n\
             [[routes]]\nlog_group = \"/audit/*\"\ndestination = [\"audit\", \"app\"]\n[routes.shape]\n\
             exclude = [{{ message = \"^drop\" }}]\nredact = [{{ find = [\"email\"] }}]\n"
        );
        std::fs::write(folder.path().join("cwl2le.toml"), config).expect("written");
        Self { service, folder }
    }

    /// `cwl2le --output json forward ARGS`, with nothing of AWS.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = cwl2le();
        command.current_dir(self.folder.path()).args(["--output", "json", "forward"]).args(args);
        command.env("LE_TOKEN", TOKEN).stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.command(args).output().expect("cwl2le runs").into()
    }

    fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("cwl2le runs")
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(name), bytes).expect("written");
    }

    async fn arrived(&self, count: usize) -> Vec<String> {
        let lines = self.service.wait_for_lines(count, PATIENCE).await;
        lines.unwrap_or_else(|few| panic!("{few}")).iter().map(Line::text).collect()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("gzip")
}

fn payload(log_group: &str, messages: &[&str]) -> String {
    let events: Vec<Value> =
        messages.iter().map(|message| json!({"id": "7", "timestamp": 1, "message": message})).collect();
    json!({"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": log_group, "logStream": "s",
           "subscriptionFilters": ["f"], "logEvents": events})
    .to_string()
}

/// The report on standard error, below the notes.
fn report(ran: &Ran) -> Value {
    let start = ran.stderr.find("\n{").map_or(0, |at| at + 1);
    serde_json::from_str(&ran.stderr[start..]).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn lines_go_to_standard_output_and_the_report_beside_it() {
    let place = Place::new();
    let ran = place.run(&["--input", FIXTURE]);
    assert!(ran.stdout.starts_with(&format!("{STAND_IN} 2016-09-17T10:28:49.663Z\t")), "{ran:?}");
    assert!(ran.stdout.ends_with("\t{ nonfield: null }\n") && ran.stdout.lines().count() == 1, "{ran:?}");
    let said = report(&ran);
    assert_eq!((ran.code, &said["delivered"], &said["complete"]), (0, &json!(1), &json!(true)), "{said:#}");

    // Two destinations, rules, and one of them alone.
    place.write("saved.json", payload("/audit/a", &["mail bob@example.com", "drop it"]).as_bytes());
    let ran = place.run(&["--input", "saved.json"]);
    assert_eq!(ran.stdout, format!("{STAND_IN} mail [email]\n").repeat(2));
    assert_eq!((&report(&ran)["filtered"], ran.code), (&json!(1), 0));
    let ran = place.run(&["--input", "saved.json", "--to", "audit", "--dry-run"]);
    assert_eq!(ran.stdout, format!("{STAND_IN} mail [email]\n"));
    assert_eq!(place.service.connections(), 0);

    // What goes wrong is told beside the lines as well.
    place.write("odd.json", format!("{}\nnot JSON", payload("/app", &["one"])).as_bytes());
    let ran = place.run(&["--input", "odd.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (9, format!("{STAND_IN} one\n").as_str()), "{ran:?}");
    assert_eq!((&report(&ran)["position"], &report(&ran)["complete"]), (&json!(1), &json!(false)));
    let ran = place.run(&["--input", "none.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
    assert_eq!(report(&ran)["error"]["code"], json!("usage"));
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_events_are_delivered_with_a_receipt_and_everything_refused_is_told() {
    let place = Place::new();
    let filtered = json!({"events": [
        {"logStreamName": "s", "timestamp": 1, "message": "drop", "eventId": "1"},
        {"logStreamName": "s", "timestamp": 2, "message": "bob@example.com", "eventId": "2"},
    ]});
    place.write("filtered.json.gz", &gzip(filtered.to_string().as_bytes()));
    let ran = place.run(&["--input", "filtered.json.gz", "--log-group", "/audit/x", "--to", "app"]).ok();
    assert_eq!((&ran.json()["delivered"], &ran.json()["filtered"]), (&json!(1), &json!(1)));
    assert_eq!(place.arrived(1).await, [format!("{TOKEN} [email]")]);
    assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN));

    // Poison stops nobody, and is not passed over in silence.
    let poison = json!({"Records": [{"kinesis": {"data": "AAAA"}}]});
    place.write(
        "mixed.json",
        format!("{}{poison}{}", payload("/app", &["a"]), payload("/app", &["b"])).as_bytes(),
    );
    let ran = place.run(&["--input", "mixed.json", "--to", "app"]);
    assert_eq!(ran.code, 9, "{ran:?}");
    assert_eq!(
        ran.json()["refused"][0]["why"],
        json!("the data is not gzip; CloudWatch Logs always compresses")
    );
    assert_eq!((&ran.json()["delivered"], &ran.json()["complete"]), (&json!(2), &json!(true)));
    assert_eq!(place.arrived(3).await[1..], [format!("{TOKEN} a"), format!("{TOKEN} b")]);
    place.run(&["--input", "mixed.json", "--to", "nobody"]).failed(2, "usage");

    // By flags alone.
    let other = tempfile::tempdir().expect("a folder");
    let (address, ca) = (place.service.address().to_string(), place.folder.path().join("ca.pem"));
    let flags = ["--input", FIXTURE, "--to", "default", "--token", TOKEN, "--logentries-endpoint", &address];
    let mut command = place.command(&flags);
    let ran: Ran = command
        .current_dir(other.path())
        .arg("--logentries-ca-file")
        .arg(ca)
        .output()
        .expect("cwl2le runs")
        .into();
    assert_eq!(ran.ok().json()["delivered"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_gets_the_bytes_that_the_function_sends_region_included() {
    let options = Options { protocol: Protocol::Http, ..Options::default() };
    let service = LogService::start(options).expect("a log service");
    let address = service.address();
    let folder = tempfile::tempdir().expect("a folder");
    let config = format!("[destinations.otel]\ntype = \"otlp\"\nendpoint = \"http://{address}\"\n");
    std::fs::write(folder.path().join("cwl2le.toml"), config).expect("written");
    let forward = |region: &[&str]| -> Ran {
        let mut command = cwl2le();
        command.current_dir(folder.path()).args(region).args(["forward", "--input", FIXTURE, "--to", "otel"]);
        command.output().expect("cwl2le runs").into()
    };
    forward(&["--region", "eu-west-1"]).ok();
    let unknown = forward(&[]).ok();
    assert!(unknown.stderr.contains("without `cloud.region`"), "{unknown:?}");

    let config = json!({"destinations": {"otel": {"type": "otlp", "endpoint": format!("http://{address}")}}});
    let config = Config::from_json(&config.to_string()).expect("a configuration");
    let known = forwarder::Options { region: "eu-west-1".to_owned(), ..forwarder::Options::default() };
    let event = Invocation::from_json(std::fs::read(FIXTURE).expect("the fixture")).expect("an event");
    for options in [known, forwarder::Options::default()] {
        let mut function = Forwarder::new(&config, options).expect("a forwarder");
        let outcome = function.handle(&event, tokio::time::Instant::now() + PATIENCE).await;
        assert_eq!(outcome.account.events.delivered, 1);
    }
    let bodies: Vec<Vec<u8>> = service.requests().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies.len(), 4);
    assert!(String::from_utf8_lossy(&bodies[0]).contains("eu-west-1"));
    assert_eq!((&bodies[0], &bodies[1]), (&bodies[2], &bodies[3]));
}

/// The service goes away between two batches: the position of the first run is where the second goes on, and nothing
/// is lost or sent twice. The second batch is more than a pipe holds: that it can be written says that the first is done.
#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_it_goes_on_where_it_was() {
    let place = Place::new();
    let padding = |n: usize| if n < 500 { 0 } else { 1500 };
    let messages: Vec<String> = (0..700).map(|n| format!("event {n} {:x<1$}", "", padding(n))).collect();
    let payloads: Vec<String> = messages.iter().map(|message| payload("/app", &[message]) + "\n").collect();
    let mut child = place.start(&["--input", "-", "--to", "app"]);
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(payloads[..500].concat().as_bytes()).expect("written");
    place.arrived(500).await;
    stdin.write_all(payloads[500..].concat().as_bytes()).expect("written");
    place.service.stop_listening();
    drop(stdin);
    let ran: Ran = child.wait_with_output().expect("cwl2le runs").into();
    assert_eq!(ran.code, 9, "{ran:?}");
    let said = ran.json();
    // Of what is behind the first event that could not be sent it has looked at as much as it takes to know.
    assert_eq!((&said["position"], &said["delivered"]), (&json!(500), &json!(500)), "{said:#}");

    place.service.resume();
    place.write("all.json", payloads.concat().as_bytes());
    let ran = place.run(&["--input", "all.json", "--to", "app", "--skip", "500"]).ok();
    assert_eq!((&ran.json()["position"], &ran.json()["delivered"]), (&json!(700), &json!(200)));
    let wanted: Vec<String> = messages.iter().map(|message| format!("{TOKEN} {message}")).collect();
    assert_eq!(place.arrived(700).await, wanted);
    place.run(&["--input", "all.json", "--to", "app", "--skip", "701"]).failed(2, "usage");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn stopped_it_says_what_may_have_been_sent() {
    let place = Place::new();
    place.service.set_fault(Fault::HandshakeStuck);
    let mut child = place.start(&["--input", "-", "--to", "app"]);
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(payload("/app", &["one"]).as_bytes()).expect("written");
    drop(stdin);
    // The connection is there, and nothing ever comes of it.
    while place.service.connections() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
    let ran: Ran = child.wait_with_output().expect("cwl2le runs").into();
    assert_eq!(ran.code, 130, "{ran:?}");
    let said = ran.json();
    assert_eq!((&said["interrupted"], &said["position"]), (&json!(true), &json!(0)), "{said:#}");
    assert_eq!(said["possible_duplicates"], json!(1));
}
