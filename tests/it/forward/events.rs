//! `cwl2le forward` as a process: saved events to standard output and to a log service, without AWS.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::record::event::Invocation;
use cwl2le_forwarder::{self as forwarder, Forwarder};
use cwl2le_local::log_service::{Answer, Fault, Line, LogService, Options, Protocol, Transport};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::{Ran, TOKEN, cwl2le};

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

#[test]
fn lines_go_to_standard_output_and_the_report_beside_it() {
    let place = Place::new();
    let ran = place.run(&["--input", FIXTURE]);
    assert!(ran.stdout.starts_with(&format!("{STAND_IN} 2016-09-17T10:28:49.663Z\t")), "{ran:?}");
    assert!(ran.stdout.ends_with("\t{ nonfield: null }\n") && ran.stdout.lines().count() == 1, "{ran:?}");
    let said = ran.report();
    assert_eq!((ran.code, &said["delivered"], &said["complete"]), (0, &json!(1), &json!(true)), "{said:#}");

    // Two destinations, rules, and one of them alone.
    place.write("saved.json", payload("/audit/a", &["mail bob@example.com", "drop it"]).as_bytes());
    let ran = place.run(&["--input", "saved.json"]);
    assert_eq!(ran.stdout, format!("{STAND_IN} mail [email]\n").repeat(2));
    assert_eq!((&ran.report()["filtered"], ran.code), (&json!(1), 0));
    let ran = place.run(&["--input", "saved.json", "--to", "audit", "--dry-run"]);
    assert_eq!(ran.stdout, format!("{STAND_IN} mail [email]\n"));
    assert_eq!(place.service.connections(), 0);

    // What goes wrong is told beside the lines as well.
    place.write("odd.json", format!("{}\nnot JSON", payload("/app", &["one"])).as_bytes());
    let ran = place.run(&["--input", "odd.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (9, format!("{STAND_IN} one\n").as_str()), "{ran:?}");
    assert_eq!((&ran.report()["position"], &ran.report()["complete"]), (&json!(1), &json!(false)));
    let ran = place.run(&["--input", "none.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
    assert_eq!(ran.report()["error"]["code"], json!("usage"));
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

/// The service goes away between two batches: the position of the first run is where the second goes on, and nothing is
/// lost or sent twice. The second batch is more than a pipe holds: that it can be written says that the first is done.
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

/// Five records of twenty events, of which a rule drops every third, and an HTTP service that gets small requests.
struct Numbered {
    service: LogService,
    folder: tempfile::TempDir,
    /// The numbers of the events that the service has stored, as often as it has.
    stored: Arc<Mutex<Vec<usize>>>,
}

impl Numbered {
    const EVENTS: usize = 100;

    /// One event may be bad, which the service refuses for good.
    fn new(bad: Option<usize>) -> Self {
        let options = Options { protocol: Protocol::Http, ..Options::default() };
        let service = LogService::start(options).expect("a log service");
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!(
            "[destinations.app]\ntype = \"http\"\nurl = \"http://{}/x\"\nmax_batch_bytes = 1024\n\
             [[routes]]\nlog_group = \"*\"\ndestination = \"app\"\nshape = {{ exclude = [{{ message = \"^drop\" }}] }}\n",
            service.address()
        );
        std::fs::write(folder.path().join("cwl2le.toml"), config).expect("written");
        let messages: Vec<String> = (0..Self::EVENTS)
            .map(|n| match n {
                _ if Self::is_dropped(n) => format!("drop {n}"),
                _ if bad == Some(n) => format!("bad {n}"),
                _ => format!("keep {n}"),
            })
            .collect();
        let payloads = messages.chunks(20).map(|messages| {
            let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
            payload("/app", &messages) + "\n"
        });
        std::fs::write(folder.path().join("in.jsonl"), payloads.collect::<String>()).expect("written");
        Self { service, folder, stored: Arc::default() }
    }

    fn is_dropped(n: usize) -> bool {
        (n % 20).is_multiple_of(3)
    }

    fn kept(range: std::ops::Range<usize>) -> Vec<usize> {
        range.filter(|n| !Self::is_dropped(*n)).collect()
    }

    /// Stores what `status` answers with 200, which gets the number of a request's first event. Nothing makes the
    /// service store an event that is bad.
    fn answer_with(&self, status: impl Fn(usize) -> u16 + Send + Sync + 'static) {
        let stored = Arc::clone(&self.stored);
        self.service.answer_with(move |request| {
            let body = String::from_utf8_lossy(&request.body);
            let messages = body.lines().map(|line| {
                let event: Value = serde_json::from_str(line).expect("JSON");
                event["message"].as_str().expect("a message").to_owned()
            });
            let messages: Vec<String> = messages.collect();
            let number =
                |message: &String| message.split(' ').nth(1).expect("a number").parse().expect("a number");
            let numbers: Vec<usize> = messages.iter().map(number).collect();
            if messages.iter().any(|message| message.starts_with("bad")) {
                return Answer::status(400);
            }
            let status = status(numbers[0]);
            if status == 200 {
                stored.lock().expect("no panic").extend(numbers);
            }
            let answer = Answer::status(status).body("{}");
            // Nobody waits for a service that says this.
            if status == 503 { answer.header("Retry-After", "3600") } else { answer }
        });
    }

    fn run(&self, skip: usize) -> Value {
        let mut command = cwl2le();
        command.current_dir(self.folder.path()).args([
            "--output",
            "json",
            "--region",
            "eu-west-1",
            "forward",
        ]);
        command.args(["--input", "in.jsonl", "--to", "app", "--skip", &skip.to_string()]);
        Ran::from(command.output().expect("cwl2le runs")).json()
    }

    /// How often what is stored, and the different events in it, in order.
    fn stored(&self) -> (usize, Vec<usize>) {
        let mut stored = self.stored.lock().expect("no panic").clone();
        let all = stored.len();
        stored.sort_unstable();
        stored.dedup();
        (all, stored)
    }
}

fn count(said: &Value, what: &str) -> usize {
    said[what]
        .as_u64()
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or_else(|| panic!("{what}: {said:#}"))
}

/// A service takes some of a batch in each run and no more: what is reported is what it has stored, and each run goes
/// on where the one before ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_stops_within_a_batch_gets_nothing_again_that_is_reported_as_done() {
    for status in [503, 404] {
        let place = Numbered::new(None);
        let (mut skip, mut runs, mut may_be_again) = (0, 0, 0);
        loop {
            let (limit, before) = (skip + 45, place.stored().0);
            place.answer_with(move |first| if first < limit { 200 } else { status });
            let said = place.run(skip);
            let (all, stored) = place.stored();
            let position = count(&said, "position");
            assert!(position > skip, "{status}: it gets further: {said:#}");
            assert_eq!(stored, Numbered::kept(0..position), "{status}: {said:#}");
            assert_eq!(count(&said, "delivered"), Numbered::kept(skip..position).len(), "{said:#}");
            assert!(all - before <= count(&said, "delivered") + may_be_again, "{status}: {said:#}");
            may_be_again = count(&said, "possible_duplicates") + count(&said, "delivered_beyond");
            (skip, runs) = (position, runs + 1);
            if said["complete"] == json!(true) {
                break;
            }
        }
        assert_eq!((skip, place.stored().1), (Numbered::EVENTS, Numbered::kept(0..Numbered::EVENTS)));
        assert!(runs > 1, "{status}: the service has stopped it");
    }
}

/// A service that has failed once takes the rest of the batch in the same run, and what was refused before is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_recovers_within_a_batch_gets_only_the_rest() {
    const BAD: usize = 5;
    let place = Numbered::new(Some(BAD));
    let has_failed = AtomicBool::new(false);
    place.answer_with(move |first| {
        let fails = first >= 50 && !has_failed.swap(true, Ordering::SeqCst);
        if fails { 404 } else { 200 }
    });
    let said = place.run(0);
    let (all, stored) = place.stored();
    let wanted: Vec<usize> = Numbered::kept(0..Numbered::EVENTS).into_iter().filter(|n| *n != BAD).collect();
    assert_eq!((&stored, count(&said, "delivered")), (&wanted, wanted.len()), "{said:#}");
    assert!(all <= wanted.len() + count(&said, "possible_duplicates"), "{all} stored: {said:#}");
    assert_eq!((count(&said, "position"), &said["complete"]), (Numbered::EVENTS, &json!(true)), "{said:#}");
    assert_eq!((count(&said, "quarantined"), &said["refused"][0]["events"]), (1, &json!(1)), "{said:#}");
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
