//! Lambda's own lines in the log of a function, of both log formats (AWS Lambda Developer Guide, "Working with Lambda
//! function logs" and "Lambda Telemetry API Event schema reference").

use serde_json::{Map, Value};

/// A line of Lambda.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Platform {
    /// What it is about.
    pub kind: PlatformKind,
    /// The request id of the invocation.
    pub request_id: Option<String>,
    /// The version of the function: a number or `$LATEST`.
    pub function_version: Option<String>,
    /// Milliseconds that the invocation or the start took.
    pub duration_ms: Option<f64>,
    /// Memory of the function, in MB.
    pub memory_mb: Option<u64>,
    /// Memory that it has used at most, in MB.
    pub memory_used_mb: Option<u64>,
    /// Why a start or an invocation failed as a whole, in Lambda's words; none where it did not, or where the line does
    /// not say.
    pub failure: Option<String>,
}

/// The kinds of Lambda's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlatformKind {
    /// `START`: an invocation begins.
    Start,
    /// `END`: an invocation ends.
    End,
    /// `REPORT`: what an invocation used.
    Report,
    /// `INIT_START`: a process begins to start.
    InitStart,
    /// `INIT_REPORT`: what a start took.
    InitReport,
    /// Anything else, such as `Task timed out`.
    #[default]
    Other,
}

/// What Lambda writes without naming the kind, where something failed as a whole.
const FAILURES: [&str; 3] = ["Task timed out after", "Runtime exited", "Runtime.Unknown"];

impl Platform {
    /// Reads a line of the format text.
    pub(super) fn of_text(line: &str) -> Option<Self> {
        let kind = match line.split([' ', '\t']).next()? {
            "START" => PlatformKind::Start,
            "END" => PlatformKind::End,
            "REPORT" => PlatformKind::Report,
            "INIT_START" => PlatformKind::InitStart,
            "INIT_REPORT" => PlatformKind::InitReport,
            _ if FAILURES.iter().any(|text| line.contains(text)) => {
                return Some(Self {
                    request_id: value(line, "RequestId: "),
                    failure: Some(line.to_owned()),
                    ..Self::default()
                });
            }
            // Where Lambda puts a time before the kind.
            _ if line.contains("REPORT ") && has_failed(line) => PlatformKind::Report,
            _ => return None,
        };
        let is_init = kind == PlatformKind::InitReport;
        Some(Self {
            kind,
            request_id: value(line, "RequestId: "),
            function_version: (kind == PlatformKind::Start).then(|| value(line, "Version: ")).flatten(),
            duration_ms: number(line, if is_init { "Init Duration: " } else { "\tDuration: " }),
            memory_mb: number(line, "Memory Size: "),
            memory_used_mb: number(line, "Max Memory Used: "),
            failure: has_failed(line).then(|| line.to_owned()),
        })
    }

    /// Reads a line of the format JSON, such as `{"type":"platform.report","record":{"status":"timeout"}}`.
    pub(super) fn of_object(object: &Map<String, Value>) -> Option<Self> {
        let name = object.get("type")?.as_str()?.strip_prefix("platform.")?;
        let record = object.get("record").and_then(Value::as_object);
        let field = |key: &str| record.and_then(|record| record.get(key));
        let text = |key: &str| field(key).and_then(Value::as_str).map(ToOwned::to_owned);
        let metric = |key: &str| field("metrics").and_then(|metrics| metrics.get(key));
        let kind = match name {
            "start" => PlatformKind::Start,
            "runtimeDone" => PlatformKind::End,
            "report" => PlatformKind::Report,
            "initStart" => PlatformKind::InitStart,
            "initReport" => PlatformKind::InitReport,
            _ => PlatformKind::Other,
        };
        let failure = text("status").filter(|status| status != "success").map(|status| {
            let error = text("errorType").map(|error| format!(" ({error})")).unwrap_or_default();
            format!("platform.{name}: {status}{error}")
        });
        Some(Self {
            kind,
            request_id: text("requestId"),
            function_version: text("version").or_else(|| text("functionVersion")),
            duration_ms: metric("durationMs").and_then(Value::as_f64),
            memory_mb: metric("memorySizeMB").and_then(Value::as_u64),
            memory_used_mb: metric("maxMemoryUsedMB").and_then(Value::as_u64),
            failure,
        })
    }
}

/// `REPORT` and `INIT_REPORT` name the status unless it is success.
fn has_failed(line: &str) -> bool {
    ["Status: error", "Status: timeout"].iter().any(|status| line.contains(status))
}

/// The word after a name.
fn value(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(name)?;
    rest.split_whitespace().next().map(ToOwned::to_owned)
}

fn number<T: std::str::FromStr>(line: &str, name: &str) -> Option<T> {
    value(line, name)?.parse().ok()
}
