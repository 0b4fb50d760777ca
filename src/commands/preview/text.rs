//! How a preview looks to a person.

use std::collections::BTreeMap;
use std::fmt;

use cwl2le_forwarder::secret::TOKEN_STAND_IN;

use super::report::{Cost, End, Month, PreviewReport, Seen, time};
use crate::output::style::{BAD, BOLD, DIM, GOOD, WARN};
use crate::output::{Table, hanging, indented, quantity, visible, width};

/// Maximum number of characters of a text that are shown.
const LONGEST: usize = 400;
/// Maximum number of parts of a line that are shown.
const MOST_PARTS: usize = 3;
/// Columns before the text of an event, and before what of it does not fit a line.
const INDENT: (&str, usize) = ("    ", 6);
/// Characters of the day in a time in RFC 3339.
const DAY: usize = 10;
/// Characters of day and time to the second.
const SECOND: usize = 19;

impl fmt::Display for PreviewReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!("{BOLD}{}{BOLD:#} · {}", visible(&self.log_group), self.window());
        writeln!(f, "{}", indented("", &head, 2, width()))?;
        let rules = match &self.route {
            Some(route) => format!("rules of the route {}", visible(route)),
            None => "no rules: no route matches".to_owned(),
        };
        let head = format!("{DIM}configuration: {} · {rules}{DIM:#}", visible(&self.configuration));
        writeln!(f, "{}", indented("", &head, 2, width()))?;
        let shown = samples(&self.events, self.samples);
        let mut log_stream = None;
        for seen in &shown {
            if log_stream != Some(&seen.log_stream) {
                log_stream = Some(&seen.log_stream);
                let text = format!("{DIM}log stream {}{DIM:#}", plain(&seen.log_stream));
                write!(f, "\n{}", indented("", &text, 2, width()))?;
            }
            write!(f, "\n{}", seen.text(self.is_one_day()))?;
        }
        if !shown.is_empty() {
            f.write_str("\n")?;
        }
        if shown.len() < self.events.len() {
            let all = "all: --output json; more: --samples N";
            let text =
                format!("{DIM}{} of {} events are shown ({all}){DIM:#}", shown.len(), self.events.len());
            writeln!(f, "\n{}", indented("", &text, 2, width()))?;
        }
        let read = format!("{} events read: {}", whole(self.events_read), self.ends());
        write!(f, "\n{}\n\n{}", indented("", &read, 2, width()), self.counts())?;
        if !self.dropped.is_empty() {
            write!(f, "\n\n{}", self.drops())?;
        }
        if !self.complete {
            let covered = quantity::span(self.covered_seconds.ceil());
            let text =
                format!("There are more events: only the first {covered} were read. --limit N reads more.");
            write!(f, "\n\n{}", hanging("", &text, width()))?;
        }
        match &self.month {
            Some(month) => write!(f, "\n\n{}", Estimate(month, self)),
            None => f.write_str("\n\nNo event was read: nothing can be estimated."),
        }
    }
}

impl PreviewReport {
    fn is_one_day(&self) -> bool {
        self.from.get(..DAY) == self.until.get(..DAY)
    }

    /// The time that was asked for, such as `2016-09-17 10:28:49 to 11:28:49 UTC`.
    fn window(&self) -> String {
        let from = self.from.get(..SECOND).unwrap_or(&self.from).replace('T', " ");
        let until = self.until.get(..SECOND).unwrap_or(&self.until).replace('T', " ");
        let until = if self.is_one_day() { until.get(DAY + 1..).unwrap_or(&until) } else { &until };
        format!("{from} to {until} UTC")
    }

    /// What is sent without the rules and with them.
    fn counts(&self) -> Table {
        let mut table = Table::new(["", "without rules", "with rules", "change"]).numbers([1, 2, 3]);
        for flow in &self.destinations {
            let to = visible(&flow.destination);
            let mut row = |what: &str, before: u64, after: u64| {
                let change = change(before as f64, after as f64);
                table.row([format!("{what} to {to}"), whole(before), whole(after), change]);
            };
            row("events", flow.events_before, flow.events_after);
            row("bytes", flow.bytes_before, flow.bytes_after);
        }
        table
    }

    /// What each rule drops.
    fn drops(&self) -> Table {
        let mut table = Table::new(["dropped by", "events", "bytes", "rule"]).numbers([1, 2]);
        for dropped in &self.dropped {
            let says = format!("{DIM}{}{DIM:#}", visible(&dropped.says));
            table.row([visible(&dropped.rule), whole(dropped.events), whole(dropped.message_bytes), says]);
        }
        table
    }

    fn ends(&self) -> String {
        let mut ends = format!("{GOOD}{} sent{GOOD:#}", whole(self.events_sent));
        for (count, what, style) in [
            (self.events_redacted, "of them redacted", WARN),
            (self.events_dropped, "dropped", WARN),
            (self.events_refused, "refused", BAD),
        ] {
            if count > 0 {
                ends += &format!(", {style}{} {what}{style:#}", whole(count));
            }
        }
        ends
    }
}

fn whole(number: u64) -> String {
    quantity::count(number as f64)
}

/// What the rules make of a number, in percent; nothing where they make no difference.
fn change(before: f64, after: f64) -> String {
    if before <= 0.0 || (before - after).abs() < f64::EPSILON {
        return String::new();
    }
    format!("{DIM}{:+.0} %{DIM:#}", (after / before - 1.0) * 100.0)
}

