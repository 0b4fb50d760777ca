//! What `cwl2le list` reports.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::flags::CommandLine;
use crate::health::{Unknown, Verdict};
use crate::output::quantity::span;
use crate::output::style::{BAD, GOOD, TYPED, WARN};
use crate::output::{Table, hanging, visible, width};

/// The stacks of an account and region.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct ListReport {
    /// The account id.
    pub account: String,
    /// The region.
    pub region: String,
    /// The stacks, by name.
    pub stacks: Vec<Row>,
    /// Whether tags tell whose the stacks are; otherwise they were found by names.
    pub by_tags: bool,
    /// Why there may be more stacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<Unknown>,
    /// Values of the tag `cwl2le:stack` that no stack can have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strangers: Vec<String>,
    /// The command that sets up a stack.
    #[serde(skip)]
    pub setup: CommandLine,
    /// The command that prints the policy of whoever is on call.
    #[serde(skip)]
    pub policies: CommandLine,
}

/// A stack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    /// Its name.
    pub stack: String,
    /// The version of cwl2le that deployed its forwarder; none where that is not known.
    pub version: Option<String>,
    /// The verdict, as `cwl2le status` has it; `unknown` where what decides could not be read.
    pub verdict: Verdict,
    /// Why, in a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Seconds that the forwarder is behind; none where that is not known.
    pub lag_seconds: Option<u64>,
    /// The log groups that lead into it; none where they are not known.
    pub log_groups: Option<LogGroups>,
    /// The names of its destinations; none where they are not known.
    pub destinations: Option<Vec<String>>,
    /// What there is of a stack that is not whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<String>,
    /// What could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Unknown>,
    /// The command that shows more of it.
    #[serde(skip)]
    pub status: CommandLine,
    /// The command that removes what is left of it.
    #[serde(skip)]
    pub teardown: CommandLine,
    /// The command that prints the policy of whoever is on call for it.
    #[serde(skip)]
    pub policies: CommandLine,
}

/// The log groups that lead into a stack.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct LogGroups {
    /// Number of those whose events its subscription filters forwarded within the last three hours.
    pub active: usize,
    /// Whether these are all.
    pub is_whole: bool,
    /// Whether an account policy leads every other log group into it, too.
    pub account_policy: bool,
}

impl fmt::Display for LogGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.account_policy, self.is_whole) {
            (true, _) => f.write_str("all"),
            (false, true) => write!(f, "{}", self.active),
            (false, false) => write!(f, "{}+", self.active),
        }
    }
}

/// Maximum number of characters of the names of destinations that a row shows.
const DESTINATIONS: usize = 24;

impl fmt::Display for ListReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, region, stacks, .. } = self;
        let place = format!("{} {}", visible(account), visible(region));
        match stacks.len() {
            0 if self.unseen.is_empty() => {
                write!(f, "no stack in {place}; `{TYPED}{}{TYPED:#}` creates one", visible(&self.setup))?;
            }
            0 => write!(f, "no stack was seen in {place}")?,
            1 => write!(f, "1 stack in {place}")?,
            n => write!(f, "{n} stacks in {place}")?,
        }
        if !stacks.is_empty() {
            write!(f, "\n\n{}", self.table())?;
        }
        stacks.iter().try_for_each(|row| row.write_more(f))?;
        for value in &self.strangers {
            write!(f, "\n! the tag cwl2le:stack has the value {}, which no stack can have", visible(value))?;
        }
        self.write_unknown(f)
    }
}

impl ListReport {
    fn table(&self) -> Table {
        let mut table = Table::new(["stack", "version", "verdict", "behind", "log groups", "destinations"]);
        for row in &self.stacks {
            let known = |value: Option<String>| value.unwrap_or_else(|| "?".to_owned());
            let style = match row.verdict {
                Verdict::Flowing | Verdict::Quiet => GOOD,
                Verdict::Unknown => WARN,
                _ => BAD,
            };
            table.row([
                visible(&row.stack),
                known(row.version.as_ref().map(visible)),
                format!("{style}{}{style:#}", row.verdict.name()),
                known(row.lag_seconds.map(|seconds| span(seconds as f64))),
                known(row.log_groups.map(|groups| groups.to_string())),
                known(row.destinations.as_deref().map(shortened)),
            ]);
        }
        table
    }

    /// What could not be read, and which policy would help.
    fn write_unknown(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.by_tags && !self.stacks.is_empty() {
            let text = "found by their names: they have no tags that say whether cwl2le made them";
            write!(f, "\n{}", hanging("? ", text, width()))?;
        }
        for unseen in &self.unseen {
            write!(f, "\n{}", hanging("? there may be more: ", &visible(&unseen.why), width()))?;
        }
        if self.unseen.iter().any(|unseen| unseen.action.is_some()) {
            write!(f, "\n  `{TYPED}{}{TYPED:#}` prints a policy that allows it", visible(&self.policies))?;
        }
        self.stacks.iter().try_for_each(|row| row.write_unknown(f))
    }
}

impl Row {
    /// What the row has no room for.
    fn write_more(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = visible(&self.stack);
        if let Some(why) = &self.why {
            write!(f, "\n{}", hanging(&format!("{BAD}!{BAD:#} {name}: "), &visible(why), width()))?;
        }
        if self.leftovers.is_empty() && self.why.is_some() {
            write!(f, "\n  `{TYPED}{}{TYPED:#}` shows more", visible(&self.status))?;
        }
        if !self.leftovers.is_empty() {
            f.write_str("\n  there is still:")?;
            self.leftovers.iter().try_for_each(|one| write!(f, "\n    {}", visible(one)))?;
            write!(f, "\n  `{TYPED}{}{TYPED:#}` removes it", visible(&self.teardown))?;
        }
        Ok(())
    }

    /// What could not be read.
    fn write_unknown(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.unknown.first() else { return Ok(()) };
        let denied: BTreeSet<&str> = self.unknown.iter().filter_map(|one| one.action.as_deref()).collect();
        if denied.is_empty() {
            let lead = format!("? {}: ", visible(&self.stack));
            return write!(f, "\n{}", hanging(&lead, &visible(&first.why), width()));
        }
        write!(f, "\n? {}: denied:", visible(&self.stack))?;
        denied.iter().try_for_each(|action| write!(f, "\n    {}", visible(action)))?;
        write!(f, "\n  `{TYPED}{}{TYPED:#}` prints a policy that allows it", visible(&self.policies))
    }
}

/// The names, as many as there is room for.
fn shortened(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let mut text = String::new();
    for (at, name) in names.iter().enumerate() {
        let name = visible(name);
        let gap = if at == 0 { "" } else { ", " };
        if at > 0 && text.chars().count() + gap.len() + name.chars().count() > DESTINATIONS {
            return format!("{text} and {} more", names.len() - at);
        }
        text = format!("{text}{gap}{name}");
    }
    text
}
