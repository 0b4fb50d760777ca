//! What has failed and has not succeeded since, by the newest lines.

use std::collections::BTreeMap;

use serde::Serialize;

use super::line::{Delivery, Said};

/// Maximum age of a line that is read, in milliseconds: an hour. A failed batch is retried within minutes.
pub(crate) const WINDOW: i64 = 60 * 60 * 1000;
/// Maximum age of a failure, in milliseconds, if the log shows no successes: with `metrics = "none"`. Lambda retries more
/// often than every ten minutes.
const RECENT: i64 = 10 * 60 * 1000;
/// Maximum time from the arrival of a record to its delivery, in milliseconds: 15 minutes. A batching window alone may
/// be five.
const MOST_LAG: f64 = 15.0 * 60.0 * 1000.0;
/// Minimum age difference of lines of different batches, in milliseconds: a minute.
const SAME_TIME: i64 = 60 * 1000;

/// A line with the time at which it was written, in milliseconds since 1970.
pub(crate) type Line = (i64, String);

/// What the newest lines say.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(crate) struct Health {
    /// The time of the newest line of the last hour, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<i64>,
    /// Milliseconds from the arrival of the newest records to their delivery: the most of all shards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<f64>,
    /// What has failed and has not succeeded since.
    pub failing: Vec<Failing>,
}

/// Something that has failed and has not succeeded since.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Failing {
    /// What: "destination `app`", "the quarantine", "the function".
    pub what: String,
    /// When it failed last, in milliseconds since 1970.
    pub at: i64,
    /// The reason, in the words of the forwarder or of Lambda.
    pub why: String,
}

impl Health {
    /// Judges by lines in the order of their times, none of them older than the current configuration. A failure of a
    /// destination counts until that destination accepts something, and one of the function until an invocation ends.
    pub(crate) fn judge(lines: &[Line], now: i64, has_metrics: bool) -> Self {
        let mut newest_of: BTreeMap<String, Failing> = BTreeMap::new();
        let mut lags: Vec<(i64, f64)> = Vec::new();
        for (at, line) in lines {
            // Lambda's report follows the forwarder's own and says less.
            let known = newest_of.get(FUNCTION).filter(|known| *at <= known.at + SAME_TIME);
            let known = known.map(|known| known.why.clone());
            let mut note = |Delivery { to, failure }: Delivery| match failure {
                Some(why) => {
                    newest_of.insert(to.clone(), Failing { what: to, at: *at, why });
                }
                None => {
                    newest_of.remove(&to);
                }
            };
            match Said::read(line) {
                None => {}
                Some(Said::Outcome(outcome)) => {
                    note(Delivery { to: FUNCTION.to_owned(), failure: None });
                    lags.extend(outcome.lag.map(|lag| (*at, lag)));
                    outcome.deliveries.into_iter().for_each(note);
                }
                Some(Said::Failed(delivery)) => note(delivery),
                Some(Said::Broken(why)) => note(Delivery { to: FUNCTION.to_owned(), failure: Some(why) }),
                Some(Said::Ended(why)) => {
                    let why = known.unwrap_or(why);
                    note(Delivery { to: FUNCTION.to_owned(), failure: Some(why) });
                }
            }
        }
        let is_old = |failing: &Failing| !has_metrics && failing.at < now - RECENT;
        let last = lags.last().map_or(0, |(at, _)| *at);
        let lag = lags.iter().filter(|(at, _)| *at >= last - SAME_TIME).map(|(_, lag)| *lag);
        Self {
            newest: lines.last().map(|(at, _)| *at),
            lag: lag.reduce(f64::max),
            failing: newest_of.into_values().filter(|failing| !is_old(failing)).collect(),
        }
    }

    /// The destinations, as [`Failing::what`] names them, that lines say anything about.
    pub(crate) fn decided(lines: &[Line]) -> Vec<String> {
        let said = lines.iter().filter_map(|(_, line)| Said::read(line));
        said.flat_map(|said| match said {
            Said::Outcome(outcome) => outcome.deliveries.into_iter().map(|delivery| delivery.to).collect(),
            Said::Failed(delivery) => vec![delivery.to],
            Said::Broken(_) | Said::Ended(_) => Vec::new(),
        })
        .collect()
    }

    /// What is wrong, in words.
    pub(crate) fn problems(&self, now: i64) -> Vec<String> {
        let failing = self.failing.iter().map(|Failing { what, at, why }| {
            format!("{what} failed {} ago, and has not succeeded since: {why}", ago(now - at))
        });
        let lag = self.lag.filter(|lag| *lag > MOST_LAG).map(|lag| {
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds of our time fit")]
            let lag = ago(lag as i64);
            format!(
                "the newest batch was delivered {lag} after its records arrived; more than 15m is too late"
            )
        });
        failing.chain(lag).collect()
    }
}

