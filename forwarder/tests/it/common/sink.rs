//! A destination of any type, and the service that it writes to.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::Write;

use cwl2le_forwarder::Forwarder;
use cwl2le_forwarder::config::{Config, Destination};
use cwl2le_local::log_service::{Answer, LogService, Options as Service, Protocol, Request, Transport};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message as _;
use serde_json::{Value, json};

use super::{PATIENCE, TOKEN, options};

pub struct Sink {
    pub kind: &'static str,
    pub service: LogService,
    transport: Transport,
    ca: tempfile::NamedTempFile,
    /// How many lines or requests have been read, and what was in them.
    read: RefCell<(usize, Vec<String>)>,
}

impl Sink {
    /// A service for this type, whose kernel takes little that its process has not read.
    pub fn start(kind: &'static str, transport: Transport) -> Self {
        let protocol = match kind {
            "logentries" => Protocol::Lines,
            "syslog" => Protocol::Syslog,
            "insight-webhook" => Protocol::Webhook,
            _ => Protocol::Http,
        };
        let options = Service { transport, protocol, receive_buffer: Some(64 * 1024), ..Service::default() };
        let service = LogService::start(options).unwrap();
        let mut ca = tempfile::NamedTempFile::new().unwrap();
        ca.write_all(service.ca_pem().as_bytes()).unwrap();
        Self { kind, service, transport, ca, read: RefCell::default() }
    }

    pub fn is_http(&self) -> bool {
        !matches!(self.kind, "logentries" | "syslog")
    }

    /// The keys of the destination beside its type.
    pub fn keys(&self) -> Value {
        let (address, tls) = (self.service.address(), self.transport != Transport::Plain);
        let url = format!("{}://{address}", if tls { "https" } else { "http" });
        let mut keys = match self.kind {
            "logentries" => json!({"endpoint": address, "tls": tls, "token": TOKEN}),
            "syslog" => json!({"endpoint": address, "tls": tls}),
            "insight-webhook" | "loggly" => json!({"endpoint": url, "token": TOKEN}),
            "otlp" => json!({"endpoint": url, "headers": {"Api-Key": "k3y-k3y-k3y"}}),
            "http" => json!({"url": format!("{url}/in"), "headers": {"Authorization": "Bearer k3y-k3y-k3y"}}),
            other => panic!("a type that the tests do not know: {other}"),
        };
        if tls {
            keys["ca_file"] = json!(self.ca.path());
        }
        keys
    }

    pub fn config(&self) -> Destination {
        Destination::read(self.kind, self.keys()).unwrap().unwrap()
    }

    /// The messages that the service has taken. What has been read once is not read again.
    pub fn messages(&self) -> Vec<String> {
        let (count, messages) = &mut *self.read.borrow_mut();
        let (requests, lines) = match self.kind {
            "otlp" => (self.service.requests(), Vec::new()),
            _ => (Vec::new(), self.service.lines()),
        };
        let all = requests.len() + lines.len();
        if all < *count {
            (*count, *messages) = (0, Vec::new());
        }
        for request in requests.iter().skip(*count).filter(|request| request.is_stored()) {
            messages.extend(records(request).iter().map(body));
        }
        messages.extend(lines.iter().skip(*count).map(|line| message(self.kind, &line.text())));
        *count = all;
        messages.clone()
    }

    /// All messages, once all of `must` have arrived or patience ended, and what is missing. A service that answers has
    /// what it said it has.
    pub async fn wait_for_all(&self, must: &[&String]) -> (Vec<String>, Vec<String>) {
        let mut count = must.len();
        loop {
            let ended = self.is_http() || self.service.wait_for_lines(count, PATIENCE).await.is_err();
            let messages = self.messages();
            let arrived: HashSet<&String> = messages.iter().collect();
            let missing: Vec<String> = must
                .iter()
                .filter(|message| !arrived.contains(**message))
                .map(|message| (*message).clone())
                .collect();
            if ended || missing.is_empty() {
                return (messages, missing);
            }
            count = messages.len() + 1;
        }
    }
}

/// The message in a line of a type.
fn message(kind: &str, line: &str) -> String {
    match kind {
        "logentries" => line.split_once(' ').map_or_else(String::new, |(_, message)| message.to_owned()),
        "syslog" => line.split_once("\"] ").map_or_else(String::new, |(_, message)| message.to_owned()),
        "http" => {
            let line: Value = serde_json::from_str(line).unwrap();
            line["message"].as_str().unwrap().to_owned()
        }
        _ => line.to_owned(),
    }
}

/// The log records of a request, read by the official definitions.
pub fn records(request: &Request) -> Vec<LogRecord> {
    let decoded = ExportLogsServiceRequest::decode(&request.body[..]).unwrap();
    let scopes = decoded.resource_logs.into_iter().flat_map(|logs| logs.scope_logs);
    scopes.flat_map(|scope| scope.log_records).collect()
}

pub fn body(record: &LogRecord) -> String {
    match record.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(AnyValue::StringValue(text)) => text.clone(),
        other => panic!("{other:?}"),
    }
}

/// A sink of each type that answers, and a forwarder for it.
pub fn services() -> impl Iterator<Item = (Sink, Forwarder)> {
    let sinks = Destination::TYPES.iter().map(|kind| Sink::start(kind, Transport::Plain));
    sinks.filter(Sink::is_http).map(|sink| {
        let forwarder = Forwarder::new(&Config::single(sink.config()), options()).unwrap();
        (sink, forwarder)
    })
}

/// Those of types that send several events in a request. `webhook.rs` has the tests of the other type.
pub fn batching() -> impl Iterator<Item = (Sink, Forwarder)> {
    services().filter(|(sink, _)| sink.kind != "insight-webhook")
}

/// The first request gets this answer, all others a 200.
pub fn answer_once(sink: &Sink, answer: Answer) {
    let once = std::sync::Mutex::new(Some(answer));
    sink.service.answer_with(move |_| once.lock().unwrap().take().unwrap_or(Answer::status(200)));
}
