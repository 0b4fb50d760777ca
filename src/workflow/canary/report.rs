//! What a canary found.

use std::fmt;

use serde::Serialize;

use super::hop::{Hop, State};
use super::via::Via;
use crate::error::Exit;
use crate::flags::CommandLine;
use crate::output::style::{BAD, GOOD, HINT, TYPED};
use crate::output::{hanging, visible, width};

/// The result of `cwl2le test`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct CanaryReport {
    /// The id in the line: it is `cwl2le canary ID`.
    pub id: String,
    /// The stack.
    pub stack: String,
    /// The account id.
    pub account: String,
    /// The region.
    pub region: String,
    /// Where the canary was put in.
    pub via: Via,
    /// The log group that it was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
    /// Whether it got everywhere it was to get.
    pub arrived: bool,
    /// Why not, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What is broken; empty where nothing that was looked at is.
    pub causes: Vec<String>,
    /// The parts of the way, in the order in which they were seen.
    pub hops: Vec<Hop>,
    /// What could not be read, and so is not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// What else there is to know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The command that helps.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub next: Option<CommandLine>,
    /// Seconds until the last of them.
    #[serde(serialize_with = "crate::output::seconds")]
    pub seconds: f64,
    /// AWS calls made, retries included.
    pub calls: u64,
    /// Whether the rows have been shown as they came.
    #[serde(skip)]
    pub is_shown: bool,
}

fn as_text<S: serde::Serializer>(command: &Option<CommandLine>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&command.as_ref().map(ToString::to_string).unwrap_or_default())
}

impl CanaryReport {
    /// Success, or that it did not arrive.
    pub(crate) fn exit(&self) -> Exit {
        if self.arrived { Exit::Success } else { Exit::Undelivered }
    }
}

impl fmt::Display for CanaryReport {
    /// The verdict; before it the rows, where nobody has seen them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_shown {
            for hop in &self.hops {
                writeln!(f, "{hop}")?;
            }
        }
        if self.arrived {
            write!(f, "{GOOD}arrived{GOOD:#} in {:.2} s", self.seconds)?;
        } else {
            let why = self.why.as_deref().unwrap_or("the reason is not known");
            let verdict = format!("{BAD}not arrived:{BAD:#} ");
            f.write_str(&hanging(&verdict, &visible(why), width()))?;
        }
        for note in &self.notes {
            write!(f, "\n{}", hanging("  ", &visible(note), width()))?;
        }
        for unknown in &self.unknown {
            write!(f, "\n{}", hanging("  not read: ", &visible(unknown), width()))?;
        }
        match &self.next {
            Some(next) => write!(f, "\n{HINT}next:{HINT:#} {TYPED}{}{TYPED:#}", visible(next)),
            None => Ok(()),
        }
    }
}

/// The first sentence about what is broken, by the rows: in the order of the data, what is broken before what is late.
pub(super) fn why(hops: &[Hop], causes: &[String]) -> Option<String> {
    if let Some(cause) = causes.first() {
        return Some(cause.clone());
    }
    let first = |state: State| {
        let mut found: Vec<&Hop> = hops.iter().filter(|hop| hop.state == state).collect();
        found.sort_by_key(|hop| hop.stage);
        found.first().map(|hop| match &hop.destination {
            Some(destination) => format!("{destination}: {}", hop.found),
            None => hop.found.clone(),
        })
    };
    first(State::Fault).or_else(|| first(State::Late)).or_else(|| first(State::Unknown))
}
