//! `cwl2le status` of a member account: what is sent to the destination of another account, as far as this account
//! shows it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::error::{Error, Exit};
use crate::flags::CommandLine;
use crate::output::quantity::{count, plural, span};
use crate::output::style::{BAD, DIM, GOOD, HINT, TYPED, WARN};
use crate::output::{hanging, visible, width};
use crate::resources::{self, Observed, Plan, Stack};
use crate::signals::{Counts, MemberSignals};

/// Maximum number of log groups that the text names.
const SHOWN: usize = 10;

/// Whether log events leave for the other account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MemberVerdict {
    /// They do.
    Sending,
    /// None came in.
    Idle,
    /// Some came in, and CloudWatch Logs sent none: a filter pattern matches none of them, or metrics are late.
    Silent,
    /// CloudWatch Logs could not deliver some. They are lost.
    Losing,
    /// Subscriptions name a role that is not as it should be.
    Broken,
    /// Nothing is subscribed.
    Nothing,
    /// The metrics could not be read.
    #[default]
    Unknown,
}

impl MemberVerdict {
    /// The word that a person reads first.
    const fn name(self) -> &'static str {
        match self {
            Self::Sending => "SENDING",
            Self::Idle => "IDLE",
            Self::Silent => "SILENT",
            Self::Losing => "LOSING",
            Self::Broken => "BROKEN",
            Self::Nothing => "NOTHING",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// How a member account is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct MemberReport {
    /// The stack.
    pub(crate) stack: String,
    /// The account id.
    pub(crate) account: String,
    /// The region.
    pub(crate) region: String,
    /// The destination.
    pub(crate) destination: String,
    /// The account that owns it.
    pub(crate) destination_account: String,
    /// Whether log events leave for it.
    pub(crate) verdict: MemberVerdict,
    /// Why, in words.
    pub(crate) why: String,
    /// What to run next; none if all is well.
    pub(crate) next: Option<String>,
    /// The window of the counts, in seconds.
    #[serde(rename = "window_seconds")]
    pub(crate) window: u64,
    /// What was counted in all subscribed log groups.
    pub(crate) events: Events,
    /// Whether these are of all log groups; otherwise there are at least as many.
    pub(crate) is_whole: bool,
    /// The role that subscriptions name; null without one.
    pub(crate) role: Option<MemberRole>,
    /// The account policy that sends every other log group there; null without one.
    pub(crate) account_policy: Option<SentPolicy>,
    /// The log groups that send there by a filter of their own.
    pub(crate) subscriptions: Vec<SentGroup>,
}

/// Log events by what became of them. A number that is not known is null, never zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Events {
    /// Into the log groups.
    pub(crate) incoming: Option<u64>,
    /// To the destination.
    pub(crate) forwarded: Option<u64>,
    /// Not delivered, and not tried again.
    pub(crate) errors: Option<u64>,
    /// Throttled, and tried again.
    pub(crate) throttled: Option<u64>,
}

/// The role that subscriptions name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct MemberRole {
    /// Its name.
    pub(crate) name: String,
    /// Whether it exists and may do what it must.
    pub(crate) is_right: bool,
}

/// The account policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SentPolicy {
    /// Its name.
    pub(crate) name: String,
    /// Which events; empty for all.
    pub(crate) pattern: String,
    /// The log groups that it leaves out.
    pub(crate) leaves_out: Vec<String>,
    /// Whether this stack manages it.
    #[serde(rename = "managed")]
    pub(crate) is_own: bool,
    /// What was counted of it.
    pub(crate) events: Events,
}

/// A log group with its filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SentGroup {
    /// The log group.
    pub(crate) log_group: String,
    /// The filter.
    pub(crate) filter: String,
    /// Which events; empty for all.
    pub(crate) pattern: String,
    /// Whether this stack manages it.
    #[serde(rename = "managed")]
    pub(crate) is_own: bool,
    /// What was counted in the log group.
    pub(crate) events: Events,
}

impl From<Counts> for Events {
    fn from(counts: Counts) -> Self {
        let Counts { incoming, forwarded, errors, throttled } = counts;
        Self { incoming, forwarded, errors, throttled }
    }
}

impl Events {
    fn and(self, other: Self) -> Self {
        let add = |one: Option<u64>, two: Option<u64>| match (one, two) {
            (Some(one), Some(two)) => Some(one + two),
            (one, two) => one.or(two),
        };
        Self {
            incoming: add(self.incoming, other.incoming),
            forwarded: add(self.forwarded, other.forwarded),
            errors: add(self.errors, other.errors),
            throttled: add(self.throttled, other.throttled),
        }
    }
}

