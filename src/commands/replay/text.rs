//! The report for people.

use std::fmt;

use super::args::From;
use super::reading::ELSEWHERE;
use super::report::ReplayReport;
use super::sink::Target;
use super::source::Found;
use super::tally::Unreadable;
use super::time::rfc3339;
use crate::output::quantity::{count, plural, size, span};
use crate::output::style::{BAD, BOLD, DIM, GOOD, WARN};
use crate::output::{Table, hanging, visible, width};

/// Maximum number of log groups that are shown.
const GROUPS: usize = 10;

/// A number with its thousands apart.
fn digits(of: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 53 bits")]
    count(of as f64)
}

/// A number of things, such as `3 412 records`.
fn number(of: u64, thing: &str) -> String {
    format!("{} {thing}{}", digits(of), if of == 1 { "" } else { "s" })
}

/// What there is, in lines.
pub(super) fn found(from: From, found: &Found) -> Vec<String> {
    if let (true, Some(since), Some(until)) = (from.is_timed(), found.oldest, found.newest) {
        let what = match from {
            From::Stream => format!(
                "{} of {}",
                number(found.objects, "shard"),
                found.places.iter().map(visible).collect::<String>()
            ),
            _ => number(found.objects, "subscription"),
        };
        let text = format!("{}: {what}, from {} to {}", from.name(), rfc3339(since), rfc3339(until));
        return vec![hanging("", &text, width())];
    }
    let places = found.places.iter().map(visible).collect::<Vec<_>>().join(", ");
    let mut text =
        format!("{}: {} in {places}, {}", from.name(), number(found.objects, "object"), size(found.bytes));
    if let (Some(oldest), Some(newest)) = (found.oldest, found.newest) {
        text += &format!(", kept from {} to {}", rfc3339(oldest), rfc3339(newest));
    }
    let mut lines = vec![hanging("", &text, width())];
    if found.sent_before > 0 {
        let before = format!("{} that an earlier replay has sent", plural(found.sent_before, "more object"));
        lines.push(hanging("  ", &before, width()));
    }
    lines
}

/// The place that records go to.
fn place(to: &Target) -> String {
    let kind = if to.has_receipts { "to the destination" } else { "into the stream" };
    format!("{kind} {}", visible(&to.name))
}

/// Where it goes, in lines.
pub(super) fn target(to: &Target) -> Vec<String> {
    let rate =
        to.records_a_second.map(|rate| format!(", at most {} a second", number(rate.into(), "record")));
    let text = format!("{}{}", place(to), rate.unwrap_or_default());
    let notes = to.notes.iter().map(|note| hanging("  - ", note, width()));
    std::iter::once(hanging("", &text, width())).chain(notes).collect()
}

impl ReplayReport {
    fn is_empty(&self) -> bool {
        self.found.objects == 0
    }

    /// The URL of an object, by its key.
    fn url(&self, key: &str) -> String {
        let bucket =
            self.found.places.iter().find_map(|place| place.strip_prefix("s3://")?.split('/').next());
        bucket.map_or_else(|| key.to_owned(), |bucket| format!("s3://{bucket}/{key}"))
    }

    /// What stands in the objects.
    fn contents(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let shown = self.log_groups.iter().take(GROUPS);
        let mut table = Table::plain().indent(4).names([0]).numbers([1]);
        for group in shown {
            table.row([visible(&group.log_group), number(group.events, "event")]);
        }
        if !table.is_empty() && !self.log_groups.is_empty() {
            lines.push(table.to_string());
        }
        if let Some(more) = self.log_groups.len().checked_sub(GROUPS).filter(|more| *more > 0) {
            lines.push(format!("    and {}", plural(more as u64, "more log group")));
        }
        if self.sent_before > 0 {
            lines.push(hanging(
                "  ",
                &format!("{} sent by an earlier replay", number(self.sent_before, "record")),
                width(),
            ));
        }
        if self.copies > 0 {
            let text =
                format!("{} kept twice, for two functions; each is sent once", number(self.copies, "record"));
            lines.push(hanging("  ", &text, width()));
        }
        lines
    }

