//! What of a stack could not be read.

/// One of the reads that [`observe`](super::observe()) makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unread {
    /// The roles and their policies.
    Roles,
    /// The stream.
    Stream,
    /// The log group of the main function.
    LogGroup,
    /// The main function.
    Function,
    /// The event source mappings.
    Triggers,
    /// The account-level subscription policy.
    AccountPolicy,
    /// The log groups and their subscription filters.
    LogGroups,
    /// The functions of isolated destinations.
    Isolated,
    /// What else reads the stream, and where that logs to.
    Readers,
    /// The destination that other accounts send lines to.
    Destination,
    /// The alarms of this stack.
    Alarms,
    /// The topic of this stack that the alarms notify.
    Topic,
    /// The dashboard of this stack.
    Dashboard,
}

impl Unread {
    /// What it is, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Roles => "the roles",
            Self::Stream => "the stream",
            Self::LogGroup => "the forwarder's log group",
            Self::Function => "the forwarder",
            Self::Triggers => "the event source mapping",
            Self::AccountPolicy => "the account policy",
            Self::LogGroups => "the log groups",
            Self::Isolated => "the functions of isolated destinations",
            Self::Readers => "the other readers of the stream",
            Self::Destination => "the logs destination for other accounts",
            Self::Alarms => "the alarms",
            Self::Topic => "the topic of the alarms",
            Self::Dashboard => "the dashboard",
        }
    }
}
