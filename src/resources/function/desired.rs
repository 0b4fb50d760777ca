//! The forwarder function and its log group.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use cwl2le_forwarder::config::Config;
use serde::{Serialize, Serializer};

use crate::resources::Release;
use crate::stack::Setting;

/// The Lambda runtime of the forwarder: Amazon Linux 2023 with glibc 2.34.
pub const RUNTIME: &str = "provided.al2023";

/// The processor of the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Arch {
    /// `x86_64`
    #[serde(rename = "x86_64")]
    X86_64,
    /// `arm64`
    #[serde(rename = "arm64")]
    Arm64,
}

impl Arch {
    /// Lambda's name for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Arch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "x86_64" => Ok(Self::X86_64),
            "arm64" => Ok(Self::Arm64),
            _ => Err(format!("`{text}` is neither x86_64 nor arm64")),
        }
    }
}

/// The forwarder as Lambda takes it: a zip with one file, `bootstrap`.
#[derive(Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The processor it was built for.
    pub arch: Arch,
    /// The zip.
    pub zip: Arc<[u8]>,
    /// The base64 SHA-256 of the zip, which Lambda returns as `CodeSha256`.
    pub sha256: String,
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bundle({}, {} bytes, {})", self.arch, self.zip.len(), self.sha256)
    }
}

impl Serialize for Bundle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.sha256.serialize(serializer)
    }
}

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
    /// Reserved concurrency; taken from the account's pool, so only on request.
    pub reserved_concurrency: Option<u32>,
}

/// The forwarder's log group. It exists before the function, so that it never lives without a retention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogGroupSpec {
    /// Days that the forwarder's own log is kept.
    pub retention_days: Setting<u32>,
}

/// How long a log group keeps its events, in words; none is for ever.
pub fn retention(days: Option<u32>) -> String {
    match days {
        None => "for ever".to_owned(),
        Some(1) => "1 day".to_owned(),
        Some(days) => format!("{days} days"),
    }
}
