//! Exit codes: what a script can rely on.

use strum::VariantArray;

/// How a run of `cwl2le` ended. The numbers are stable and documented in `docs/errors.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub enum Exit {
    /// Done, or nothing was left to do.
    Success,
    /// A bug in cwl2le.
    Internal,
    /// The command line or the configuration cannot be used as it is.
    Usage,
    /// Going on would touch what this stack does not manage, make a log loop, or change what cannot be changed.
    Refused,
    /// No usable credentials or region, or AWS denied a permission.
    Access,
    /// An AWS call failed and retrying did not help.
    Aws,
    /// A named resource does not exist.
    NotFound,
    /// Some log groups were done and some failed, or `replay` sent some records and not all.
    Partial,
    /// `plan` found changes to make, or `status --check` found a stack that is not healthy.
    Pending,
    /// `forward` or `replay` did not deliver everything, `forward` lost its reader, the line of `test` did not arrive,
    /// `demo` lost a line or left a resource behind, or a new version failed in `upgrade`.
    Undelivered,
    /// The forwarder bundle is missing or would not run on Lambda.
    Bundle,
    /// Something outside AWS failed: Python, the network, a file.
    Environment,
    /// The question was answered with no: nothing was changed.
    Cancelled,
    /// Stopped by Ctrl-C, SIGTERM or SIGHUP.
    Interrupted,
}

impl Exit {
    /// Every exit code, in the order of the documentation.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The number given to the operating system.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Access => 4,
            Self::Aws => 5,
            Self::NotFound => 6,
            Self::Partial => 7,
            Self::Pending => 8,
            Self::Undelivered => 9,
            Self::Bundle => 10,
            Self::Environment => 11,
            Self::Cancelled => 12,
            Self::Interrupted => 130,
        }
    }

    /// The exit code of a run in several environments, from those that it would have in each of them alone: the worst
    /// one. A stop is worse than a bug, that is worse than a failure, and of failures the lower number is worse. Then
    /// come an answer of no, and what was found by looking.
    pub fn worst(exits: impl IntoIterator<Item = Self>) -> Self {
        exits.into_iter().max_by_key(|exit| exit.severity()).unwrap_or(Self::Success)
    }

    const fn severity(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Pending => 1,
            Self::Cancelled => 2,
            Self::Internal => 254,
            Self::Interrupted => 255,
            failure => 100 - failure.code(),
        }
    }

    /// One line for the documentation.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "done, or nothing to do",
            Self::Internal => "a bug in cwl2le: please report it",
            Self::Usage => "the command line or the configuration is not valid",
            Self::Refused => {
                "the change was refused, and the error says why: the resource is not managed by this stack or is in use, the \
                 change is impossible, would make a log loop or reach a limit of AWS, is not confirmed, or the account has \
                 changed meanwhile"
            }
            Self::Access => "no usable credentials or region, or AWS denied a permission",
            Self::Aws => "an AWS call failed and retrying did not help",
            Self::NotFound => "a named resource does not exist",
            Self::Partial => {
                "some log groups succeeded and some failed, or `replay` sent some records and not all"
            }
            Self::Pending => {
                "`plan` found changes to make, or `status --check` or `doctor` found a stack that is not healthy"
            }
            Self::Undelivered => {
                "`forward` or `replay` did not deliver everything, `forward` lost its reader, the line of `test` did not arrive, \
                 `demo` lost a line or left a resource behind, or the new version failed in `upgrade`"
            }
            Self::Bundle => "the forwarder bundle is missing or would not run on Lambda",
            Self::Environment => "something outside AWS failed: Python, the network, a file",
            Self::Cancelled => "the question was answered with no: nothing was changed",
            Self::Interrupted => "stopped by Ctrl-C, SIGTERM or a closed terminal",
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_exit_code_is_that_of_the_run() {
        let of = |codes: &[Exit]| Exit::worst(codes.iter().copied());
        assert_eq!(of(&[]), Exit::Success);
        assert_eq!(of(&[Exit::Success, Exit::Pending]), Exit::Pending);
        assert_eq!(of(&[Exit::Pending, Exit::Cancelled]), Exit::Cancelled);
        assert_eq!(of(&[Exit::Cancelled, Exit::Environment, Exit::Pending]), Exit::Environment);
        assert_eq!(of(&[Exit::Aws, Exit::Access, Exit::Partial]), Exit::Access);
        assert_eq!(of(&[Exit::Usage, Exit::Internal]), Exit::Internal);
        assert_eq!(of(&[Exit::Internal, Exit::Interrupted]), Exit::Interrupted);
        let mut severities: Vec<u8> = Exit::ALL.iter().map(|exit| exit.severity()).collect();
        severities.sort_unstable();
        severities.dedup();
        assert_eq!(severities.len(), Exit::ALL.len(), "no two are alike");
    }
}
