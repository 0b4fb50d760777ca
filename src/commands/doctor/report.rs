//! What `cwl2le doctor` reports.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::examine::Examined;
use super::finding::State;
use super::list::CheckList;
use crate::error::Exit;
use crate::output::seconds;

/// What a run of `cwl2le doctor` shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum DoctorReport {
    /// What the checks found.
    Found(Box<Diagnosis>),
    /// All checks, none of them made.
    List(CheckList),
}

/// What the checks found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Diagnosis {
    /// The stack.
    pub stack: String,
    /// The account id; none if AWS accepts no credentials.
    pub account: Option<String>,
    /// The region; none if there is none.
    pub region: Option<String>,
    /// When, by AWS's clock, as RFC 3339.
    pub time: String,
    /// The seconds before it that numbers are about.
    pub window_seconds: u64,
    /// Whether nothing needs anybody; none if nothing of the chain could be judged.
    pub healthy: Option<bool>,
    /// Number of findings of each state.
    pub counts: BTreeMap<State, usize>,
    /// The findings, in the order in which a log line passes what they are about.
    pub checks: Vec<Item>,
    /// Number of AWS calls.
    pub calls: u64,
    /// How long it took.
    #[serde(serialize_with = "seconds")]
    pub seconds: f64,
    /// Whether warnings count.
    #[serde(skip)]
    pub strict: bool,
    /// Whether only what needs attention is shown as text.
    #[serde(skip)]
    pub short: bool,
    /// Columns of the text.
    #[serde(skip)]
    pub width: usize,
}

/// A finding in the report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Item {
    /// The category, as `--only` takes it.
    pub category: &'static str,
    /// What stands above its checks.
    #[serde(skip)]
    pub title: &'static str,
    /// The check.
    pub check: &'static str,
    /// Which of several things it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How it is.
    pub state: State,
    /// What was found, in words.
    pub found: String,
    /// The numbers and names in it.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// Since when it is so, as RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What else is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// What to do, where no command does all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The commands that fix it, each as its arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fix: Vec<Vec<String>>,
    /// The check that has failed, if this one was skipped for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<&'static str>,
    /// The IAM action that is denied, if that is why it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denied: Option<String>,
    /// Its section of the documentation.
    pub link: String,
}

impl Item {
    /// A finding whose commands are for a certain stack and place.
    pub(super) fn new(examined: Examined, fix: Vec<Vec<String>>) -> Self {
        let Examined { category, check, finding } = examined;
        Self {
            category: category.name,
            title: category.title,
            check: check.name,
            link: check.link(),
            subject: finding.subject,
            state: finding.state,
            found: finding.found,
            data: finding.data,
            since: finding.since.map(time),
            details: finding.details,
            advice: finding.advice,
            fix,
            needs: finding.needs,
            denied: finding.action,
        }
    }
}

/// A time in seconds since 1970, as RFC 3339.
pub(super) fn time(seconds: u64) -> String {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(time).to_string()
}

impl Diagnosis {
    /// Counts the findings and says what they come to.
    #[must_use]
    pub(super) fn judged(mut self, checks: Vec<Item>) -> Self {
        self.counts = [State::Fault, State::Warn, State::Ok, State::Skipped, State::Unknown]
            .map(|state| (state, checks.iter().filter(|item| item.state == state).count()))
            .into();
        self.checks = checks;
        let needs_somebody = self.count(State::Fault) > 0 || self.strict && self.count(State::Warn) > 0;
        self.healthy = self.is_judged().then_some(!needs_somebody);
        self
    }

    /// Number of findings of a state.
    pub(super) fn count(&self, state: State) -> usize {
        self.counts.get(&state).copied().unwrap_or_default()
    }

    /// Whether anything could be judged. To know who is asking says nothing about the chain.
    fn is_judged(&self) -> bool {
        let of_chain = |item: &&Item| item.category != super::checks::access::CATEGORY.name;
        let has_chain = self.checks.iter().any(|item| of_chain(&item));
        let mut counting = self.checks.iter().filter(|item| !has_chain || of_chain(item));
        counting.any(|item| matches!(item.state, State::Ok | State::Warn | State::Fault))
    }
}

impl DoctorReport {
    /// 0 without a fault, 8 with one, 4 where nothing could be judged.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::List(_) => Exit::Success,
            Self::Found(diagnosis) => match diagnosis.healthy {
                Some(true) => Exit::Success,
                Some(false) => Exit::Pending,
                None => Exit::Access,
            },
        }
    }
}
