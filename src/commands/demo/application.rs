//! The application that the demo plays: two log groups, as in the article.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Logs with bunyan; subscribed with the article's `{ $.level > 0 }`.
pub(super) const BUNYAN_GROUP: &str = "/aws/lambda/lambda-logentries_generator";
/// The filter pattern of [`BUNYAN_GROUP`].
pub(super) const BUNYAN_PATTERN: &str = "{ $.level > 0 }";
/// Logs with `console.log`; subscribed with the article's other pattern.
pub(super) const PLAIN_GROUP: &str = "/aws/lambda/example-lambda";
/// The filter pattern of [`PLAIN_GROUP`].
pub(super) const PLAIN_PATTERN: &str = r#"[timestamp=*Z, request_id="*-*", event]"#;
/// The log stream in both groups.
pub(super) const LOG_STREAM: &str = "2016/09/19/[$LATEST]06e11b5f5ee94f14b49df4bca6214f73";

/// What the application logs in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Burst {
    /// Where.
    pub(super) log_group: &'static str,
    /// What, with the id that is in the message where the pattern lets it through.
    pub(super) events: Vec<Logged>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Logged {
    /// Present where the subscription filter must let it through.
    pub(super) id: Option<String>,
    /// The text.
    pub(super) message: String,
}

/// Makes bursts with ids that never repeat.
#[derive(Debug, Default)]
pub(super) struct Application {
    count: u32,
}

impl Application {
    /// What one run of each function logs: bunyan lines at debug, info and error, and plain lines between the
    /// START and END that Lambda writes around them, which the pattern leaves out.
    pub(super) fn run(&mut self, at: SystemTime) -> [Burst; 2] {
        let request = format!("85c6cfcc-7cc1-11e6-9b6d-{:012x}", self.count);
        let time = iso_time(at);
        let bunyan =
            [(20, "debug", "Debug sample"), (30, "info", "Info sample"), (50, "error", "Error sample")];
        let bunyan = bunyan.map(|(level, name, text)| {
            let id = self.next_id();
            // In bunyan's own order of fields.
            let message = format!(
                r#"{{"name":"myapp","id":"{id}","level":{level},"data":{{"lv":"{name}","value":37}},"msg":"{text}","time":"{time}","v":0}}"#
            );
            Logged { id: Some(id), message }
        });
        let mut plain =
            vec![Logged { id: None, message: format!("START RequestId: {request} Version: $LATEST") }];
        plain.extend((0..2).map(|_| {
            let id = self.next_id();
            let message = format!("{time}\t{request}\t{{ nonfield: null, id: '{id}' }}\n");
            Logged { id: Some(id), message }
        }));
        plain.push(Logged { id: None, message: format!("END RequestId: {request}") });
        [
            Burst { log_group: BUNYAN_GROUP, events: bunyan.to_vec() },
            Burst { log_group: PLAIN_GROUP, events: plain },
        ]
    }

    fn next_id(&mut self) -> String {
        self.count += 1;
        format!("demo-{:06}", self.count)
    }
}

/// The id inside a delivered line.
pub(super) fn id_in(line: &str) -> Option<&str> {
    let start = line.find("demo-")?;
    line.get(start..start + "demo-000000".len())
}

/// `2016-09-17T10:28:49.663Z`, by the civil-from-days algorithm of Howard Hinnant's public description.
fn iso_time(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let (days, rest) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60,
        since.subsec_millis()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        let at = |seconds| iso_time(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.000Z");
        assert_eq!(at(1_474_108_129), "2016-09-17T10:28:49.000Z");
    }

    #[test]
    fn every_id_is_found_again_and_none_repeats() {
        let mut application = Application::default();
        let mut seen = std::collections::BTreeSet::new();
        for burst in (0..3).flat_map(|_| application.run(UNIX_EPOCH)) {
            for event in burst.events {
                assert_eq!(id_in(&event.message).map(str::to_owned), event.id);
                if let Some(id) = event.id {
                    assert!(seen.insert(id));
                }
            }
        }
        assert_eq!(seen.len(), 15);
    }
}
