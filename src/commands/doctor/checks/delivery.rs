//! Whether each log service accepts what the forwarder sends to it.

use cwl2le_forwarder::config::Destination;
use cwl2le_forwarder::net::FailureKind;

use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Forwarder, Judged, seconds, span};
use super::super::finding::{Command, Finding};
use super::remedy::Place;
use super::words::one_line;
use crate::health::{Line, Lines};
use crate::journal::Entry;
use crate::resources::Unread;

pub(in super::super) const CATEGORY: Category = Category {
    name: "delivery",
    title: "delivery",
    needs: &["credentials", "stack-there"],
    checks: &[
        Check::new("delivers", "the newest delivery to each destination was accepted", delivers),
        Check::new("silent-token", "a wrong token would be noticed", silent_token),
    ],
};

/// The last word of the forwarder's log on a destination.
#[derive(Debug, Clone, Default, PartialEq)]
struct Last {
    /// When it accepted events, in milliseconds since 1970.
    delivered: Option<i64>,
    /// Whether only its kernel gave the receipt for them: its process may never read them.
    unproven: bool,
    /// When it failed, the kind of the failure and its details.
    failed: Option<(i64, String, String)>,
}

impl Last {
    /// Reads it out of lines in the order of their times.
    fn of(lines: &[Line], name: &str) -> Self {
        let mut last = Self::default();
        for (at, entry) in lines {
            match entry {
                Entry::Invocation(invocation) => {
                    let Some(did) = invocation.destinations.get(name) else { continue };
                    // Where the time ran out while it accepted events, it is slow and refuses nothing.
                    let refuses = did
                        .failure
                        .as_deref()
                        .filter(|kind| !(*kind == FailureKind::Deadline.name() && did.has_delivered()));
                    if did.has_delivered() {
                        last.delivered = Some(*at);
                        last.unproven = did.receipts_unproven.is_some_and(|receipts| receipts > 0);
                    }
                    if let Some(kind) = refuses {
                        last.failed = Some((*at, kind.to_owned(), did.detail.clone().unwrap_or_default()));
                    }
                }
                Entry::Note(note) if note.destination() == Some(name) => {
                    let Some(kind) = note.failure() else { continue };
                    let detail = note.detail().unwrap_or_default();
                    last.failed = Some((*at, kind.to_owned(), detail.to_owned()));
                }
                _ => {}
            }
        }
        last
    }

    /// The failure, if nothing was accepted since.
    fn failing(&self) -> Option<&(i64, String, String)> {
        self.failed.as_ref().filter(|(at, ..)| self.delivered.is_none_or(|delivered| delivered < *at))
    }
}

/// The name and settings of a destination, and the function that serves it.
type Served<'a> = (&'a str, &'a Destination, Forwarder<'a>);

/// All destinations; none where there is no configuration.
fn served(evidence: &Evidence) -> Result<Vec<Served<'_>>, Finding> {
    evidence.read(Unread::Function, |_| ())?;
    let forwarders = evidence.forwarders()?;
    let all = evidence.around.config.iter().flat_map(|config| &config.destinations);
    let served = all.filter_map(|(name, settings)| {
        let own = forwarders.iter().find(|forwarder| forwarder.subject == Some(name.as_str()));
        Some((name.as_str(), settings, own.or(forwarders.first())?.clone()))
    });
    Ok(served.collect())
}

fn delivers(evidence: &Evidence) -> Judged {
    let findings = served(evidence)?.into_iter().map(|(name, settings, forwarder)| {
        let place = Place {
            name,
            settings,
            file: evidence.around.file.as_deref(),
            timeout: forwarder.function.map_or(0, |function| function.timeout_seconds),
            at_once: forwarder.living().map(|trigger| trigger.parallelization).max().unwrap_or(1),
        };
        let finding = match forwarder.log.map(|log| &log.lines) {
            None => Finding::unknown("the log of its function was not read"),
            Some(Err(unknown)) => Finding::from(unknown),
            Some(Ok(lines)) => judge(lines, &place, evidence.now),
        };
        finding.about(Some(name)).with("service", settings.type_name())
    });
    Ok(findings.collect())
}

