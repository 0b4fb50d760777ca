//! The code of a function: a zip for a processor.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

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

impl Bundle {
    /// A few characters that differ where the zip does, for the name of its file.
    pub(crate) fn short_hash(&self) -> String {
        // Base64 has characters that file names lack.
        self.sha256.chars().filter(char::is_ascii_alphanumeric).take(12).collect()
    }
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
