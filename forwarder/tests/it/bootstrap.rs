//! The real `bootstrap`, as a process: under a stand-in for Lambda's runtime API and under AWS's own
//! emulator of it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cwl2le_forwarder::config::{Config, Destination};
use cwl2le_forwarder::destination::Receipt;
use cwl2le_local::log_service::{LogService, Transport};
use cwl2le_local::{Cache, ReservedPort};
use serde_json::{Value, json};

use crate::common::lambda::{Lambda, bootstrap, post};
use crate::common::*;

const FIXTURE: &[u8] = include_bytes!("../../../fixtures/kinesis-event.json");
/// The account that owns its log group.
const OWNER: &str = "986450805757";
const AWSLOGS: &[u8] = include_bytes!("../../../fixtures/awslogs-event.json");

fn config(service: &LogService) -> String {
    // The minimal form, as promised.
    format!(
        r#"{{"destinations":{{"default":{{"type":"logentries","endpoint":"{}","tls":false,"token":"{TOKEN}"}}}}}}"#,
        service.address()
    )
}

fn event(records: Vec<Value>) -> Vec<u8> {
    json!({ "Records": records }).to_string().into_bytes()
}

/// Kinesis events that hold nothing to deliver, or something that cannot be read: none may hold up its shard.
fn odd_events() -> Vec<Vec<u8>> {
    vec![
        br#"{"Records":[]}"#.to_vec(),
        br#"{"Records":[{"eventSource":"aws:kinesis"},{"kinesis":{}}]}"#.to_vec(),
        event(vec![record(&sequence(1), b"not gzip"), json!({"no": "source"}), Value::Null]),
        event(vec![record(&sequence(1), &gzip(control().to_string().as_bytes()))]),
    ]
}

