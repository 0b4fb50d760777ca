//! How serious an event is, where its message says so in one of the usual ways.
//!
//! In JSON: a level of bunyan or pino (10 to 60), of syslog (0 to 7), or a word, in the fields that loggers use for it.
//! In text: a level in a place of its own, as the runtimes of Lambda write it. A word that only looks like a level
//! somewhere in a text is none. What a runtime reports of an exception that nobody caught is an error, with or without
//! a level; see [`uncaught`].

use serde::Deserialize;
use serde_json::value::RawValue;

mod uncaught;

use crate::shape::lambda;
use uncaught::is_time;

/// A severity in the numbers of OpenTelemetry: 1 to 4 trace, 5 to 8 debug, 9 to 12 info, 13 to 16 warn, 17 to 20
/// error, 21 to 24 fatal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Severity(u8);

impl Severity {
    const INFO: Self = Self(9);
    const ERROR: Self = Self(17);

    /// The number in OpenTelemetry's data model, 1 to 24.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The numerical code of syslog, 2 to 7. Emergency and alert are for the machine that logs, not for this one.
    pub fn syslog(self) -> u8 {
        match self.0 {
            0..=8 => 7,
            9 => 6,
            10..=12 => 5,
            13..=16 => 4,
            17..=20 => 3,
            _ => 2,
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        // The longest is `informational`.
        if word.len() > 13 {
            return None;
        }
        let number = match word.to_ascii_lowercase().as_str() {
            "trace" | "trce" | "verbose" | "silly" | "finest" => 1,
            "debug" | "dbug" | "fine" => 5,
            "info" | "information" | "informational" => 9,
            "notice" => 10,
            "warn" | "warning" => 13,
            "error" | "err" | "fail" | "severe" => 17,
            "fatal" | "critical" | "crit" | "alert" | "emerg" | "emergency" | "panic" => 21,
            _ => return None,
        };
        Some(Self(number))
    }

    fn of_number(level: f64) -> Option<Self> {
        // From 10 on those of bunyan and pino, which allow others between them; below those of syslog.
        const SYSLOG: [u8; 8] = [21, 21, 21, 17, 13, 10, 9, 5];
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 0 to 7"
        )]
        let number = match level {
            _ if level.fract() == 0.0 && (0.0..=7.0).contains(&level) => SYSLOG[level as usize],
            _ if !(10.0..100.0).contains(&level) => return None,
            _ if level < 20.0 => 1,
            _ if level < 30.0 => 5,
            _ if level < 40.0 => 9,
            _ if level < 50.0 => 13,
            _ if level < 60.0 => 17,
            _ => 21,
        };
        Some(Self(number))
    }
}

/// The severity of a message, and the word that says it.
pub fn of(message: &str) -> Option<(Severity, String)> {
    let message = message.trim_start();
    if message.starts_with('{') {
        return of_json(message);
    }
    if lambda::is_platform(message) {
        let severity = if uncaught::ended_badly(message) { Severity::ERROR } else { Severity::INFO };
        return Some((severity, String::new()));
    }
    if let Some(word) = level_of_text(message)
        && let Some(severity) = Severity::of_word(word)
    {
        return Some((severity, word.to_owned()));
    }
    uncaught::is_uncaught(message).then(|| (Severity::ERROR, String::new()))
}

