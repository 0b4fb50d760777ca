//! What Lambda itself writes about invocations, between the lines of the function.
//!
//! In text: `START`, `END` and `REPORT` with `RequestId:`, and the `INIT` and `RESTORE` lines of a start. In JSON:
//! objects whose `type` is one of the platform's. What tells of lost logs or of a fault is not among them.

use super::json;

/// How the lines begin when the function logs in text.
const BEGINNINGS: [&str; 7] = [
    "START RequestId: ",
    "END RequestId: ",
    "REPORT RequestId: ",
    "INIT_START Runtime Version: ",
    "INIT_REPORT Init Duration: ",
    "RESTORE_START Runtime Version: ",
    "RESTORE_REPORT Restore Duration: ",
];

/// The types of the objects when the function logs in JSON.
const TYPES: [&str; 10] = [
    "platform.start",
    "platform.end",
    "platform.report",
    "platform.runtimeDone",
    "platform.initStart",
    "platform.initRuntimeDone",
    "platform.initReport",
    "platform.restoreStart",
    "platform.restoreRuntimeDone",
    "platform.restoreReport",
];

/// Whether Lambda wrote this message, and not the function.
pub fn is_platform(message: &str) -> bool {
    if BEGINNINGS.iter().any(|beginning| message.starts_with(beginning)) {
        return true;
    }
    message.starts_with('{')
        && message.contains("\"platform.")
        && json::lookup(message, "type").is_some_and(|kind| TYPES.contains(&kind.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_s_lines_are_told_from_the_function_s() {
        for platform in [
            "START RequestId: 85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000 Version: $LATEST",
            "END RequestId: 85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000",
            "REPORT RequestId: 85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000\tDuration: 1.5 ms\tBilled Duration: 2 ms",
            "INIT_START Runtime Version: provided:al2023.v100\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:x",
            r#"{"time":"2026-01-01T00:00:00.000Z","type":"platform.report","record":{"requestId":"x"}}"#,
            r#"{ "type" : "platform.initStart" }"#,
        ] {
            assert!(is_platform(platform), "{platform}");
        }
        for own in [
            "",
            "START of the day",
            "the END RequestId: x",
            "2026-01-01T00:00:00.000Z 85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000 Task timed out after 3.00 seconds",
            r#"{"type":"platform.logsDropped","record":{"droppedRecords":3}}"#,
            r#"{"msg":"a \"platform.start\" event","type":"app"}"#,
            r#"{"record":{"type":"platform.start"}}"#,
            r#"{"type":"platform.start""#,
        ] {
            assert!(!is_platform(own), "{own}");
        }
    }
}