/// Judges what was read.
pub(crate) fn member_report(
    stack: &Stack,
    signals: &MemberSignals,
    window: u64,
    line: &CommandLine,
) -> MemberReport {
    let observed = &signals.observed;
    let none = BTreeMap::new();
    let counts = signals.counts.as_ref().unwrap_or(&none);
    let of = |name: &str| counts.get(name).copied().unwrap_or_default().into();
    let destination = stack.names.to_destination.as_ref();
    let sink = stack.sink_arn();
    let subscriptions: Vec<SentGroup> = observed
        .groups
        .iter()
        .flat_map(|(name, group)| group.filters.iter().map(move |filter| (name, filter)))
        .filter(|(_, filter)| filter.destination_arn == sink)
        .map(|(name, filter)| SentGroup {
            log_group: name.clone(),
            filter: filter.name.clone(),
            pattern: filter.pattern.clone(),
            is_own: resources::is_own_filter(stack, filter, None),
            events: of(name),
        })
        .collect();
    let account_policy = observed.account_policy.as_ref().filter(|policy| policy.destination_arn == sink);
    let account_policy = account_policy.map(|policy| SentPolicy {
        name: policy.name.clone(),
        pattern: policy.pattern.clone(),
        leaves_out: policy.excluded.iter().cloned().collect(),
        is_own: resources::is_own_policy(stack, policy, None),
        // Of log events that come in there is one number for the account; of a log group that has its own filter as well
        // it counts twice.
        events: of(""),
    });
    // What comes into the account comes into the log groups, too.
    let by_group = counts.iter().filter(|(name, _)| account_policy.is_none() || !name.is_empty());
    let mut events = by_group.fold(Events::default(), |sum, (_, counts)| sum.and((*counts).into()));
    if let Some(policy) = &account_policy {
        events = Events { incoming: policy.events.incoming, ..events.and(policy.events) };
    }
    let mut report = MemberReport {
        stack: stack.name.to_string(),
        account: stack.target.account.clone(),
        region: stack.target.region.to_string(),
        destination: sink,
        destination_account: destination.map(|arn| arn.account().to_owned()).unwrap_or_default(),
        window,
        events,
        is_whole: signals.is_whole,
        role: role(stack, observed),
        account_policy,
        subscriptions,
        ..MemberReport::default()
    };
    report.judge(signals.counts.as_ref().err(), line);
    report
}

/// The role that subscriptions to the destination name, and whether it is as `setup` would have it.
fn role(stack: &Stack, observed: &Observed) -> Option<MemberRole> {
    let sink = stack.sink_arn();
    let filters = observed.groups.values().flat_map(|group| &group.filters);
    let by_filter =
        filters.filter(|filter| filter.destination_arn == sink).find_map(|filter| filter.role_arn.as_deref());
    let policy = observed.account_policy.as_ref().filter(|policy| policy.destination_arn == sink);
    let arn = by_filter.or_else(|| policy?.role_arn.as_deref())?;
    let name = arn.rsplit('/').next().unwrap_or(arn).to_owned();
    let is_ours = name == stack.names.logs_role;
    // Of a role of somebody else nothing is known.
    let is_right = !is_ours
        || stack.has_logs_role && {
            let plan = resources::with_member_role(stack, observed, false, Plan::default());
            plan.is_empty() && plan.refused.is_empty()
        };
    Some(MemberRole { name, is_right })
}

impl MemberReport {
    fn judge(&mut self, unread: Option<&Error>, line: &CommandLine) {
        let (window, central, own) = (span_of(self.window), &self.destination_account, &self.account);
        let events = self.events;
        let some = |number: Option<u64>| number.filter(|number| *number > 0);
        let number = |number: u64| plural_events(number);
        let nothing = self.subscriptions.is_empty() && self.account_policy.is_none();
        let (verdict, why, next) = if nothing {
            let next = line.of_stack("subscribe").to_string();
            (
                MemberVerdict::Nothing,
                "no log group of this account sends to the destination".to_owned(),
                Some(next),
            )
        } else if let Some(role) = self.role.as_ref().filter(|role| !role.is_right) {
            let next = line.of_stack("plan").with(&["--member-role".to_owned()]).to_string();
            let why =
                format!("the subscriptions name the role {}, which does not exist or was changed", role.name);
            (MemberVerdict::Broken, why, Some(next))
        } else if let Some(error) = unread {
            (MemberVerdict::Unknown, format!("the metrics could not be read: {error}"), None)
        } else if let Some(lost) = some(events.errors) {
            let why = format!(
                "{} of the last {window} were not delivered and are lost: the destination, its access policy or its role does not \
                 take them; in account {central}, `cwl2le status` lists the accounts that it accepts: if {own} is not among \
                 them, add it",
                number(lost)
            );
            (MemberVerdict::Losing, why, None)
        } else if let Some(sent) = some(events.forwarded) {
            (
                MemberVerdict::Sending,
                format!("{} of the last {window} went to the destination", number(sent)),
                None,
            )
        } else if some(events.incoming).is_none() {
            (MemberVerdict::Idle, format!("no log event came in within {window}"), None)
        } else {
            let why = format!(
                "{} came in within {window}, and none was sent: no filter pattern matches them, the subscriptions are minutes \
                 old, or CloudWatch is late",
                number(events.incoming.unwrap_or_default())
            );
            (MemberVerdict::Silent, why, None)
        };
        (self.verdict, self.why, self.next) = (verdict, why, next);
    }

