//! The forwarder function that is wanted.

use std::fmt;

use cwl2le_forwarder::config::Config;
use serde::{Serialize, Serializer};

use super::bundle::{Arch, Bundle};
use super::network::Network;
use super::release::Release;
use crate::stack::Setting;

/// The Lambda runtime of the forwarder: Amazon Linux 2023 with glibc 2.34.
pub const RUNTIME: &str = "provided.al2023";

/// What the runtime starts; custom runtimes ignore it, the API demands it.
pub(crate) const HANDLER: &str = "bootstrap";

/// The value of an environment variable of the function: it may hold a token and never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvValue(pub String);

impl fmt::Debug for EnvValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Serialize for EnvValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("[redacted]")
    }
}

/// The function that a stack wants.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FunctionSpec {
    /// The zip, or the reason why there is none; needed only to create or update code.
    pub bundle: Option<Bundle>,
    /// What the zip was made from; this cwl2le's own release where there is no zip.
    pub release: Release,
    /// Whether the user gave the zip: it takes the place of any code that no newer version deployed.
    pub is_own_zip: bool,
    /// Whether it may take the place of the code of a newer version, of another build of this one, and of a zip of the
    /// user's own.
    pub allow_downgrade: bool,
    /// Whether a version that was rolled back may get the records again though nothing else changes.
    #[serde(skip)]
    pub ignores_rollback: bool,
    /// The processor. Changed together with the code.
    pub arch: Setting<Arch>,
    /// Memory in MB, 128 to 10,240.
    pub memory_mb: Setting<u32>,
    /// Timeout in seconds, 1 to 900.
    pub timeout_seconds: Setting<u32>,
    /// What the forwarder reads from `CWL2LE_CONFIG`; none keeps what is there.
    #[serde(skip)]
    pub config: Option<Config>,
    /// Whether `config` says everything by itself, so that it may take the place of one that cannot be read.
    pub config_is_complete: bool,
    /// Whether this run says where lines go, and not only with which token.
    pub names_service: bool,
    /// The private network that it is in.
    pub network: Setting<Network>,
    /// Reserved concurrency; taken from the account's pool, so only on request.
    pub reserved_concurrency: Option<u32>,
}