/// The fields in which loggers put a level.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields<'m> {
    #[serde(borrow)]
    level: Option<&'m RawValue>,
    #[serde(borrow)]
    severity: Option<&'m RawValue>,
    #[serde(borrow, rename = "log.level")]
    log_dot_level: Option<&'m RawValue>,
    #[serde(borrow)]
    log_level: Option<&'m RawValue>,
    #[serde(borrow)]
    log: Option<&'m RawValue>,
    #[serde(borrow)]
    levelname: Option<&'m RawValue>,
    #[serde(borrow)]
    level_name: Option<&'m RawValue>,
    #[serde(borrow)]
    loglevel: Option<&'m RawValue>,
    #[serde(borrow)]
    lvl: Option<&'m RawValue>,
    #[serde(borrow)]
    severity_text: Option<&'m RawValue>,
    #[serde(borrow, rename = "LogLevel")]
    log_level_pascal: Option<&'m RawValue>,
    #[serde(borrow, rename = "Level")]
    level_pascal: Option<&'m RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'m RawValue>,
    #[serde(borrow)]
    record: Option<&'m RawValue>,
    #[serde(borrow, rename = "errorType")]
    error_type: Option<&'m RawValue>,
    #[serde(borrow, rename = "errorMessage")]
    error_message: Option<&'m RawValue>,
}

#[derive(Deserialize)]
struct Nested<'m> {
    #[serde(borrow)]
    level: Option<&'m RawValue>,
}

/// What a platform event of Lambda says of an invocation.
#[derive(Deserialize)]
struct Record<'m> {
    #[serde(borrow)]
    status: Option<std::borrow::Cow<'m, str>>,
}

