//! What must change. Pure: no SDK, no tokio, no clock.
//!
//! `setup`, `subscribe`, `unsubscribe`, `teardown` and `--dry-run` are the same thing with different desires: a
//! [`Plan`] is made from what is wanted and what is observed, shown, and the very same value is applied.

pub(crate) mod draft;
pub(crate) mod head;

use std::fmt;

use serde::Serialize;

use crate::error::Code;
use crate::output::visible;

pub use head::{Head, HeadRow, Origin};

use crate::resources::{Action, Loss, losses};

/// The ordered changes that bring what exists to what is wanted.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plan {
    /// What it is for, and where its settings come from.
    #[serde(skip_serializing_if = "Head::is_empty", rename = "settings")]
    pub head: Head,
    /// The changes, in the order of their stages.
    pub steps: Vec<Step>,
    /// What is already as it should be.
    pub unchanged: Vec<ResourceId>,
    /// What a teardown or an unsubscribe leaves, and why.
    pub kept: Vec<Kept>,
    /// What cannot be done. A plan with a refusal is never applied.
    pub refused: Vec<Refusal>,
    /// What the changes take away for good.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<Loss>,
    /// What else there is to know before it is carried out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// When it was planned, in seconds since 1970, where times in it are counted from then.
    #[serde(skip)]
    pub planned_at: Option<u64>,
}

/// All changes to one resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Steps of one stage are independent of each other.
    pub stage: Stage,
    /// What is changed.
    pub resource: ResourceId,
    /// How.
    pub verb: Verb,
    /// Field by field, for people. Secrets are not shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// What `apply` does, in order.
    #[serde(skip)]
    pub actions: Vec<Action>,
}

/// The order of a plan: a later stage needs an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Filters that go: of a loop before anything else. In a teardown they and the account policy are first, since a filter without its stream or role is disabled and skips logs.
    RemoveFilters,
    /// Teardown: the trigger.
    RemoveTrigger,
    /// Teardown: the function.
    RemoveFunction,
    /// Teardown: everything that only the function and the filters needed.
    RemoveFoundations,
    /// Teardown: the stream, which may still hold what was not delivered; and our name in another stack's account policy.
    RemoveStream,
    /// Setup: stream, roles, log group.
    Foundations,
    /// Setup: the function needs its role and its log group.
    Function,
    /// Setup: the trigger needs the function and the stream.
    Trigger,
    /// Setup: the main function, where it lets go of a destination that a function of its own takes over.
    LetGo,
    /// Setup: filters come after it, so that nothing is written that nobody would read.
    Filters,
    /// Setup: the account policy leaves out what has a filter by now.
    AccountPolicy,
    /// Setup: filters that the account policy, or another filter, has taken the place of.
    CoveredFilters,
    /// Setup: the function, where it forgets a destination that filters pinned until now.
    ForgetDestinations,
    /// Setup: the function of a destination that the main function takes over.
    LetGoOfOwn,
    /// Setup: the trigger of a function that has nothing left to do.
    RetireTrigger,
    /// Setup: that function.
    RetireFunction,
    /// Setup: its log group.
    RetireLogGroup,
}

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// It does not exist.
    Create,
    /// It differs.
    Update,
    /// It is taken over: it has no tags of ours.
    Adopt,
    /// It is as wanted but not ready.
    Await,
    /// It is as wanted, and is tried out, because something that it needs changes.
    Check,
    /// It is of no use as it is: it is removed and created anew.
    Replace,
    /// It is removed.
    Delete,
}

/// A resource by kind and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ResourceId {
    /// What it is.
    pub kind: Kind,
    /// Its name, for a filter `GROUP -> NAME`.
    pub name: String,
}

/// The kinds of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A Kinesis data stream.
    Stream,
    /// An IAM role.
    Role,
    /// A log group.
    LogGroup,
    /// A Lambda function.
    Function,
    /// An event source mapping.
    Trigger,
    /// A subscription filter.
    SubscriptionFilter,
    /// An account-level subscription policy.
    AccountPolicy,
}

/// A field that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it was; none where it was not set.
    pub old: Option<String>,
    /// What it becomes; none where it is removed.
    pub new: Option<String>,
}