    /// What is not sent and why.
    fn not_sent(&self) -> Vec<String> {
        let lead = format!("  {WARN}not sent:{WARN:#} ");
        let mut lines: Vec<String> = self
            .left
            .iter()
            .map(|left| {
                let events = if left.events > 0 {
                    format!(", {}", number(left.events, "event"))
                } else {
                    String::new()
                };
                let more = match left.why.as_str() {
                    "refused" => "a destination refused events of them; `--reason refused` sends them",
                    ELSEWHERE => "the routes lead them to other destinations",
                    _ => "the forwarder would set them aside again",
                };
                let text =
                    format!("{}{events}: {} ({more})", number(left.records, "record"), visible(&left.why));
                hanging(&lead, &text, width())
            })
            .collect();
        if let Some(gone) = &self.gone {
            let lead = format!("  {BAD}gone:{BAD:#} ");
            let text = format!(
                "what arrived from {} to {} may have left the stream before it was read; its events may still be in \
                 their log groups: `--from log-groups`",
                gone.since, gone.until
            );
            lines.push(hanging(&lead, &text, width()));
        }
        let lead = format!("  {WARN}not found:{WARN:#} ");
        let absent = |name: &String| format!("nothing of {} arrived in that time", visible(name));
        lines.extend(self.absent.iter().map(|name| hanging(&lead, &absent(name), width())));
        let bad = format!("  {BAD}cannot be read:{BAD:#} ");
        for Unreadable { name, why } in &self.unreadable {
            lines.push(hanging(&bad, &visible(why), width()));
            // It stays whole, to be pasted.
            lines.push(format!("    {}", visible(self.url(name))));
        }
        let more = self.unreadable_objects - self.unreadable.len() as u64;
        if more > 0 {
            lines.push(hanging(&bad, &plural(more, "more object"), width()));
        }
        lines
    }

    /// What became of the events at the destination.
    fn delivered(&self) -> Vec<String> {
        let Some(delivery) = &self.delivery else { return Vec::new() };
        let mut counts = vec![format!("{} delivered", number(delivery.delivered, "event"))];
        let others = [(delivery.filtered, "dropped by rules"), (delivery.skipped, "skipped")];
        counts.extend(
            others.iter().filter(|(of, _)| *of > 0).map(|(of, what)| format!("{} {what}", digits(*of))),
        );
        let mut lines = vec![hanging("  ", &counts.join(", "), width())];
        if delivery.refused > 0 {
            let lead = format!("  {BAD}refused:{BAD:#} ");
            lines.push(hanging(&lead, &number(delivery.refused, "event"), width()));
            let why = delivery.reasons.iter().map(|why| hanging("    - ", &visible(why), width()));
            lines.extend(why);
        }
        if delivery.to_repeat > 0 {
            let lead = format!("  {WARN}again:{WARN:#} ");
            let text = format!(
                "{} confirmed, of records of which others are not: another replay sends them again",
                number(delivery.to_repeat, "event")
            );
            lines.push(hanging(&lead, &text, width()));
        }
        if delivery.possible_duplicates > 0 {
            let lead = format!("  {WARN}twice:{WARN:#} ");
            let text = format!(
                "{} sent without a receipt may arrive twice",
                number(delivery.possible_duplicates, "event")
            );
            lines.push(hanging(&lead, &text, width()));
        }
        lines
    }

    /// The objects, each below what is known of it: their names stay whole, and few windows have room for them beside it.
    fn list(&self) -> String {
        let mut table = Table::new(["KEPT AT", "RECORDS", "EVENTS", "REASON"]).numbers([1, 2]).names([3]);
        let mut keys = Vec::new();
        for row in &self.rows {
            let reasons = row.reasons.iter().map(visible).collect::<Vec<_>>().join(", ");
            let reasons = if row.unreadable.is_some() { "cannot be read".to_owned() } else { reasons };
            table.row([row.kept_at.clone(), digits(row.records), digits(row.events), reasons]);
            let key = self.found.places.iter().find_map(|place| {
                let prefix = place.strip_prefix("s3://")?.split_once('/')?.1;
                row.key.strip_prefix(prefix)
            });
            keys.push(format!("  {}", visible(key.unwrap_or(&row.key))));
        }
        let table = table.to_string();
        let mut rows = table.lines().map(ToOwned::to_owned);
        let names = rows.next();
        names
            .into_iter()
            .chain(rows.zip(keys).flat_map(|(row, key)| [row, key]))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The first line of a run that was to send something.
    fn verdict(&self, to: &Target) -> String {
        let all = number(self.chosen.records, "record");
        let sent = match self.sent.records {
            records if records == self.chosen.records => all,
            records => format!("{} of {all}", digits(records)),
        };
        let lead =
            if self.complete { format!("{GOOD}sent{GOOD:#} ") } else { format!("{BAD}sent only{BAD:#} ") };
        let lead = if self.limited && self.refused() == 0 && self.failure.is_none() && self.stopped.is_none()
        {
            "sent ".to_owned()
        } else {
            lead
        };
        let text = format!("{sent} ({}) {}", number(self.sent.events, "event"), place(to));
        hanging(&lead, &text, width())
    }

    /// How another run goes on.
    fn goes_on(&self) -> &'static str {
        match self.resume_at {
            Some(_) => "the command below goes on; what was sent of that time is sent again",
            None => "the same command goes on where this run ended",
        }
    }

