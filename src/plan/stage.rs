//! The order of a plan, and what is done to a resource.

use std::fmt;

use serde::Serialize;

/// The order of a plan: a later stage needs an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Teardown: the topic, which is looked for only while an alarm notifies it.
    RemoveTopic,
    /// Teardown: the alarms, which would go off while the rest is removed, and the dashboard.
    RemoveAlarms,
    /// Filters to remove: those that create a log loop come before anything else. A teardown begins with the filters
    /// and the account policy, since a filter without its stream or role is disabled and skips events.
    RemoveFilters,
    /// The destination for other accounts, where nobody may send to it any more; its role goes later.
    RemoveAccounts,
    /// Teardown: the trigger.
    RemoveTrigger,
    /// Teardown: the function.
    RemoveFunction,
    /// Teardown: everything that only the function and the filters needed.
    RemoveFoundations,
    /// Teardown: the stream, which may still hold undelivered records; and our log group in another stack's account
    /// policy.
    RemoveStream,
    /// Setup: stream, roles, log group.
    Foundations,
    /// Setup: a trigger that does not call the alias yet. It goes on from where it is, with the version that runs now,
    /// before anything changes.
    Freeze,
    /// Setup: the function needs its role and its log group. Every new version is published and started.
    Function,
    /// Setup: the alias names the new version, which gets the records from now on. All versions have started by now.
    Live,
    /// Setup: the trigger needs the function and the stream.
    Trigger,
    /// Setup: the alias of the main function, where a function of its own takes a destination over.
    LetGo,
    /// Setup: filters come after the trigger, so that no record is written that no function reads.
    Filters,
    /// Setup: the account policy excludes the log groups that have a filter by now.
    AccountPolicy,
    /// Setup: the destination for other accounts. Like filters, it comes after the trigger, and after its role, whose trust
    /// knows an account before that may send.
    Accounts,
    /// Setup: filters that the account policy or another filter replaces.
    CoveredFilters,
    /// Setup: the alias of the function, where it loses a destination that filters pinned until now.
    ForgetDestinations,
    /// Setup: the alias of the function of a destination that the main function takes over.
    LetGoOfOwn,
    /// Setup: the trigger of a function that is no longer needed.
    RetireTrigger,
    /// Setup: that function.
    RetireFunction,
    /// Setup: its log group.
    RetireLogGroup,
    /// Setup: the topic that alarms are not to notify any more. It goes before they change, as in a teardown.
    RetireTopic,
    /// Setup: the alarms, on what is there by now.
    Alarms,
    /// Setup: the topic that they notify.
    Topic,
    /// Setup: the dashboard, which shows them.
    Dashboard,
    /// Setup: versions that nothing needs any more. Everything else is done by then, and stays so if they cannot be
    /// deleted.
    Prune,
}

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// It does not exist.
    Create,
    /// It differs.
    Update,
    /// It is taken over: it does not carry the tags of this stack.
    Adopt,
    /// It is as wanted, but not ready yet.
    Await,
    /// It is as wanted, and is tested because something that it needs changes.
    Check,
    /// It cannot be repaired: it is deleted and created again.
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
