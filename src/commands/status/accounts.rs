//! Which other accounts may send lines, and which do.

use std::fmt;

use serde::Serialize;

use crate::health::{Senders, Signals};
use crate::output::quantity::count;
use crate::output::style::{BOLD, DIM, WARN};
use crate::output::{Table, visible};
use crate::resources::{Accepted, Stack};

/// The destination for other accounts, and who sends to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Accounts {
    /// The ARN of the destination.
    pub destination: String,
    /// The organization whose accounts may send.
    pub organization: Option<String>,
    /// Whether every record of the last minute was read; null where none could be.
    pub is_whole: Option<bool>,
    /// The accounts that may send, and those that do; of an organization, those that do.
    pub senders: Vec<Sender>,
}

/// Another account.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Sender {
    /// Its ID.
    pub account: String,
    /// Whether it is accepted by its ID; null where an organization is, of which nothing here knows the accounts, and
    /// where the access policy does not tell.
    pub accepted: Option<bool>,
    /// Log events of it among the records of the last minute that were read; null where none could be.
    pub events: Option<u64>,
}

impl Accounts {
    /// What is reported, where this stack has a destination.
    pub(super) fn of(stack: &Stack, signals: &Signals) -> Option<Self> {
        let is = signals.chain.observed.destination.as_ref().filter(|is| is.is_ours(stack))?;
        let read = signals.shards.as_ref().and_then(|read| read.as_ref().ok()).map(|loads| &loads.senders);
        let (ids, organization) = match is.accepted() {
            Some(Accepted::Accounts(ids)) => (Some(ids), None),
            Some(Accepted::Organization(id)) => (None, Some(id)),
            Some(Accepted::Nobody) | None => (None, None),
        };
        let own = &signals.chain.target.account;
        let sent = read.into_iter().flat_map(|senders| senders.events.keys()).filter(|id| *id != own);
        let mut all: Vec<&String> = ids.iter().flatten().chain(sent).collect();
        all.sort();
        all.dedup();
        let of = |senders: &Senders, id| senders.events.get(id).copied().unwrap_or_default();
        Some(Self {
            destination: is.arn.clone(),
            is_whole: read.map(|senders| senders.is_whole),
            senders: all
                .into_iter()
                .map(|id| Sender {
                    account: id.clone(),
                    accepted: ids.as_ref().map(|ids| ids.contains(id)),
                    events: read.map(|senders| of(senders, id)),
                })
                .collect(),
            organization,
        })
    }
}

impl fmt::Display for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = self.organization.as_ref().map(|id| format!(" of {}", visible(id))).unwrap_or_default();
        writeln!(f, "\n{BOLD}other accounts{whose}, by what arrived in the last minute{BOLD:#}")?;
        let mut table = Table::new(["", "account", "events"]).numbers([2]);
        for sender in &self.senders {
            let mark = match (sender.events, sender.accepted) {
                (Some(0), _) | (_, Some(false)) => format!("{WARN}!{WARN:#}"),
                _ => " ".to_owned(),
            };
            let not = if sender.accepted == Some(false) { " (no longer accepted)" } else { "" };
            #[expect(clippy::cast_precision_loss, reason = "events of a minute are exact in 53 bits")]
            let events = match sender.events {
                Some(0) => "nothing seen".to_owned(),
                Some(events) => count(events as f64),
                None => "?".to_owned(),
            };
            table.row([mark, format!("{}{not}", visible(&sender.account)), events]);
        }
        if self.senders.is_empty() {
            writeln!(f, "{WARN}!{WARN:#} none")?;
        } else {
            writeln!(f, "{table}")?;
        }
        if self.is_whole == Some(false) {
            writeln!(f, "{DIM}only a part of the minute was read: there is too much of it{DIM:#}")?;
        }
        writeln!(f, "{DIM}they send to {}{DIM:#}", visible(&self.destination))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::unstyled;

    fn sender(account: &str, accepted: Option<bool>, events: Option<u64>) -> Sender {
        Sender { account: account.to_owned(), accepted, events }
    }

    #[test]
    fn an_account_that_sends_nothing_never_looks_fine() {
        let listed = Accounts {
            destination: "arn:aws:logs:eu-west-1:999999999999:destination:cwl-from-accounts".to_owned(),
            organization: None,
            is_whole: Some(false),
            senders: vec![
                sender("111111111111", Some(true), Some(1_234)),
                sender("222222222222", Some(true), Some(0)),
                sender("333333333333", Some(false), Some(5)),
            ],
        };
        let unread = Accounts {
            is_whole: None,
            senders: vec![sender("111111111111", Some(true), None)],
            ..listed.clone()
        };
        let organization = Accounts {
            organization: Some("o-a1b2c3d4e5".to_owned()),
            is_whole: Some(true),
            senders: Vec::new(),
            ..listed.clone()
        };
        insta::assert_snapshot!(unstyled(&format!("{listed}{unread}{organization}")));
    }
}
