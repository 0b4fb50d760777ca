//! How serious an event is, where its message says so in one of the usual ways.
//!
//! In JSON: a level of bunyan or pino (10 to 60), of syslog (0 to 7), or a word, in the fields that loggers use for
//! it. In text: Lambda's own format, in which the level stands in a place of its own. What only looks like a level
//! somewhere in a text is none.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::shape::lambda;

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
        let number = match word.to_ascii_lowercase().as_str() {
            "trace" | "verbose" | "silly" | "finest" => 1,
            "debug" | "fine" => 5,
            "info" | "information" | "informational" => 9,
            "notice" => 10,
            "warn" | "warning" => 13,
            "error" | "err" | "severe" => 17,
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
        return Some((Severity::INFO, String::new()));
    }
    of_lambda_text(message)
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
}

#[derive(Deserialize)]
struct Nested<'m> {
    #[serde(borrow)]
    level: Option<&'m RawValue>,
}

fn of_json(message: &str) -> Option<(Severity, String)> {
    let fields: Fields<'_> = serde_json::from_str(message.trim_end()).ok()?;
    let nested = fields.log.and_then(|log| serde_json::from_str::<Nested<'_>>(log.get()).ok()?.level);
    let places = [
        fields.level,
        fields.severity,
        fields.log_level,
        nested,
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
    // Lambda's own objects have a type and no level.
    let own = || fields.kind.filter(|kind| kind.get().starts_with("\"platform.")).map(|_| Severity::INFO);
    named.or_else(|| Some((own()?, String::new())))
}

/// `TIME\tREQUEST\tLEVEL\tTEXT` of Node.js and `[LEVEL]\tTIME\tREQUEST\tTEXT` of Python, and what Lambda says of a
/// function that did not end.
fn of_lambda_text(message: &str) -> Option<(Severity, String)> {
    let mut parts = message.splitn(4, '\t');
    let (first, second, third) = (parts.next()?, parts.next(), parts.next());
    let word = match (first.strip_prefix('[').and_then(|first| first.strip_suffix(']')), second, third) {
        (Some(word), Some(time), _) if is_time(time) => word,
        (None, Some(_), Some(word)) if is_time(first) => word,
        _ => {
            let (time, rest) = message.split_once(' ')?;
            let timed_out = is_time(time) && rest.contains(" Task timed out after ");
            return timed_out.then(|| (Severity::ERROR, String::new()));
        }
    };
    Severity::of_word(word).map(|severity| (severity, word.to_owned()))
}

/// Whether a text begins like `2026-01-31T`.
fn is_time(text: &str) -> bool {
    let shape = text.bytes().take(11).map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.eq(*b"0000-00-00T")
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
            "[ERROR] no tabs",
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