/// The name of the function itself, beside those of the destinations.
const FUNCTION: &str = "the function";

/// A time span in whole seconds, in words.
fn ago(milliseconds: i64) -> String {
    let seconds = u64::try_from(milliseconds / 1000).unwrap_or_default();
    humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_790_000_000_000;

    fn metrics(name: &str, delivered: u64, failure: Option<&str>, lag: f64) -> String {
        json!({"_aws": {}, "IteratorLagMilliseconds": lag,
               "Destinations": {name: {"EventsDelivered": delivered, "Failure": failure}}})
        .to_string()
    }

    fn judge(lines: &[(i64, String)]) -> Vec<String> {
        Health::judge(lines, NOW, true).problems(NOW)
    }

    #[test]
    fn the_newest_outcome_of_each_destination_counts() {
        let (fails, works) = (metrics("app", 0, Some("refused"), 0.0), metrics("app", 1, None, 0.0));
        let other = metrics("other", 5, None, 0.0);
        assert_eq!(judge(&[(NOW - 9000, fails.clone()), (NOW - 8000, works.clone())]), [""; 0]);
        let problems = judge(&[(NOW - 9000, works), (NOW - 8000, fails.clone()), (NOW, other)]);
        assert_eq!(problems, ["destination `app` failed 8s ago, and has not succeeded since: refused"]);
        // An invocation in which it had nothing to deliver says nothing about it.
        assert_eq!(judge(&[(NOW - 1000, fails), (NOW, metrics("app", 0, None, 0.0))]).len(), 1);
    }

    #[test]
    fn a_start_that_failed_counts_until_an_invocation_has_ended() {
        let broken =
            (NOW - 1000, "ERROR destinations.app.token: SSM parameter `/t` cannot be read".to_owned());
        let empty = json!({"_aws": {}, "Destinations": {}}).to_string();
        let problems = judge(std::slice::from_ref(&broken));
        assert!(
            problems[0].contains("the function failed 1s ago") && problems[0].contains("`/t`"),
            "{problems:?}"
        );
        assert_eq!(judge(&[broken.clone(), (NOW, empty.clone())]), [""; 0]);
        assert_eq!(judge(&[(NOW - 2000, empty), broken]).len(), 1);
    }

    #[test]
    fn the_reason_that_the_forwarder_gives_counts_more_than_what_lambda_says_of_it() {
        let own = (NOW - 9000, "ERROR CWL2LE_CONFIG is not valid: x".to_owned());
        let lambda = |at: i64| (at, "INIT_REPORT Init Duration: 9 ms\tPhase: init\tStatus: error".to_owned());
        let problems = judge(&[own.clone(), lambda(NOW - 8000)]);
        assert_eq!(
            problems,
            ["the function failed 8s ago, and has not succeeded since: CWL2LE_CONFIG is not valid: x"]
        );
        assert!(judge(&[(NOW - 2 * SAME_TIME, own.1), lambda(NOW)])[0].contains("INIT_REPORT"));
    }

    #[test]
    fn without_metrics_a_failure_counts_for_ten_minutes() {
        let line = r#"WARN a destination did not accept every event destination="app" failure="connect""#;
        let at = |age: i64| Health::judge(&[(NOW - age, line.to_owned())], NOW, false).failing.len();
        assert_eq!([at(RECENT - 1), at(RECENT + 1)], [1, 0]);
    }

    #[test]
    fn what_is_delivered_too_late_is_no_success_of_the_chain() {
        let late = metrics("app", 1, None, MOST_LAG + 60_000.0);
        assert!(judge(&[(NOW, late.clone())])[0].contains("16m after its records arrived"));
        // One shard is late and another is not; and a minute later it has caught up.
        let fine = metrics("app", 1, None, 10.0);
        assert_eq!(judge(&[(NOW - 1000, late.clone()), (NOW, fine.clone())]).len(), 1);
        assert_eq!(judge(&[(NOW - 61_000, late), (NOW, fine)]), [""; 0]);
    }

    proptest! {
        /// Whatever the log holds, it is read; and only lines that say so make a failure.
        #[test]
        fn any_line_is_read(lines in proptest::collection::vec(".{0,60}", 0..5)) {
            let lines: Vec<Line> = lines.into_iter().map(|line| (NOW, line)).collect();
            let health = Health::judge(&lines, NOW, true);
            prop_assert!(health.failing.len() <= 1, "{health:?}");
        }
    }
}