/// Judges by the lines of the function that serves it; `now` is in milliseconds since 1970.
fn judge(lines: &Lines, place: &Place<'_>, now: i64) -> Finding {
    let last = Last::of(&lines.lines, place.name);
    let before = |at: i64| span((now - at).max(0));
    let Some((at, kind, detail)) = last.failing() else {
        let Some(delivered) = last.delivered else {
            let window = before(lines.from);
            return Finding::unknown(format!(
                "nothing was sent to it in the last {window}: `cwl2le test` proves it"
            ));
        };
        let failed =
            last.failed.as_ref().map(|(at, kind, _)| format!(", last failure {} ago ({kind})", before(*at)));
        let found = format!("delivered {} ago{}", before(delivered), failed.unwrap_or_default());
        if last.unproven {
            return Finding::warn(format!("{found}; nothing proves that the log service has read it"))
                .with("receipt", "unproven")
                .advise(
                    "the log service accepts the connection and does not close its side: it may hang. `cwl2le test` sends \
                     a line to look for; if it arrives, set `receipt = \"acknowledged\"` for this destination",
                );
        }
        return Finding::ok(found);
    };
    let because = if detail.is_empty() { String::new() } else { format!(": {}", one_line(detail)) };
    let last = last.delivered.map_or_else(String::new, |at| format!(", last delivery {} ago", before(at)));
    let finding = Finding::fault(format!("{kind}{because}; failed {} ago{last}", before(*at)))
        .with("failure", kind.clone())
        .since(seconds(*at));
    match FailureKind::of_name(kind) {
        Some(kind) => place.remedy(kind, finding),
        None => finding
            .advise("use the cwl2le that deployed the forwarder: this one does not know such a failure"),
    }
}

fn silent_token(evidence: &Evidence) -> Judged {
    let silent = served(evidence)?
        .into_iter()
        .filter(|(_, settings, _)| matches!(settings, Destination::Logentries(_)));
    let findings = silent.map(|(name, ..)| {
        Finding::warn("the service accepts lines with a wrong token and silently drops them")
            .about(Some(name))
            .advise("look for the canary of this command in the log that the token belongs to")
            .fix(Command::own(["test", "--destination", name]))
    });
    Ok(findings.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::finding::State;
    use super::*;

    const NOW: i64 = 1_790_000_000_000;

    fn judged(lines: &[(i64, serde_json::Value)]) -> Finding {
        let settings = json!({"type": "logentries", "region": "eu", "token": {"ssm": "/t"}});
        let settings: Destination = serde_json::from_value(settings).expect("a destination");
        let place = Place { name: "app", settings: &settings, file: None, timeout: 60, at_once: 1 };
        let lines =
            lines.iter().map(|(ago, line)| (NOW - ago * 1000, Entry::read(&line.to_string()))).collect();
        judge(&Lines { from: NOW - 3_600_000, lines, is_whole: true }, &place, NOW)
    }

    fn line(delivered: u64, failure: Option<&str>) -> serde_json::Value {
        json!({"Version": "0.2.0", "Destinations": {"app": {"EventsDelivered": delivered, "Failure": failure}}})
    }

    #[test]
    fn the_newest_word_on_a_destination_counts() {
        let (fails, works) = (line(0, Some("connect")), line(5, None));
        let finding = judged(&[(60, works.clone()), (30, fails.clone())]);
        assert_eq!(
            (finding.state, finding.found.as_str()),
            (State::Fault, "connect; failed 30 s ago, last delivery 1 min ago")
        );
        let finding = judged(&[(60, fails.clone()), (30, works)]);
        assert_eq!(
            (finding.state, finding.found.as_str()),
            (State::Ok, "delivered 30 s ago, last failure 1 min ago (connect)")
        );
        assert_eq!(
            judged(&[(60, fails), (30, line(0, None))]).state,
            State::Fault,
            "it had nothing to deliver"
        );
        assert_eq!(judged(&[]).state, State::Unknown, "nothing is not a success");
        let unproven = |receipts: u64| json!({"Version": "0.2.0", "Destinations": {"app": {"EventsDelivered": 5, "ReceiptsUnproven": receipts}}});
        let finding = judged(&[(60, unproven(0)), (30, unproven(1))]);
        assert_eq!(finding.state, State::Warn, "it accepts and never reads");
        assert!(finding.found.starts_with("delivered 30 s ago; nothing proves"), "{}", finding.found);
        assert_eq!(judged(&[(60, unproven(1)), (30, unproven(0))]).state, State::Ok, "it reads now");
        assert_eq!(
            judged(&[(30, line(3, Some("deadline")))]).state,
            State::Ok,
            "it is slow and takes events"
        );
        assert_eq!(judged(&[(30, line(0, Some("new-kind")))]).state, State::Fault, "of a newer forwarder");
    }
}