/// What is left where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The resource.
    pub resource: ResourceId,
    /// Why.
    pub reason: String,
}

/// What cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The resource.
    pub resource: ResourceId,
    /// Which of the expected failures it is.
    pub code: Code,
    /// Why.
    pub reason: String,
    /// What to do instead.
    pub hint: String,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Puts the steps into the order of their stages, keeping the order within a stage.
    #[must_use]
    pub(crate) fn ordered(mut self) -> Self {
        self.steps.sort_by_key(|step| step.stage);
        self
    }

    /// Adds what another plan does.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        self.unchanged.extend(other.unchanged);
        self.kept.extend(other.kept);
        self.refused.extend(other.refused);
        self.losses.extend(other.losses);
        self.notes.extend(other.notes);
        self.planned_at = self.planned_at.or(other.planned_at);
        self.head.0.extend(other.head.0);
        self.ordered()
    }

    pub(crate) fn refuse(
        &mut self,
        resource: ResourceId,
        code: Code,
        reason: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.refused.push(Refusal { resource, code, reason: reason.into(), hint: hint.into() });
    }

    pub(crate) fn keep(&mut self, resource: ResourceId, reason: impl Into<String>) {
        self.kept.push(Kept { resource, reason: reason.into() });
    }
}

impl ResourceId {
    pub(crate) fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    pub(crate) fn filter(log_group: &str, filter: &str) -> Self {
        Self::new(Kind::SubscriptionFilter, format!("{log_group} -> {filter}"))
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, visible(&self.name))
    }
}

impl Kind {
    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Role => "role",
            Self::LogGroup => "log group",
            Self::Function => "function",
            Self::Trigger => "trigger",
            Self::SubscriptionFilter => "subscription filter",
            Self::AccountPolicy => "account policy",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Verb {
    /// The sign in front of a step, as in a diff.
    pub const fn sign(self) -> char {
        match self {
            Self::Create => '+',
            Self::Update => '~',
            Self::Adopt => '&',
            Self::Await => '.',
            Self::Check => '?',
            Self::Replace => '±',
            Self::Delete => '-',
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Adopt => "adopt",
            Self::Await => "wait for",
            Self::Check => "check",
            Self::Replace => "replace",
            Self::Delete => "delete",
        })
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.old, &self.new) {
            (None, Some(new)) => write!(f, "{}: {}", visible(&self.name), visible(new)),
            (Some(old), None) => write!(f, "{}: {} -> (removed)", visible(&self.name), visible(old)),
            (Some(old), Some(new)) => {
                write!(f, "{}: {} -> {}", visible(&self.name), visible(old), visible(new))
            }
            (None, None) => f.write_str(&visible(&self.name)),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.head.is_empty() {
            writeln!(f, "{}", self.head)?;
        }
        for step in &self.steps {
            writeln!(f, "  {} {} {}", step.verb.sign(), step.verb, step.resource)?;
            for field in &step.fields {
                writeln!(f, "      {field}")?;
            }
        }
        for kept in &self.kept {
            writeln!(f, "  = keep {}: {}", kept.resource, visible(&kept.reason))?;
        }
        for refusal in &self.refused {
            writeln!(f, "  ! refuse {}: {}", refusal.resource, visible(&refusal.reason))?;
            writeln!(f, "      hint: {}", visible(&refusal.hint))?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  note: {}", visible(note)))?;
        losses::write(f, &self.losses)?;
        let count = |verbs: &[Verb]| self.steps.iter().filter(|s| verbs.contains(&s.verb)).count();
        write!(
            f,
            "{} to create, {} to update, {} to delete, {} unchanged",
            count(&[Verb::Create]),
            count(&[Verb::Update, Verb::Adopt, Verb::Await]),
            count(&[Verb::Delete]),
            self.unchanged.len(),
        )?;
        let replaced = count(&[Verb::Replace]);
        if replaced > 0 {
            write!(f, ", {replaced} to replace")?;
        }
        if !self.refused.is_empty() {
            write!(f, ", {} refused", self.refused.len())?;
        }
        Ok(())
    }
}