fn of_json(message: &str) -> Option<(Severity, String)> {
    let fields: Fields<'_> = serde_json::from_str(message.trim_end()).ok()?;
    let nested = fields.log.and_then(|log| serde_json::from_str::<Nested<'_>>(log.get()).ok()?.level);
    let places = [
        fields.level,
        fields.severity,
        fields.log_dot_level,
        nested,
        fields.log_level,
        fields.levelname,
        fields.level_name,
        fields.loglevel,
        fields.log_level_pascal,
        fields.level_pascal,
        fields.lvl,
        fields.severity_text,
    ];
    let named = places.into_iter().flatten().find_map(|value| {
        let value = value.get();
        if let Ok(word) = serde_json::from_str::<String>(value) {
            let severity = Severity::of_word(word.trim());
            return severity.or_else(|| Severity::of_number(word.parse().ok()?)).map(|known| (known, word));
        }
        Some((Severity::of_number(value.parse().ok()?)?, String::new()))
    });
    if named.is_some() {
        return named;
    }
    let is_text = |value: Option<&RawValue>| value.is_some_and(|value| value.get().starts_with('"'));
    if is_text(fields.error_type) && is_text(fields.error_message) {
        return Some((Severity::ERROR, String::new()));
    }
    // Lambda's own objects have a type and no level.
    fields.kind.filter(|kind| kind.get().starts_with("\"platform."))?;
    let record = fields.record.and_then(|record| serde_json::from_str::<Record<'_>>(record.get()).ok());
    let status = record.and_then(|record| record.status).unwrap_or_default();
    let severity =
        if matches!(&*status, "error" | "failure" | "timeout") { Severity::ERROR } else { Severity::INFO };
    Some((severity, String::new()))
}

/// The word in the place of the level: `TIME\tREQUEST\tLEVEL\tTEXT` of Node.js, Java and .NET, `[LEVEL] TEXT` of Python
/// and others, `TIME LEVEL TEXT` of Rust, `E, [TIME #PID] LEVEL REQUEST -- : TEXT` of Ruby.
fn level_of_text(message: &str) -> Option<&str> {
    if let Some(rest) = message.strip_prefix('[') {
        let (word, after) = rest.split_once(']')?;
        return after.starts_with([' ', '\t']).then_some(word);
    }
    if let [b'D' | b'I' | b'W' | b'E' | b'F', b',', b' ', b'[', ..] = message.as_bytes() {
        let (time, rest) = message[4..].split_once("] ")?;
        return rest.split_whitespace().next().filter(|_| is_time(time));
    }
    if !is_time(message) {
        return None;
    }
    let mut parts = message.splitn(4, '\t');
    if let (Some(_), Some(_), Some(word)) = (parts.next(), parts.next(), parts.next()) {
        return Some(word);
    }
    // A word in lower case may begin a sentence.
    let (_, rest) = message.split_once(' ')?;
    let word = rest.trim_start().split(' ').next()?;
    word.bytes().all(|byte| byte.is_ascii_uppercase()).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_found_where_loggers_put_them() {
        for (message, number, word) in [
            (r#"{"level":30,"msg":"bunyan or pino"}"#, 9, ""),
            (r#"{"level":35}"#, 9, ""),
            (r#"{"level":60}"#, 21, ""),
            (r#"{"level":10}"#, 1, ""),
            (r#"{"level":3}"#, 17, ""),
            (r#"{"level":"40"}"#, 13, "40"),
            (r#" {"timestamp":"x","level":"ERROR","requestId":"y","message":{"level":1}}"#, 17, "ERROR"),
            (r#"{"severity":"Warning"}"#, 13, "Warning"),
            (r#"{"level":null,"severity":"notice"}"#, 10, "notice"),
            (r#"{"level":"unheard of","levelname":"CRITICAL"}"#, 21, "CRITICAL"),
            (r#"{"log.level":"debug"}"#, 5, "debug"),
            (r#"{"log":{"level":"trace","file":"x"}}"#, 1, "trace"),
            (r#"{"log":"a text","level_name":"INFO"}"#, 9, "INFO"),
            (r#"{"type":"platform.report","record":{}}"#, 9, ""),
            ("2026-01-01T00:00:00.000Z\t85c6cfcc\tWARN\ttext", 13, "WARN"),
            ("[ERROR]\t2026-01-01T00:00:00.000Z\t85c6cfcc\ttext", 17, "ERROR"),
            ("END RequestId: 85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000", 9, ""),
            ("2026-01-01T00:00:00.000Z 85c6cfcc Task timed out after 3.00 seconds", 17, ""),
            (r#"{"log_level":"WARNING","errorMessage":"x","errorType":"E"}"#, 13, "WARNING"),
            ("[ERROR] no tabs", 17, "ERROR"),
            ("[info] no tabs", 9, "info"),
            ("2026-01-01T00:00:00.000Z\t85c6cfcc\tfail\ttext of .NET", 17, "fail"),
            ("2026-01-01T00:00:00.000000Z  WARN my_function: text of Rust", 13, "WARN"),
            ("I, [2026-01-01T00:00:00.000000 #8]  INFO 85c6cfcc -- : text of Ruby", 9, "INFO"),
        ] {
            let found = of(message).map(|(severity, word)| (severity.number(), word));
            assert_eq!(found, Some((number, word.to_owned())), "{message}");
        }
    }

    #[test]
    fn what_says_nothing_has_none() {
        for message in [
            "",
            "ERROR in a text",
            "x\ty\tERROR\tz",
            "[ERROR]",
            "[2026-01-01] text",
            "[error",
            "2026-01-01T00:00:00Z error while reading",
            "2026-01-01T00:00:00Z",
            "E, [x] ERROR y",
            "an Exception in a sentence",
            "Error: only a line",
            r#"{"errorMessage":null,"errorType":"x"}"#,
            r#"{"errorMessage":"a text alone"}"#,
            "2016-09-17T10:28:49.663Z\t85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000\t{ nonfield: null }",
            r#"{"level":"high"}"#,
            r#"{"level":8}"#,
            r#"{"level":1000}"#,
            r#"{"level":2.5}"#,
            r#"{"level":{"name":"error"}}"#,
            r#"{"level":30"#,
            "{ level: 30 }",
        ] {
            assert_eq!(of(message), None, "{message}");
        }
    }

    #[test]
    fn syslog_has_codes_for_all() {
        let codes: Vec<u8> = (1..=24).map(|number| Severity(number).syslog()).collect();
        assert_eq!(codes, [7, 7, 7, 7, 7, 7, 7, 7, 6, 5, 5, 5, 4, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2]);
    }
}
