//! What passes each hop, a row each in the order of the data.

use super::report::{Destination, StatusReport};
use crate::output::quantity::{count, rate, span};
use crate::output::{visible, wrapped};

/// Maximum number of columns of a name.
const NAME: usize = 18;
/// Minimum columns of the terminal for notes to stand beside the numbers.
const WIDE: usize = 80;

/// One hop.
struct Row {
    mark: char,
    name: String,
    counted: Option<f64>,
    /// What is counted.
    unit: &'static str,
    /// Whether there are at least as many.
    is_least: bool,
    notes: Vec<String>,
}

/// The rows, with their heading.
pub(super) fn rows(report: &StatusReport) -> Vec<String> {
    #[expect(clippy::cast_precision_loss, reason = "seconds of a day are exact")]
    let window = report.window as f64;
    let mut rows = vec![log_groups(report), stream(report), forwarder(report)];
    rows.extend(report.destinations.iter().map(destination));
    let names = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or_default().min(NAME);
    let cells: Vec<(String, String)> = rows.iter().map(|row| cells(row, window)).collect();
    let counts = cells.iter().map(|(counted, _)| counted.chars().count()).max().unwrap_or_default();
    let heading = format!("last {}", span(window));
    let names = names.max(heading.chars().count());
    let mut lines = vec![format!("  {heading:<names$}  {:>counts$}  {:>8}", "", "a second")];
    for (row, (counted, rate)) in rows.iter().zip(&cells) {
        let name: String = match row.name.chars().count() > NAME {
            true => row.name.chars().take(NAME - 1).chain(['…']).collect(),
            false => row.name.clone(),
        };
        let notes = row.notes.join(", ");
        let line = format!("{} {name:<names$}  {counted:>counts$}  {rate:>8}", row.mark);
        let room = report.width.saturating_sub(line.chars().count() + 3);
        if notes.is_empty() {
            lines.push(line);
        } else if report.width >= WIDE && notes.chars().count() <= room {
            lines.push(format!("{line}   {notes}"));
        } else {
            lines.push(line);
            lines.extend(wrapped(&notes, report.width.saturating_sub(6)).map(|note| format!("      {note}")));
        }
    }
    lines
}

fn cells(row: &Row, window: f64) -> (String, String) {
    let Some(counted) = row.counted else { return (format!("? {}", row.unit), "?".to_owned()) };
    let least = if row.is_least { "at least " } else { "" };
    (format!("{least}{} {}", count(counted), row.unit), rate(counted / window.max(1.0)))
}

#[expect(clippy::cast_precision_loss, reason = "counts of a day are exact in 53 bits")]
fn number(count: Option<u64>) -> Option<f64> {
    count.map(|count| count as f64)
}

/// A count with what it is of, such as `0 throttled`, `1 event filtered` or `? throttled`.
fn note(of: Option<u64>, what: &str) -> String {
    match (number(of), what.split_once("s ")) {
        (Some(1.0), Some((one, rest))) => format!("1 {one} {rest}"),
        (Some(of), _) => format!("{} {what}", count(of)),
        (None, _) => format!("? {what}"),
    }
}

fn mark(is_bad: bool) -> char {
    if is_bad { '!' } else { ' ' }
}

fn some(count: Option<u64>) -> bool {
    count.is_some_and(|count| count > 0)
}

fn log_groups(report: &StatusReport) -> Row {
    let of = report.flow.forwarded;
    Row {
        mark: mark(some(of.errors)),
        name: "log groups".to_owned(),
        counted: number(of.events),
        unit: "events",
        is_least: of.events.is_some() && !of.is_whole,
        notes: vec![note(of.errors, "lost"), note(of.throttled, "throttled")],
    }
}

fn stream(report: &StatusReport) -> Row {
    let of = report.flow.stream;
    let busiest = of.busiest_percent.map(|percent| format!("{percent} % full in its busiest minute"));
    Row {
        mark: ' ',
        name: "stream".to_owned(),
        counted: number(of.records),
        unit: "records",
        is_least: false,
        notes: [Some(note(of.throttled, "throttled")), busiest].into_iter().flatten().collect(),
    }
}

fn forwarder(report: &StatusReport) -> Row {
    let (of, out) = (report.flow.forwarder, report.flow.delivered);
    let mut notes = vec![note(of.records_failed, "records failed")];
    let more = [
        (of.errors, "invocations failed"),
        (of.throttles, "throttled"),
        (out.filtered, "events filtered"),
        (out.quarantined, "events quarantined"),
    ];
    notes.extend(more.into_iter().filter(|(count, _)| some(*count)).map(|(count, what)| note(count, what)));
    Row {
        mark: mark(some(of.records_failed) || some(of.errors) || some(of.throttles)),
        name: "forwarder".to_owned(),
        counted: number(of.invocations),
        unit: "calls",
        is_least: false,
        notes,
    }
}

fn destination(of: &Destination) -> Row {
    #[expect(clippy::cast_precision_loss, reason = "seconds of an hour are exact")]
    let last = of.age.map(|age| format!("last delivery {} ago", span(age as f64)));
    let failure = of.failure.as_ref().map(visible);
    let receipt =
        of.receipt_ms.filter(|_| failure.is_none()).map(|ms| format!("receipt {}", span(ms / 1000.0)));
    let service = Some(visible(&of.service)).filter(|service| !service.is_empty());
    Row {
        mark: mark(of.failing_since.is_some()),
        name: visible(&of.name),
        counted: number(of.delivered),
        unit: "events",
        is_least: false,
        notes: [service, failure, receipt, last].into_iter().flatten().collect(),
    }
}
