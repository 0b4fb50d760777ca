//! What a dry run shows is what the function sends, byte for byte but for secrets.

use std::cell::RefCell;
use std::rc::Rc;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::destination::Sink;
use cwl2le_forwarder::record::event::Invocation;
use cwl2le_forwarder::record::payload::LogEvent;
use cwl2le_forwarder::secret::TOKEN_STAND_IN;
use cwl2le_forwarder::{Forwarder, Options};
use cwl2le_local::log_service::Transport;
use serde_json::{Value, json};

use crate::common::lambda::Lambda;
use crate::common::*;

const HASH_KEY: &str = "a-key-of-some-length";

#[derive(Debug, Default)]
struct Bytes(RefCell<Vec<u8>>);

impl Sink for Bytes {
    fn sent(&self, destination: &str, _: &LogEvent<'_>, bytes: &[u8]) {
        assert_eq!(destination, "default");
        self.0.borrow_mut().extend_from_slice(bytes);
    }
}

/// Messages of every kind, those among them that rules drop, change and cut.
fn odd_messages() -> Vec<String> {
    let long =
        format!("{{\"level\":50,\"mail\":\"bob@example.com\",\"text\":\"{}\"}}", "é€ long ".repeat(400));
    let fixed = [
        "plain\n",
        "two\r\nlines\nmore\r\n",
        "",
        "mail to alice@example.com and bob%40example.org from 192.168.1.17",
        r#"{"level":30,"requestId":"r-1","msg":"user \u0062ob@example.com","card":4111111111111111}"#,
        r#"{"level":30,"requestId":"r-2","msg":"a"}"#,
        r#"{"level":30,"requestId":"r-3","msg":"b"}"#,
        "START RequestId: 85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000 Version: $LATEST",
        "REPORT RequestId: 85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000 Duration: 1 ms",
        "GET /health 200",
        "password=hunter2 \u{2028} \u{0}\ttab \"quoted\" \\ back",
        "2bfbea1e-10c3-4419-bdad-7e6435882e1f is no token of ours",
    ];
    let requests = (0..40).map(|n| json!({"requestId": format!("r-{n}"), "msg": n}).to_string());
    fixed.into_iter().map(str::to_owned).chain([long]).chain(requests).collect()
}

fn configurations(destination: &Value) -> Vec<(&'static str, Value)> {
    let with = |lines: Value, shape: Value| {
        json!({
            "destinations": {"default": destination},
            "lines": {"default": lines},
            "routes": [{"log_group": "/aws/*", "destination": "default", "shape": shape}],
        })
    };
    let small = json!({"max_bytes": 1024});
    let redact = json!([{"find": ["email", "card", "ipv4"]}, {"pattern": "password=(\\S+)", "as": "drop"}]);
    let fields = json!({"set": {"team": "payments"}, "group": "^/aws/lambda/(?<service>[^-]+)"});
    vec![
        ("as it is, in parts", with(small.clone(), Value::Null)),
        ("a prefix by the destination", with(json!({"max_bytes": 1024, "format": "prefix"}), Value::Null)),
        (
            "everything at once",
            with(
                small.clone(),
                json!({
                    "include": [{"group": "^/aws/"}],
                    "exclude": [{"rule": "lambda-platform"}, {"message": "^GET /health"}],
                    "sample": {"rate": 0.5, "field": "requestId"},
                    "redact": redact, "fields": fields, "format": "json",
                }),
            ),
        ),
        ("labels in a prefix", with(small, json!({"redact": redact, "fields": fields, "format": "prefix"}))),
        ("a sample by stream", with(json!({}), json!({"sample": {"rate": 0.5}}))),
    ]
}

fn records(messages: &[String]) -> Value {
    let streams = (0..6).map(|n| {
        let mut payload = payload("/aws/lambda/cart-prod", "cloudwatchLogsFilter", messages);
        payload["logStream"] = format!("stream {n}").into();
        record(&sequence(n), &gzip(payload.to_string().as_bytes()))
    });
    json!({ "Records": streams.collect::<Vec<_>>() })
}

async fn dry(config: &Config, event: &Value) -> String {
    let bytes = Rc::new(Bytes::default());
    let mut forwarder = Forwarder::new(config, Options::dry(bytes.clone())).unwrap();
    let invocation: Invocation = serde_json::from_value(event.clone()).unwrap();
    let outcome = forwarder.handle(&invocation, deadline()).await;
    assert_eq!((outcome.account.unbalanced, outcome.account.records.failed), (0, 0));
    let bytes = bytes.0.take();
    assert_eq!(outcome.lanes[0].bytes as usize, bytes.len());
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_dry_run_gives_the_very_bytes_that_the_function_sends() {
    let service = service(Transport::Plain);
    let (destination, _ca) = destination(&service, Transport::Plain);
    let event = records(&odd_messages());
    let mut sizes = Vec::new();
    for (name, config) in configurations(&serde_json::to_value(&destination).unwrap()) {
        let config = Config::from_json(&config.to_string()).unwrap();
        let shown = dry(&config, &event).await;
        let wanted = shown.replace(TOKEN_STAND_IN, TOKEN);
        let lambda = Lambda::start();
        let function = lambda.run(&config.to_json(), &[]);
        assert_eq!(lambda.invoke(event.to_string().as_bytes()).checkpoint(), None, "{}", function.log());
        let lines = service.wait_for_lines(wanted.matches('\n').count(), PATIENCE).await.unwrap();
        let sent: String = lines.iter().map(|line| line.text() + "\n").collect();
        assert_eq!(sent, wanted, "{name}");
        assert!(
            function.log().contains(&format!("\"BytesOut\":{}", wanted.len())),
            "{name}: {}",
            function.log()
        );
        assert!(!shown.contains(TOKEN), "{name}");
        sizes.push(wanted.len());
        service.clear();
    }
    // Each of these does something of its own.
    sizes.sort_unstable();
    sizes.dedup();
    assert_eq!(sizes.len(), 5);
}

#[tokio::test]
async fn a_dry_run_shows_no_secret_and_needs_none() {
    let messages = ["mail bob@example.com".to_owned()];
    let config = |token: Value, key: Value| {
        let config = json!({
            "destinations": {"default": {"type": "logentries", "region": "eu", "ca_file": "/only/in/lambda.pem", "token": token}},
            "hash_key": key,
            "routes": [{"log_group": "*", "destination": "default", "shape": {"redact": [{"find": ["email"], "as": "hash"}]}}],
        });
        Config::from_json(&config.to_string()).unwrap()
    };
    let inline = dry(&config(json!(TOKEN), json!(HASH_KEY)), &records(&messages)).await;
    let kept = dry(&config(json!({"ssm": "/t"}), json!({"ssm": "/k"})), &records(&messages)).await;
    assert_eq!(inline, kept);
    assert!(inline.starts_with(&format!("{TOKEN_STAND_IN} mail [email:")), "{inline}");
    assert!(!inline.contains(TOKEN), "{inline}");
}