    /// How the run ended.
    fn end(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let bad = |word: &str| format!("  {BAD}{word}:{BAD:#} ");
        if let Some(why) = &self.failure {
            lines.push(hanging(&bad("not taken"), &visible(why), width()));
        }
        if let Some(stopped) = &self.stopped {
            lines.push(hanging(&bad("stopped"), &visible(stopped), width()));
        }
        if self.not_noted > 0 {
            let text = format!(
                "{} sent and not noted: another replay sends them again",
                number(self.not_noted, "record")
            );
            lines.push(hanging(&bad("twice"), &text, width()));
        }
        if self.possible_duplicates > 0 && self.delivery.is_none() {
            let lead = format!("  {WARN}perhaps twice:{WARN:#} ");
            let text = format!(
                "{} whose arrival in the stream AWS did not confirm at first",
                number(self.possible_duplicates, "event")
            );
            lines.push(hanging(&lead, &text, width()));
        }
        if self.interrupted {
            lines.push(hanging("  ", &format!("stopped as you asked; {}", self.goes_on()), width()));
        } else if self.limited {
            lines.push(hanging("  ", &format!("stopped by --limit; {}", self.goes_on()), width()));
        } else if self.stopped.is_some() || self.failure.is_some() {
            lines.push(hanging("  ", self.goes_on(), width()));
        }
        for manifest in &self.manifests {
            lines.push(hanging("  ", &format!("noted in {}", visible(manifest)), width()));
        }
        lines
    }
}

impl fmt::Display for ReplayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        match &self.to {
            _ if self.cancelled => lines.push("nothing was sent".to_owned()),
            _ if self.is_empty() => {
                if self.from.is_timed() {
                    lines.push(match self.from {
                        From::Stream => "nothing to send: the stream has no shards of that time".to_owned(),
                        _ => "nothing to send: no such log group is subscribed by this stack".to_owned(),
                    });
                    return f.write_str(&lines.join("\n"));
                }
                let places = self.found.places.iter().map(visible).collect::<Vec<_>>().join(", ");
                let text = match self.found.sent_before {
                    0 => format!("nothing to send: {places} is empty, or holds nothing of that time"),
                    before => format!(
                        "nothing to send: {} in {places} sent by an earlier replay; --again sends them again",
                        number(before, "object")
                    ),
                };
                lines.push(hanging("", &text, width()));
            }
            Some(to) if !self.dry_run => {
                lines.push(self.verdict(to));
                lines.extend(self.delivered());
                lines.extend(self.contents());
                lines.extend(self.not_sent());
                lines.extend(self.end());
            }
            to => {
                lines.extend(found(self.from, &self.found));
                let counts = format!(
                    "{BOLD}{}{BOLD:#}, {}, {}",
                    number(self.chosen.records, "record"),
                    number(self.chosen.events, "event"),
                    size(self.chosen.bytes)
                );
                lines.push(hanging("  ", &counts, width()));
                lines.extend(self.contents());
                lines.extend(self.not_sent());
                match to {
                    None => lines.push(format!("\n{}", self.list())),
                    Some(to) => {
                        lines.extend(target(to));
                        if let Some(rate) = to.records_a_second.filter(|_| self.chosen.records > 0) {
                            #[expect(clippy::cast_precision_loss, reason = "it is rounded")]
                            let seconds = self.chosen.records as f64 / f64::from(rate);
                            lines.push(format!("  takes at least {}", span(seconds)));
                        }
                        lines.push(format!("{DIM}nothing was sent: --dry-run{DIM:#}"));
                    }
                }
            }
        }
        if !self.next.is_empty() {
            lines.push(format!("\n{}", self.next));
        }
        f.write_str(&lines.join("\n"))
    }
}
