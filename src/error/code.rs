//! The expected failures.

use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

use super::exit::Exit;

/// The expected failures, each with a stable name and an exit code; listed in `docs/errors.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Code {
    /// A flag or a combination of flags cannot be used.
    Usage,
    /// `cwl2le.toml` does not parse or validate.
    Config,
    /// The change needs a `--yes` or an answer on a terminal.
    NotConfirmed,
    /// A resource of that name exists and is not managed by this stack.
    NotOurs,
    /// AWS cannot change this in place.
    Immutable,
    /// Subscribing the log group would make a log loop.
    Recursion,
    /// The log group has as many subscription filters as AWS allows.
    FilterLimit,
    /// The log group's class does not support subscription filters.
    LogGroupClass,
    /// Another program or person still reads from it or writes to it.
    InUse,
    /// The configuration of a function cannot be read, and would be replaced.
    Unreadable,
    /// Something else changed what this run was about to change.
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
    pub const ALL: &[Self] = Self::VARIANTS;

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
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What to do about a log group that does not exist, whether AWS says so or a plan.
pub(crate) const UNKNOWN_LOG_GROUP_HINT: &str =
    "check the name and --region; names are case-sensitive, and most begin with a slash";