    /// The exit code of `--check`.
    pub(crate) fn exit(&self) -> Exit {
        match self.verdict {
            MemberVerdict::Sending | MemberVerdict::Idle => Exit::Success,
            MemberVerdict::Unknown => Exit::Access,
            _ => Exit::Pending,
        }
    }
}

fn span_of(seconds: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "at most a day")]
    span(seconds as f64)
}

fn plural_events(number: u64) -> String {
    if number < 1000 {
        return plural(number, "log event");
    }
    #[expect(clippy::cast_precision_loss, reason = "it is shown rounded")]
    let number = number as f64;
    format!("{} log events", count(number))
}

impl fmt::Display for MemberReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = match self.verdict {
            MemberVerdict::Sending | MemberVerdict::Idle => GOOD.bold(),
            MemberVerdict::Silent | MemberVerdict::Unknown => WARN.bold(),
            _ => BAD.bold(),
        };
        let verdict = self.verdict.name();
        let head = hanging("", &format!("{verdict}: {}", visible(&self.why)), width());
        let rest = head.strip_prefix(verdict).unwrap_or(&head);
        writeln!(f, "{style}{verdict}{style:#}{rest}")?;
        if let Some(next) = &self.next {
            writeln!(f, "{HINT}next:{HINT:#} {TYPED}{}{TYPED:#}", visible(next))?;
        }
        let place = format!("stack {}, {} {}", self.stack, self.account, self.region);
        writeln!(f, "{DIM}{}{DIM:#}\n", hanging("", &visible(place), width()))?;
        let mut row = |name: &str, text: String| {
            writeln!(f, "{}", hanging(&format!("{name:<13}"), &visible(text), width()))
        };
        row("destination", self.destination.clone())?;
        if self.verdict != MemberVerdict::Nothing {
            row("role", self.role_text())?;
        }
        if let Some(policy) = &self.account_policy {
            let left_out = match policy.leaves_out.len() {
                0 => String::new(),
                some => format!(" but {}", plural(some as u64, "log group")),
            };
            row("all groups", format!("account policy {}: every log group{left_out}", policy.name))?;
        }
        if !self.subscriptions.is_empty() {
            row("filters", self.filters_text())?;
        }
        row("log events", self.events_text())?;
        let seen = format!(
            "Whether lines arrive is seen in account {} only: `cwl2le status` there.",
            self.destination_account
        );
        write!(f, "\n{}", hanging("", &visible(seen), width()))
    }
}

impl MemberReport {
    fn role_text(&self) -> String {
        match &self.role {
            None => format!(
                "none: account {} has to accept this account by its ID, not its organization",
                self.destination_account
            ),
            Some(MemberRole { name, is_right: true }) => name.clone(),
            Some(MemberRole { name, is_right: false }) => format!("{name}: does not exist or was changed"),
        }
    }

    /// What is known of the numbers: AWS has none where nothing happened.
    fn events_text(&self) -> String {
        let Events { incoming, forwarded, errors, throttled } = self.events;
        let numbers = [
            (incoming, "came in"),
            (forwarded, "sent"),
            (errors, "lost"),
            (throttled, "throttled and tried again"),
        ];
        let known = numbers.into_iter().filter_map(|(number, what)| Some(format!("{} {what}", number?)));
        let known: Vec<String> = known.collect();
        let text = if known.is_empty() { "none known".to_owned() } else { known.join(", ") };
        let least = if self.is_whole { "" } else { " (of some log groups only)" };
        format!("within {}{least}: {text}", span_of(self.window))
    }

    /// The log groups, those first of which most was sent.
    fn filters_text(&self) -> String {
        let mut all: Vec<&SentGroup> = self.subscriptions.iter().collect();
        all.sort_by_key(|group| std::cmp::Reverse(group.events.forwarded.or(group.events.incoming)));
        let names: Vec<&str> = all.iter().take(SHOWN).map(|group| group.log_group.as_str()).collect();
        let more = match all.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" … {more} more, see --output json"),
        };
        format!("{}: {}{more}", plural(all.len() as u64, "log group"), names.join(", "))
    }
}
