//! What `cwl2le versions` reports.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;

use crate::flags::CommandLine;
use crate::output::quantity::span;
use crate::output::style::{BOLD, DIM, GOOD, WARN};
use crate::output::{Next, Table, hanging, visible, width};
use crate::resources::{Before, ObservedFunction, Release};

/// The versions of the functions of a stack.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct VersionsReport {
    /// The stack.
    pub stack: String,
    /// The account id.
    pub account: String,
    /// The region.
    pub region: String,
    /// The time by AWS's clock, in seconds since 1970.
    #[serde(skip)]
    pub now: u64,
    /// The functions: the main one first, then those of isolated destinations.
    pub functions: Vec<FunctionVersions>,
    /// Why there may be more functions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// The command that goes back.
    #[serde(skip)]
    pub rollback: CommandLine,
    /// The command that goes forward.
    #[serde(skip)]
    pub upgrade: CommandLine,
    /// The command that publishes a version.
    #[serde(skip)]
    pub setup: CommandLine,
}

/// The versions of a function.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FunctionVersions {
    /// The function.
    pub function: String,
    /// The destination that it serves alone; none of the main function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// The number of the live version; none where the alias is missing or names no published version.
    pub live: Option<u64>,
    /// The version that was live before, if the last change replaced it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced: Option<u64>,
    /// The version that a rollback, or `upgrade` after a failure, has taken out of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolled_back_from: Option<u64>,
    /// The versions, the newest first.
    pub versions: Vec<PublishedVersion>,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PublishedVersion {
    /// Its number.
    pub version: u64,
    /// Version and source of its forwarder; none where its description does not say.
    pub release: Option<Release>,
    /// The base64 SHA-256 of its code.
    pub code_sha256: String,
    /// When it was published, in RFC 3339; none where AWS does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// Memory in MB.
    pub memory_mb: u32,
    /// Timeout in seconds.
    pub timeout_seconds: u32,
    /// The names of its destinations; none where this version of cwl2le cannot read its configuration.
    pub destinations: Option<Vec<String>>,
}

impl FunctionVersions {
    /// Those of a function as it is.
    pub(crate) fn of(function: &str, destination: Option<String>, is: &ObservedFunction) -> Self {
        let live = is.live();
        let before = live.and_then(|live| live.before);
        let versions = is.versions.iter().rev().map(|version| {
            let snapshot = &version.snapshot;
            let names = |config: cwl2le_forwarder::config::Config| config.destinations.into_keys().collect();
            PublishedVersion {
                version: version.number,
                release: snapshot.release(),
                code_sha256: snapshot.code_sha256.clone(),
                published: version.modified.and_then(time),
                memory_mb: snapshot.memory_mb,
                timeout_seconds: snapshot.timeout_seconds,
                destinations: snapshot.config().map(names),
            }
        });
        Self {
            function: function.to_owned(),
            destination,
            live: live.and_then(|live| live.number()),
            replaced: before.and_then(|before| match before {
                Before::Replaced(number) => Some(number),
                Before::RolledBackFrom(_) => None,
            }),
            rolled_back_from: before.and_then(|before| match before {
                Before::RolledBackFrom(number) => Some(number),
                Before::Replaced(_) => None,
            }),
            versions: versions.collect(),
        }
    }

    /// What is said of a version besides its code.
    fn state(&self, version: u64) -> String {
        if self.live == Some(version) {
            return format!("{GOOD}{BOLD}live{BOLD:#}{GOOD:#}");
        }
        if self.rolled_back_from == Some(version) {
            return format!("{WARN}rolled back{WARN:#}");
        }
        if self.replaced == Some(version) { "replaced".to_owned() } else { String::new() }
    }

    fn table(&self, now: u64) -> Table {
        let mut table = Table::new(["VERSION", "STATE", "PUBLISHED", "FORWARDER"]).numbers([0]);
        for version in &self.versions {
            let release = version.release.as_ref();
            let release =
                release.map(|release| format!("{} {DIM}{}{DIM:#}", release.version, release.source));
            let release = release.unwrap_or_else(|| "not known".to_owned());
            let published =
                version.age(now).map_or_else(|| "?".to_owned(), |age| format!("{} ago", span(age)));
            table.row([version.version.to_string(), self.state(version.version), published, release]);
        }
        table
    }
}

