//! How a command reaches AWS.

use std::fmt;
use std::time::Duration;

use super::Stop;
use super::pace::Paces;

/// How to reach AWS. What is not given comes from the environment and the profile files, as with the AWS CLI.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The region; else `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile's. Never assumed.
    pub region: Option<String>,
    /// The profile; else `AWS_PROFILE`. A profile that is named here wins over keys in the environment.
    pub profile: Option<String>,
    /// The role that is assumed with these credentials.
    pub role: RoleOptions,
    /// Where every service is; else `AWS_ENDPOINT_URL` or AWS itself.
    pub endpoint_url: Option<String>,
    /// Fixed credentials, for an endpoint that is our own.
    pub keys: Option<Keys>,
    /// The longest wait for anything: for an answer, 30 seconds by default, and for anything to settle, 5 minutes by
    /// default. Shortens the retry table's budgets and the time for an answer, never lengthens them.
    pub patience: Option<Duration>,
    /// Maximum calls a second of each operation, in the place of AWS's default quotas.
    pub rate: Option<u16>,
    /// How fast calls are made, shared with the other sessions of this run in the same account.
    pub paces: Paces,
    /// The command that shows what the forwarder says in its log, for hints; `cwl2le logs` by default.
    pub show_log: Option<String>,
    /// Ends waiting and keeps calls from being made, once it is asked for.
    pub stop: Stop,
}

impl Options {
    /// The flags of AWS's CLI for the same place: what is not given comes from the environment there, too.
    pub(crate) fn cli_args(&self) -> Vec<String> {
        [("--region", &self.region), ("--profile", &self.profile), ("--endpoint-url", &self.endpoint_url)]
            .into_iter()
            .filter_map(|(flag, value)| Some([flag.to_owned(), value.clone()?]))
            .flatten()
            .collect()
    }
}

/// A role that is assumed, as far as it is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleOptions {
    /// Its ARN; `none` is no role.
    pub arn: Option<String>,
    /// The external ID that its trust policy asks for.
    pub external_id: Option<String>,
    /// The name of the session; `cwl2le` by default.
    pub session_name: Option<String>,
}

impl RoleOptions {
    /// The ARN of the role, if one is to be assumed.
    pub(super) fn arn(&self) -> Option<&str> {
        self.arn.as_deref().filter(|arn| *arn != "none")
    }
}

/// An access key. It never shows itself.
#[derive(Clone)]
pub struct Keys {
    /// The access key id.
    pub id: String,
    /// The secret access key.
    pub secret: String,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys([redacted])")
    }
}
