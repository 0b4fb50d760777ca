//! How a preview looks to a person.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use cwl2le_forwarder::secret::TOKEN_STAND_IN;

use super::report::{Cost, End, Month, PreviewReport, Seen, time};
use crate::output::style::{BAD, BOLD, DIM, GOOD, WARN};
use crate::output::{Table, visible};

/// Maximum number of characters of a text that are shown.
const LONGEST: usize = 400;
/// Maximum number of parts of a line that are shown.
const MOST_PARTS: usize = 3;

impl fmt::Display for PreviewReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{BOLD}{}{BOLD:#} from {} to {}", visible(&self.log_group), self.from, self.until)?;
        writeln!(f, "configuration: {}", visible(&self.configuration))?;
        match &self.route {
            Some(route) => writeln!(f, "rules: those of the route {}", visible(route))?,
            None => writeln!(f, "rules: none, no route matches")?,
        }
        let shown = samples(&self.events, self.samples);
        for seen in &shown {
            write!(f, "\n{seen}")?;
        }
        if shown.len() < self.events.len() {
            let all = "all: --output json; more: --samples N";
            write!(f, "\n{DIM}{} of {} events are shown ({all}){DIM:#}\n", shown.len(), self.events.len())?;
        }
        write!(f, "\n{}", self.counts())?;
        for dropped in &self.dropped {
            let (events, bytes) = (dropped.events, dropped.message_bytes);
            write!(
                f,
                "\ndropped by {}: {events} events, {bytes} bytes: {}",
                visible(&dropped.rule),
                visible(&dropped.says)
            )?;
        }
        if !self.complete {
            let covered = humantime::format_duration(Duration::from_secs_f64(self.covered_seconds.ceil()));
            write!(f, "\nthere are more events: the first {covered} were read; --limit N reads further")?;
        }
        match &self.month {
            Some(month) => write!(f, "\n\n{}", Estimate(month, self)),
            None => f.write_str("\nno event was read: nothing can be estimated"),
        }
    }
}

impl PreviewReport {
    /// What is sent without the rules and with them.
    fn counts(&self) -> Table {
        let mut table = Table::new(["", "without the rules", "with them"]);
        for flow in &self.destinations {
            let to = &flow.destination;
            table.row([
                format!("events to {to}"),
                flow.events_before.to_string(),
                flow.events_after.to_string(),
            ]);
            table.row([
                format!("bytes to {to}"),
                flow.bytes_before.to_string(),
                flow.bytes_after.to_string(),
            ]);
        }
        table.row([format!("of {} events read", self.events_read), String::new(), self.ends()]);
        table
    }

    fn ends(&self) -> String {
        let mut ends = format!("{} sent", self.events_sent);
        for (count, what) in [
            (self.events_redacted, "of them redacted"),
            (self.events_dropped, "dropped"),
            (self.events_refused, "refused"),
        ] {
            if count > 0 {
                ends += &format!(", {count} {what}");
            }
        }
        ends
    }
}

/// What it comes to in a month.
struct Estimate<'a>(&'a Month, &'a PreviewReport);

impl fmt::Display for Estimate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(month, report) = self;
        let covered = humantime::format_duration(Duration::from_secs_f64(report.covered_seconds.ceil()));
        let mut table = Table::new(["a month, estimated", "without the rules", "with them"]);
        let amount = |number: f64| format!("{number:.3}");
        table.row(["GB".to_owned(), amount(month.gb_before), amount(month.gb_after)]);
        if let Some(cost) = &month.log_service {
            row(&mut table, &format!("log service, at {} a GB", cost.price_per_gb), cost);
        }
        row(
            &mut table,
            &format!("AWS data out, at {} USD a GB", month.aws_data_out.price_per_gb),
            &month.aws_data_out,
        );
        write!(
            f,
            "{table}\n{DIM}as if all of 30 days were like these {covered}; stream and function cost the same with any rules"
        )?;
        if month.log_service.is_none() {
            f.write_str("; give --price-per-gb for what the log service charges")?;
        }
        write!(f, "{DIM:#}")
    }
}

fn row(table: &mut Table, what: &str, cost: &Cost) {
    table.row([what.to_owned(), format!("{:.2}", cost.before), format!("{:.2}", cost.after)]);
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = format!("{} {}", time(self.time), plain(&self.log_stream));
        match &self.end {
            End::Dropped { rule, message } => {
                writeln!(f, "{WARN}- {at}: dropped by {}{WARN:#}", visible(rule))?;
                writeln!(f, "    {DIM}{}{DIM:#}", plain(message))?;
            }
            End::Refused { why } => writeln!(f, "{BAD}! {at}: never sent, {}{BAD:#}", visible(why))?,
            End::Sent => {
                for line in &self.lines {
                    let (style, sign) = if self.redacted { (WARN, '~') } else { (GOOD, '=') };
                    let redacted = if self.redacted { ", redacted" } else { "" };
                    let parts = match line.parts.len() {
                        0 | 1 => String::new(),
                        parts => format!(", in {parts} parts"),
                    };
                    let (to, bytes) = (visible(&line.destination), line.bytes);
                    writeln!(f, "{style}{sign} {at} -> {to}: {bytes} bytes{redacted}{parts}{style:#}")?;
                    for part in line.parts.iter().take(MOST_PARTS) {
                        writeln!(f, "    {}", plain(&part.replace(TOKEN_STAND_IN, "[token]")))?;
                    }
                }
            }
        }
        if let Some(before) = &self.before {
            writeln!(f, "    {DIM}before: {}{DIM:#}", plain(before.trim_end()))?;
        }
        Ok(())
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