impl PublishedVersion {
    /// Seconds since it was published.
    fn age(&self, now: u64) -> Option<f64> {
        let published = humantime::parse_rfc3339(self.published.as_deref()?).ok()?;
        let now = UNIX_EPOCH.checked_add(Duration::from_secs(now))?;
        Some(now.duration_since(published).unwrap_or_default().as_secs_f64())
    }
}

/// A time in milliseconds since 1970, to the second.
fn time(milliseconds: i64) -> Option<String> {
    let since = Duration::from_secs(u64::try_from(milliseconds).ok()? / 1000);
    Some(humantime::format_rfc3339_seconds(UNIX_EPOCH.checked_add(since)?).to_string())
}

impl fmt::Display for VersionsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, function) in self.functions.iter().enumerate() {
            if at > 0 {
                f.write_str("\n\n")?;
            }
            let serves = function.destination.as_ref();
            let serves = serves.map(|name| format!(" {DIM}for {}{DIM:#}", visible(name))).unwrap_or_default();
            write!(f, "{BOLD}{}{BOLD:#}{serves}", visible(&function.function))?;
            match function.live {
                _ if function.versions.is_empty() => f.write_str("\nno version is published")?,
                None => f.write_str("\nno published version is live")?,
                Some(_) => {}
            }
            if !function.versions.is_empty() {
                write!(f, "\n{}", function.table(self.now))?;
            }
        }
        if let Some(why) = &self.unread {
            let text = format!("there may be more functions: {}", visible(why));
            write!(f, "\n\n{}", hanging("? ", &text, width()))?;
        }
        let next = self.next();
        if next.is_empty() { Ok(()) } else { write!(f, "\n\n{next}") }
    }
}

impl VersionsReport {
    fn next(&self) -> Next {
        let Some(main) = self.functions.first() else { return Next::new() };
        if main.live.is_none() {
            return Next::new().then(&self.setup, "publish a version and make it live");
        }
        if self.functions.iter().any(|function| function.rolled_back_from.is_some()) {
            return Next::new().then(&self.upgrade, "try the new version again");
        }
        match self.functions.iter().any(|function| function.replaced.is_some()) {
            true => Next::new().then(&self.rollback, "go back to what the last change replaced"),
            false => Next::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::unstyled;

    fn version(number: u64, release: &str) -> PublishedVersion {
        PublishedVersion {
            version: number,
            release: (!release.is_empty()).then(|| Release {
                version: release.parse().expect("a version"),
                source: "9b1f63c0aa27d954".to_owned(),
            }),
            code_sha256: "hash=".to_owned(),
            published: time(1_795_982_400_123 + i64::try_from(number).expect("small") * 1_000_000),
            memory_mb: 256,
            timeout_seconds: 60,
            destinations: None,
        }
    }

    fn report(functions: Vec<FunctionVersions>) -> VersionsReport {
        let line = |verb: &str| CommandLine::new([verb.to_owned()]);
        VersionsReport {
            stack: "default".to_owned(),
            account: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
            now: 1_796_000_000,
            functions,
            unread: None,
            rollback: line("rollback"),
            upgrade: line("upgrade"),
            setup: line("setup"),
        }
    }

    fn main(versions: Vec<PublishedVersion>) -> FunctionVersions {
        FunctionVersions {
            function: "cwl-to-logentries".to_owned(),
            destination: None,
            live: versions.first().map(|version| version.version),
            replaced: versions.get(1).map(|version| version.version),
            rolled_back_from: None,
            versions,
        }
    }

    #[test]
    fn the_live_version_stands_out_and_the_next_command_fits() {
        let both = vec![version(8, "0.3.0"), version(7, "0.2.0"), version(5, "")];
        let back = FunctionVersions {
            live: Some(7),
            replaced: None,
            rolled_back_from: Some(8),
            ..main(both.clone())
        };
        let audit = FunctionVersions {
            function: "cwl-to-logentries-audit".to_owned(),
            destination: Some("audit".to_owned()),
            ..main(vec![version(3, "0.3.0")])
        };
        let unread = Some("AWS denied lambda:GetFunction".to_owned());
        let texts = [
            report(vec![main(both), audit]),
            VersionsReport { unread, ..report(vec![back]) },
            report(vec![main(Vec::new())]),
        ]
        .map(|report| unstyled(&report.to_string()));
        insta::assert_snapshot!(texts.join("\n\n----\n\n"));
    }
}