/// What it comes to in a month.
struct Estimate<'a>(&'a Month, &'a PreviewReport);

impl fmt::Display for Estimate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(month, report) = self;
        let covered = quantity::span(report.covered_seconds.ceil());
        let heads = ["a month, estimated", "without rules", "with rules", "change"];
        let mut table = Table::new(heads).numbers([1, 2, 3]);
        let amount = |number: f64| format!("{number:.3}");
        let (before, after) = (month.gb_before, month.gb_after);
        table.row(["GB".to_owned(), amount(before), amount(after), change(before, after)]);
        if let Some(cost) = &month.log_service {
            row(&mut table, &format!("log service, at {} a GB", cost.price_per_gb), cost);
        }
        let out = &month.aws_data_out;
        row(&mut table, &format!("AWS data out, USD at {} a GB", out.price_per_gb), out);
        let mut text = format!(
            "Extrapolated from {covered} to 30 days. Stream and function cost the same with any rules."
        );
        text += &format!(" USD at {}.", month.prices);
        if month.log_service.is_none() {
            text += " Add --price-per-gb to include your log service.";
        }
        write!(f, "{table}\n{}", hanging("", &format!("{DIM}{text}{DIM:#}"), width()))
    }
}

fn row(table: &mut Table, what: &str, cost: &Cost) {
    let money = |amount: f64| format!("{amount:.2}");
    table.row([what.to_owned(), money(cost.before), money(cost.after), change(cost.before, cost.after)]);
}

impl Seen {
    /// What becomes of the event, and below it what is sent.
    fn text(&self, is_one_day: bool) -> String {
        let at = time(self.time);
        let at = at.trim_end_matches('Z').replace('T', " ");
        let at = if is_one_day { at.get(DAY + 1..).unwrap_or(&at) } else { &at };
        let head = |style: anstyle::Style, sign: char, text: &str| {
            let text = format!("{style}{sign}{style:#} {DIM}{at}{DIM:#}  {style}{text}{style:#}");
            indented("", &text, 2, width())
        };
        let body = |text: String| indented(INDENT.0, &text, INDENT.1, width());
        let mut lines = Vec::new();
        match &self.end {
            End::Dropped { rule, message } => {
                lines.push(head(WARN, '-', &format!("dropped by {}", visible(rule))));
                lines.push(body(format!("{DIM}{}{DIM:#}", plain(message))));
            }
            End::Refused { why } => lines.push(head(BAD, '!', &format!("never sent: {}", visible(why)))),
            End::Sent => {
                let mut said: Vec<&Vec<String>> = Vec::new();
                for line in &self.lines {
                    if said.contains(&&line.parts) {
                        continue;
                    }
                    said.push(&line.parts);
                    let same = self.lines.iter().filter(|other| other.parts == line.parts);
                    let to = same.map(|line| visible(&line.destination)).collect::<Vec<_>>().join(", ");
                    let (style, sign) = if self.redacted { (WARN, '~') } else { (GOOD, '=') };
                    let redacted = if self.redacted { ", redacted" } else { "" };
                    let parts = match line.parts.len() {
                        0 | 1 => String::new(),
                        parts => format!(", in {parts} parts"),
                    };
                    let bytes = whole(line.bytes as u64);
                    lines.push(head(style, sign, &format!("{to}: {bytes} bytes{redacted}{parts}")));
                    for part in line.parts.iter().take(MOST_PARTS) {
                        lines.push(body(self.marked(&plain(&part.replace(TOKEN_STAND_IN, "[token]")))));
                    }
                }
            }
        }
        if let Some(before) = &self.before {
            lines.push(body(format!("{DIM}before: {}{DIM:#}", plain(before.trim_end()))));
        }
        lines.join("\n")
    }

    /// A text with the labels that stand for what was taken out of it in another colour.
    fn marked(&self, text: &str) -> String {
        self.labels.iter().fold(text.to_owned(), |text, label| {
            let label = visible(label);
            text.replace(&label, &format!("{WARN}{label}{WARN:#}"))
        })
    }
}

/// A text that does nothing to a terminal, and not all of a long one.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for (at, character) in text.chars().enumerate() {
        if at == LONGEST {
            plain += &format!("... ({} characters)", text.chars().count());
            break;
        }
        plain.push(if character == '\t' { ' ' } else { character });
    }
    visible(plain)
}

/// At most `count` events, in order, with each kind of end among them: where most are dropped, others are shown, too.
pub(super) fn samples(events: &[Seen], count: usize) -> Vec<&Seen> {
    let mut kinds: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, seen) in events.iter().enumerate() {
        let end = match &seen.end {
            End::Sent => {
                let to =
                    seen.lines.iter().map(|line| format!("{} {}", line.destination, line.parts.len() > 1));
                format!("sent {} {}", seen.redacted, to.collect::<Vec<_>>().join(" "))
            }
            End::Dropped { rule, .. } => format!("dropped {rule}"),
            End::Refused { why } => format!("refused {why}"),
        };
        let kind = kinds.entry(end).or_default();
        if kind.len() < count {
            kind.push(at);
        }
    }
    let mut turns: Vec<(usize, usize)> =
        kinds.values().flat_map(|kind| kind.iter().copied().enumerate()).collect();
    turns.sort_unstable();
    turns.truncate(count);
    let mut chosen: Vec<usize> = turns.into_iter().map(|(_, at)| at).collect();
    chosen.sort_unstable();
    chosen.into_iter().map(|at| &events[at]).collect()
}
