//! The order of a plan, and what is done to a resource.

use std::fmt;

use serde::Serialize;

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

impl Stage {
    /// Whether each step of it stands for itself: one that fails keeps none of the others from being done.
    pub(crate) const fn is_each_for_itself(self) -> bool {
        matches!(self, Self::Filters | Self::RemoveFilters)
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