/// Events of other sources, and a part of the message that each gets.
const FOREIGN: [(&str, &str); 15] = [
    ("{}", "neither `Records` nor `awslogs`"),
    ("[]", "neither `Records` nor `awslogs`"),
    ("null", "neither `Records` nor `awslogs`"),
    ("7", "neither `Records` nor `awslogs`"),
    (r#""text""#, "neither `Records` nor `awslogs`"),
    (r#"{"Records":null}"#, "neither `Records` nor `awslogs`"),
    (r#"{"Records":[null,{}]}"#, "none of the event's `Records` is a Kinesis record"),
    (
        r#"{"Records":[{"messageId":"1","body":"an SQS message","eventSource":"aws:sqs"}]}"#,
        "comes from aws:sqs",
    ),
    (r#"{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"m"}}]}"#, "comes from aws:sns"),
    (r#"{"Records":[{"eventSource":"aws:s3","s3":{"object":{"key":"k"}}}]}"#, "comes from aws:s3"),
    (r#"{"Records":[{"eventSource":"aws:dynamodb","dynamodb":{}}]}"#, "comes from aws:dynamodb"),
    (r#"{"deliveryStreamArn":"arn","records":[{"recordId":"1","data":"aGk="}]}"#, "comes from aws:firehose"),
    (r#"{"eventSource":"aws:kafka","records":{"t-0":[]}}"#, "comes from aws:kafka"),
    (r#"{"source":"aws.events","detail-type":"Scheduled Event"}"#, "comes from aws.events"),
    (r#"{"requestContext":{"http":{"method":"GET"}},"rawPath":"/"}"#, "neither `Records` nor `awslogs`"),
];

#[tokio::test]
async fn it_delivers_survives_odd_events_and_says_no_secret() {
    let service = service(Transport::Tls13);
    let (destination, _ca) = destination(&service, Transport::Tls13);
    let lambda = Lambda::start();
    let environment = [("AWS_LAMBDA_LOG_FORMAT", "JSON")];
    let function = lambda.run(&Config::single(destination).to_json(), &environment);
    assert_eq!(lambda.invoke(FIXTURE).body, r#"{"batchItemFailures":[]}"#);
    for odd in odd_events() {
        assert_eq!(lambda.invoke(&odd).checkpoint(), None, "{}", String::from_utf8_lossy(&odd));
    }
    assert_eq!(lambda.invoke(b"no json").error().unwrap().0, "Cwl2le.NotJson");
    assert_eq!(lambda.invoke(FIXTURE).checkpoint(), None);
    let lines = service.wait_for_lines(2, PATIENCE).await.unwrap();
    assert_eq!(lines[0].bytes, lines[1].bytes);
    assert_eq!(lines[1].token().as_str(), TOKEN);

    service.stop_listening();
    let good = record(
        &sequence(5),
        &gzip(payload("/app", "f", &["a secret message".into()]).to_string().as_bytes()),
    );
    let bad = record(&sequence(4), b"a secret that is not gzip");
    lambda.send(&event(vec![bad, good]), Duration::from_secs(3));
    assert_eq!(lambda.told().checkpoint(), Some(sequence(5)));

    let log = function.log();
    assert!(!log.contains(TOKEN) && !log.contains("secret"), "{log}");
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(
            line["_aws"].is_object() || line["level"] == "WARN" || line["message"] == "started",
            "{line}"
        );
        assert!(line.get("Unbalanced").is_none(), "{line}");
    }
    assert!(log.contains(&sequence(4)) && log.contains("not_gzip"), "the quarantined record is named: {log}");
}

/// An answer of success deletes an SQS message, and ends the retries of an asynchronous event.
#[test]
fn events_of_other_sources_fail_the_invocation_and_say_which() {
    let service = service(Transport::Plain);
    let lambda = Lambda::start();
    let function = lambda.run(&config(&service), &[]);
    for (event, part) in FOREIGN {
        let (kind, message) = lambda.invoke(event.as_bytes()).error().unwrap_or_else(|| panic!("{event}"));
        assert_eq!(kind, "Cwl2le.ForeignEvent", "{event}");
        assert!(
            message.contains(part) && message.contains("nothing was delivered; remove"),
            "{event}: {message}"
        );
        assert!(function.log().contains(&format!("ERROR {message}")), "{}", function.log());
    }
    assert_eq!(lambda.invoke(FIXTURE).checkpoint(), None);
}

#[tokio::test]
async fn a_direct_subscription_is_delivered_or_fails_the_invocation() {
    let service = service(Transport::Plain);
    let lambda = Lambda::start();
    let function = lambda.run(&config(&service), &[]);
    assert_eq!(lambda.invoke(AWSLOGS).body, r#"{"batchItemFailures":[]}"#);
    let lines = service.wait_for_lines(1, PATIENCE).await.unwrap();
    assert_eq!(lines[0].message(), "direct");
    assert!(function.log().contains(r#""EventsDelivered":1"#), "{}", function.log());

    // There is no sequence number to report, and no stream to read it from again.
    service.stop_listening();
    lambda.send(AWSLOGS, Duration::from_secs(3));
    let (kind, message) = lambda.told().error().unwrap();
    assert_eq!(kind, "Cwl2le.NoCheckpoint");
    assert!(message.contains("has to be retried"), "{message}");
    service.resume();
    // Lambda retries the same event.
    assert_eq!(lambda.invoke(AWSLOGS).checkpoint(), None);
    assert_eq!(service.wait_for_lines(2, PATIENCE).await.unwrap().len(), 2);

    // What cannot be read fails, too, because nothing else keeps it; it is named by its checksum.
    for poison in [json!("bm8gZ3ppcA=="), json!("%%%"), json!(null)] {
        let event = json!({"awslogs": {"data": poison}}).to_string();
        let (kind, _) = lambda.invoke(event.as_bytes()).error().unwrap();
        assert_eq!(kind, "Cwl2le.NoCheckpoint", "{event}");
    }
    let log = function.log();
    for named in
        ["not_gzip", "not_base64", "no_data", "awslogs:", "the invocation fails: no stream keeps them"]
    {
        assert!(log.contains(named), "{named}: {log}");
    }
}

#[test]
fn it_refuses_to_forward_its_own_log_group() {
    let service = service(Transport::Plain);
    let lambda = Lambda::start();
    // In the article the author had subscribed the function to itself.
    let environment = [("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/cwl-kinesis-to-logentries")];
    let function = lambda.run(&config(&service), &environment);
    for _ in 0..3 {
        assert_eq!(lambda.invoke(FIXTURE).checkpoint(), None);
    }
    assert_eq!(service.line_count(), 0);
    assert_eq!(function.log().matches("subscribed to its own stream").count(), 1, "{}", function.log());
}

/// A central account collects the logs of others, whose forwarders log to groups of the same name.
#[tokio::test]
async fn the_log_group_of_another_account_is_not_its_own() {
    // The account and the group of the fixture.
    let group = [("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/cwl-kinesis-to-logentries")];
    for (account, lines) in [("210987654321", 1), (OWNER, 0), ("1", 0)] {
        let service = service(Transport::Plain);
        let lambda = Lambda::start_in(account);
        let function = lambda.run(&config(&service), &group);
        assert_eq!(lambda.invoke(FIXTURE).checkpoint(), None);
        if lines > 0 {
            service.wait_for_lines(lines, PATIENCE).await.unwrap();
        }
        assert_eq!(service.line_count(), lines, "{account}");
        let warned = function.log().contains("subscribed to its own stream");
        assert_eq!(warned, lines == 0, "{account}: {}", function.log());
    }
}

const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/// The lines of a log that Lambda keeps at a level. Its rule for JSON logs, as its developer guide has it: a line
/// without a level or a valid time is INFO, and what is below the function's level is dropped.
fn passing(log: &str, level: &str) -> Vec<Value> {
    let rank = |level: &str| LEVELS.iter().position(|known| *known == level);
    let passes = |line: &Value| {
        let valid = line["timestamp"].as_str().is_some_and(|time| humantime::parse_rfc3339(time).is_ok());
        let of = line["level"].as_str().filter(|_| valid).and_then(rank);
        of.or(rank("INFO")) >= rank(level)
    };
    log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(passes).collect()
}

/// An event with a canary, and one with something that cannot be delivered.
fn canary_event() -> Vec<u8> {
    let mut payload = payload("/app", "f", &["cwl2le canary 7f3a91c4".to_owned()]);
    payload["logStream"] = json!("cwl2le-canary");
    event(vec![record(&sequence(1), &gzip(payload.to_string().as_bytes()))])
}

#[test]
fn metrics_pass_every_log_level() {
    let service = service(Transport::Plain);
    for level in LEVELS {
        let lambda = Lambda::start();
        let environment = [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", level)];
        let function = lambda.run(&config(&service), &environment);
        assert_eq!(lambda.invoke(&canary_event()).checkpoint(), None);
        let log = function.log();
        let lines = passing(&log, level);
        let counts: Vec<_> = lines.iter().filter(|line| line["_aws"].is_object()).collect();
        assert_eq!(counts.len(), 1, "{level}: {log}");
        assert_eq!(counts[0]["EventsDelivered"], json!(1), "{level}");
        let canary = lines.iter().find(|line| line["message"] == "canary");
        let canary = canary.unwrap_or_else(|| panic!("{level}: {log}"));
        assert_eq!((&canary["id"], &canary["outcome"]), (&json!("7f3a91c4"), &json!("delivered")));
        let started: Vec<_> = log.lines().filter(|line| line.contains("\"started\"")).collect();
        assert_eq!(started.len(), usize::from(["TRACE", "DEBUG", "INFO"].contains(&level)), "{level}: {log}");
    }
}

#[test]
fn a_process_says_that_it_has_started_and_its_version() {
    let service = service(Transport::Plain);
    for format in ["JSON", "Text"] {
        let lambda = Lambda::start();
        let function = lambda.run(&config(&service), &[("AWS_LAMBDA_LOG_FORMAT", format)]);
        for _ in 0..2 {
            assert_eq!(lambda.invoke(br#"{"Records":[]}"#).checkpoint(), None);
        }
        let log = function.log();
        let first = log.lines().next().unwrap();
        let version = env!("CARGO_PKG_VERSION");
        if format == "Text" {
            // The order of the fields depends on what else is built with `serde_json`.
            let mut fields: Vec<&str> = first.split(' ').collect();
            fields.sort_unstable();
            let version = format!(r#"version="{version}""#);
            let mut wanted = [
                "INFO",
                "started",
                r#"destinations=["default"]"#,
                r#"function_version="$LATEST""#,
                "memory_mb=128",
                &version,
            ];
            wanted.sort_unstable();
            assert_eq!(fields, wanted);
        } else {
            let mut line: Value = serde_json::from_str(first).unwrap();
            line.as_object_mut().unwrap().remove("timestamp");
            assert_eq!(
                line,
                json!({"level": "INFO", "message": "started", "version": version, "function_version": "$LATEST",
                       "destinations": ["default"], "memory_mb": 128})
            );
        }
        assert_eq!(log.matches("started").count(), 1, "{log}");
        let counts: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
        assert_eq!((&counts["Version"], &counts["FunctionVersion"]), (&json!(version), &json!("$LATEST")));
    }
}

/// Without the line of an invocation, a failure is all that is said of it, and no level holds it back.
#[test]
fn the_metrics_can_be_left_out_and_so_can_the_line() {
    let service = service(Transport::Plain);
    for (metrics, lines) in [("cloudwatch", 1), ("log", 1), ("none", 0)] {
        let config = config(&service).replacen('{', &format!(r#"{{"metrics":"{metrics}","#), 1);
        for level in ["INFO", "FATAL"] {
            let lambda = Lambda::start();
            let environment = [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", level)];
            let function = lambda.run(&config, &environment);
            service.resume();
            assert_eq!(lambda.invoke(&canary_event()).checkpoint(), None);
            let found = passing(&function.log(), level);
            let counts: Vec<_> = found.iter().filter(|line| line["Version"].is_string()).collect();
            assert_eq!(counts.len(), lines, "{metrics}: {found:?}");
            assert!(counts.iter().all(|line| line["_aws"].is_object() == (metrics == "cloudwatch")));
            assert!(counts.iter().all(|line| line["Destinations"]["default"]["EventsDelivered"] == 1));
            assert_eq!(found.iter().filter(|line| line["message"] == "canary").count(), 1);

            service.stop_listening();
            lambda.send(&canary_event(), Duration::from_secs(3));
            assert_eq!(lambda.told().checkpoint(), Some(sequence(1)));
            let found = passing(&function.log(), level);
            let says = |line: &Value| {
                line["failure"].is_string() || line["Destinations"]["default"]["Failure"].is_string()
            };
            let is_canary = |line: &Value| line["message"] == "canary";
            assert!(found.iter().any(|line| says(line) && !is_canary(line)), "{metrics} {level}: {found:?}");
        }
    }
}

#[test]
fn an_invalid_configuration_stops_it_at_start_with_the_reason() {
    let token = format!(r#""token":"{TOKEN}""#);
    for (config, reason) in [
        ("".to_owned(), "CWL2LE_CONFIG is not set"),
        ("{".into(), "CWL2LE_CONFIG is not valid: configuration: EOF"),
        (format!(r#"{{"destinations":{{"default":{{"type":"logentries",{token}}}}}}}"#), "give `endpoint`"),
        (
            format!(
                r#"{{"destinations":{{"default":{{"type":"logentries","region":"eu","ca_file":"/nowhere",{token}}}}}}}"#
            ),
            "`ca_file` /nowhere",
        ),
    ] {
        let lambda = Lambda::start();
        let mut function = lambda.run(&config, &[]);
        let told = lambda.told();
        assert!(told.path.ends_with("/init/error") && told.body.contains(reason), "{told:?}");
        assert!(!function.process.wait().unwrap().success());
        let log = function.log();
        assert!(log.contains(reason) && !log.contains(TOKEN), "{log}");
    }
}

#[test]
fn outside_lambda_it_says_so() {
    let output = Command::new(bootstrap()).env_remove("AWS_LAMBDA_RUNTIME_API").output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("this program runs in AWS Lambda"));
}

/// Ends a process with its children: the emulator starts `bootstrap` in the same group.
struct Emulator(std::process::Child);

impl Drop for Emulator {
    fn drop(&mut self) {
        // The emulator ends its function when it is asked to end.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn it_runs_under_the_runtime_interface_emulator_of_aws() {
    let emulator = cwl2le_local::rie::emulator(&Cache::open().unwrap(), &|_| {}).await.unwrap();
    let service = service(Transport::Tls13);
    let (mut destination, _ca) = destination(&service, Transport::Tls13);
    if let Destination::Logentries(logentries) = &mut destination {
        logentries.receipt = Receipt::Acknowledged;
    }
    let ports = [ReservedPort::new().unwrap(), ReservedPort::new().unwrap()];
    let [address, runtime_api] = ports.each_ref().map(|port| port.address().to_string());
    let process = Command::new(emulator)
        .args(["--runtime-interface-emulator-address", &address, "--runtime-api-address", &runtime_api])
        .arg(bootstrap())
        .env("CWL2LE_CONFIG", Config::single(destination).to_json())
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/another")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _emulator = Emulator(process);
    let started = Instant::now();
    while let Err(error) = std::net::TcpStream::connect(&address) {
        assert!(started.elapsed() < PATIENCE, "the emulator does not listen on {address}: {error}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let invoke = |event: &[u8]| {
        let (status, body) = post(&address, "/2015-03-31/functions/function/invocations", event).unwrap();
        assert!(status.contains("200"), "{status}");
        String::from_utf8(body).unwrap()
    };
    assert_eq!(invoke(FIXTURE), r#"{"batchItemFailures":[]}"#);
    for odd in odd_events() {
        assert_eq!(invoke(&odd), r#"{"batchItemFailures":[]}"#, "{}", String::from_utf8_lossy(&odd));
    }
    assert_eq!(invoke(FIXTURE), r#"{"batchItemFailures":[]}"#);
    let lines = service.wait_for_lines(2, PATIENCE).await.unwrap();
    assert!(lines[1].message().ends_with("\t{ nonfield: null }"));
    assert_eq!(service.connections(), 1, "one process served all of them");
}
