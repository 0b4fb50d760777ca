//! The expected failures.

use serde::Serialize;

use crate::exit::Exit;

/// The expected failures, each with a stable name and an exit code; listed in `docs/errors.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// A flag or a combination of flags cannot be used.
    Usage,
    /// `cwl2le.toml` does not parse or validate.
    Config,
    /// The change needs a `--yes` or an answer on a terminal.
    NotConfirmed,
    /// A resource of that name exists without our tags.
    NotOurs,
    /// AWS cannot change this in place.
    Immutable,
    /// The log group's lines would come back to it for ever.
    Recursion,
    /// The log group has as many subscription filters as AWS allows.
    FilterLimit,
    /// The log group's class does not take subscription filters.
    LogGroupClass,
    /// Somebody else still reads from or writes to it.
    InUse,
    /// The configuration of a function cannot be read, and would be replaced.
    Unreadable,
    /// Somebody else changed what this run was about to change.
    Changed,
    /// A newer version deployed the function's code, or another build of this version.
    Downgrade,
    /// No region is configured.
    NoRegion,
    /// The region does not exist or cannot be reached.
    BadRegion,
    /// No credentials were found.
    NoCredentials,
    /// The credentials were refused: expired, wrong or disabled.
    BadCredentials,
    /// AWS denied a permission.
    AccessDenied,
    /// AWS rejected the filter pattern.
    BadPattern,
    /// The log group does not exist.
    UnknownLogGroup,
    /// Any other resource that should be there is not.
    NotFound,
    /// AWS kept throttling.
    Throttled,
    /// AWS did not answer.
    Unreachable,
    /// A resource did not become ready in time.
    NotReady,
    /// The function was deployed and cannot start.
    CannotStart,
    /// Any other failed AWS call.
    Aws,
    /// Some log groups failed.
    Partial,
    /// The demo lost a line or left a resource.
    Undelivered,
    /// There is no forwarder for this architecture in the binary.
    NoBundle,
    /// The forwarder would not run on Lambda.
    BadBundle,
    /// Something outside AWS failed.
    Environment,
    /// Stopped by a signal.
    Interrupted,
    /// A bug.
    Internal,
}

impl Code {
    /// Every code, in the order of the documentation.
    pub const ALL: [Self; 32] = [
        Self::Usage,
        Self::Config,
        Self::NotConfirmed,
        Self::NotOurs,
        Self::Immutable,
        Self::Recursion,
        Self::FilterLimit,
        Self::LogGroupClass,
        Self::InUse,
        Self::Unreadable,
        Self::Changed,
        Self::Downgrade,
        Self::NoRegion,
        Self::BadRegion,
        Self::NoCredentials,
        Self::BadCredentials,
        Self::AccessDenied,
        Self::BadPattern,
        Self::UnknownLogGroup,
        Self::NotFound,
        Self::Throttled,
        Self::Unreachable,
        Self::NotReady,
        Self::CannotStart,
        Self::Aws,
        Self::Partial,
        Self::Undelivered,
        Self::NoBundle,
        Self::BadBundle,
        Self::Environment,
        Self::Interrupted,
        Self::Internal,
    ];

    /// The exit code that goes with it.
    pub const fn exit(self) -> Exit {
        match self {
            Self::Usage | Self::Config | Self::BadPattern => Exit::Usage,
            Self::NotConfirmed
            | Self::NotOurs
            | Self::Immutable
            | Self::Recursion
            | Self::FilterLimit
            | Self::LogGroupClass
            | Self::InUse
            | Self::Unreadable
            | Self::Changed
            | Self::Downgrade => Exit::Refused,
            Self::NoRegion
            | Self::BadRegion
            | Self::NoCredentials
            | Self::BadCredentials
            | Self::AccessDenied => Exit::Access,
            Self::UnknownLogGroup | Self::NotFound => Exit::NotFound,
            Self::Throttled | Self::Unreachable | Self::NotReady | Self::CannotStart | Self::Aws => Exit::Aws,
            Self::Partial => Exit::Partial,
            Self::Undelivered => Exit::Undelivered,
            Self::NoBundle | Self::BadBundle => Exit::Bundle,
            Self::Environment => Exit::Environment,
            Self::Interrupted => Exit::Interrupted,
            Self::Internal => Exit::Internal,
        }
    }

    /// The stable name, as in JSON output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Config => "config",
            Self::NotConfirmed => "not-confirmed",
            Self::NotOurs => "not-ours",
            Self::Immutable => "immutable",
            Self::Recursion => "recursion",
            Self::FilterLimit => "filter-limit",
            Self::LogGroupClass => "log-group-class",
            Self::InUse => "in-use",
            Self::Unreadable => "unreadable",
            Self::Changed => "changed",
            Self::Downgrade => "downgrade",
            Self::NoRegion => "no-region",
            Self::BadRegion => "bad-region",
            Self::NoCredentials => "no-credentials",
            Self::BadCredentials => "bad-credentials",
            Self::AccessDenied => "access-denied",
            Self::BadPattern => "bad-pattern",
            Self::UnknownLogGroup => "unknown-log-group",
            Self::NotFound => "not-found",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::NotReady => "not-ready",
            Self::CannotStart => "cannot-start",
            Self::Aws => "aws",
            Self::Partial => "partial",
            Self::Undelivered => "undelivered",
            Self::NoBundle => "no-bundle",
            Self::BadBundle => "bad-bundle",
            Self::Environment => "environment",
            Self::Interrupted => "interrupted",
            Self::Internal => "internal",
        }
    }
}
