//! What the code of a function was made from, and how the function's tags and description say so.

use std::fmt;

use semver::Version;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::bundle::Bundle;
use crate::stack::{Tags, names};

/// The version and the source of a forwarder.
///
/// The source tells two builds of one version apart. It is a hash of the files that the forwarder is built from and not
/// of the executable, so that the same files built by another compiler or on another machine are the same release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Release {
    /// The version of the cwl2le that deploys it.
    pub version: Version,
    /// 16 hexadecimal digits, or `zip-` and 16 of them for a forwarder of the user's own.
    pub source: String,
}

/// What stands before the hash of a forwarder that is not cwl2le's own.
const ZIP: &str = "zip-";

/// What a description says before the release.
const DESCRIPTION: &str = "Forwards CloudWatch Logs from Kinesis to a log service: cwl2le ";

/// Maximum length of a description that Lambda accepts, in characters.
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
const DESCRIPTION_LENGTH: usize = 256;

impl Release {
    /// This cwl2le's own; `build.rs` hashes the sources.
    pub fn own() -> Self {
        // Cargo accepts no other version in a manifest.
        let version = Version::parse(env!("CARGO_PKG_VERSION")).unwrap_or_else(|_| Version::new(0, 0, 0));
        Self { version, source: env!("CWL2LE_SOURCE").to_owned() }
    }

    /// A forwarder that `--forwarder-zip` gives: nothing is known of its source, so its bytes identify it.
    pub fn of_zip(bundle: &Bundle) -> Self {
        let digest = Sha256::digest(&bundle.zip);
        let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { source: format!("{ZIP}{hash}"), ..Self::own() }
    }

    /// Whether it is a forwarder of the user's own.
    pub fn is_zip(&self) -> bool {
        self.source.starts_with(ZIP)
    }

    /// The tags of a function that has this code.
    pub fn tags(&self, code_sha256: &str) -> Tags {
        let tags = [
            (names::VERSION_TAG, self.version.to_string()),
            (names::SOURCE_TAG, self.source.clone()),
            (names::CODE_TAG, code_sha256.to_owned()),
        ];
        tags.map(|(key, value)| (key.to_owned(), value)).into()
    }

    /// The description of a function that has this code.
    pub fn description(&self) -> String {
        format!("{DESCRIPTION}{self}").chars().take(DESCRIPTION_LENGTH).collect()
    }

    /// The release that such a description names: that of a version, which has no tags of its own.
    pub fn of_description(text: &str) -> Option<Self> {
        let (version, source) = text.strip_prefix(DESCRIPTION)?.split_once(" (source ")?;
        Some(Self { version: Version::parse(version).ok()?, source: source.strip_suffix(')')?.to_owned() })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (source {})", self.version, self.source)
    }
}

/// What the tags of a function say of its code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The version that deployed it; none where the tag is missing or holds no version.
    pub version: Option<Version>,
    /// What stands in the place of the version and is none.
    pub unknown_version: Option<String>,
    /// Its source.
    pub source: Option<String>,
    /// The base64 SHA-256 of its zip.
    pub code_sha256: Option<String>,
}

impl Recorded {
    /// Reads the tags of a function.
    pub fn read(tags: &Tags) -> Self {
        let text = tags.get(names::VERSION_TAG);
        let version = text.and_then(|text| Version::parse(text).ok());
        Self {
            unknown_version: text.filter(|_| version.is_none()).cloned(),
            version,
            source: tags.get(names::SOURCE_TAG).cloned(),
            code_sha256: tags.get(names::CODE_TAG).cloned(),
        }
    }

    /// The release, where version and source are recorded.
    pub fn release(&self) -> Option<Release> {
        Some(Release { version: self.version.clone()?, source: self.source.clone()? })
    }

    /// Whether it was recorded what was deployed, and not, or not legibly, which version.
    pub fn lacks_version(&self) -> bool {
        let is_recorded =
            self.unknown_version.is_some() || self.source.is_some() || self.code_sha256.is_some();
        self.version.is_none() && is_recorded
    }

    /// Whether the function has another code than the one that was recorded.
    pub fn differs(&self, code_sha256: &str) -> bool {
        self.code_sha256.as_ref().is_some_and(|recorded| recorded != code_sha256)
    }
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.unknown_version {
            return write!(f, "version `{text}`, which is none");
        }
        match (&self.version, &self.source) {
            (Some(version), Some(source)) => write!(f, "{version} (source {source})"),
            (Some(version), None) => write!(f, "{version} (source not recorded)"),
            (None, _) => f.write_str("version not recorded"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::Arch;

    #[test]
    fn tags_and_description_hold_what_aws_accepts_and_say_what_was_deployed() {
        let bundle = Bundle { arch: Arch::X86_64, zip: b"zip".to_vec().into(), sha256: "0/+=".to_owned() };
        let long = Release {
            version: format!("1.2.3-{}", "a".repeat(300)).parse().expect("a version"),
            ..Release::own()
        };
        assert_eq!(long.description().chars().count(), DESCRIPTION_LENGTH);
        for release in [Release::own(), Release::of_zip(&bundle)] {
            let tags = release.tags(&bundle.sha256);
            // Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html
            let allowed = |c: char| c.is_ascii_alphanumeric() || "+-=._:/@ ".contains(c);
            assert!(tags.values().all(|value| value.len() <= 256 && value.chars().all(allowed)), "{tags:?}");
            let recorded = Recorded::read(&tags);
            assert_eq!(recorded.release().as_ref(), Some(&release));
            assert!(!recorded.differs("0/+=") && recorded.differs("other"));
            assert!(release.description().contains(&release.to_string()), "{}", release.description());
            assert_eq!(Release::of_description(&release.description()).as_ref(), Some(&release));
        }
        assert_eq!(Release::of_description(&long.description()), None);
        assert!(Release::of_zip(&bundle).is_zip() && !Release::own().is_zip());
        assert_eq!(Release::own().source.len(), 16);
        assert_eq!(Recorded::read(&Tags::new()), Recorded::default());
    }
}
