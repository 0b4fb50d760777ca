//! The file of a saved plan: its format, and how it is read and written.

use std::collections::BTreeMap;
use std::path::Path;

use cwl2le_forwarder::secret::redactor;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::change::{Change, Lost};
use super::fingerprint::hash;
use crate::error::{Code, Error, Result, Subject};
use crate::write;

/// What the key `format` says.
const FORMAT: &str = "cwl2le-plan";
/// Version of the format that is written, and the only one that is read.
const VERSION: u64 = 1;
/// Maximum size of a file that is read, in bytes: the plan of 10,000 log groups has 6 MB.
const LARGEST: u64 = 64 * 1024 * 1024;
/// What to do with a file that is of no use.
pub(super) const MAKE_A_NEW_ONE: &str = "make a new plan with `cwl2le plan --out FILE`";
/// What `setup FILE` takes.
const TAKES: &str = "give a file that `cwl2le plan --out FILE` wrote; a configuration file is given with --config, and the \
    name of a stack with --stack";

/// The contents of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) format: String,
    pub(super) version: u64,
    pub(super) cwl2le: Made,
    /// When it was made, in seconds since 1970.
    pub(super) made_at: u64,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) stack: String,
    /// The settings that flags and variables gave, as flags.
    pub(super) flags: Vec<String>,
    pub(super) configuration: Option<Configuration>,
    /// The flag or variable that gave the token, which has to be given again.
    pub(super) token_from: Option<String>,
    /// A fingerprint of each token that the function gets from cwl2le, by its place.
    pub(super) tokens: BTreeMap<String, String>,
    /// The hash of the forwarder's zip, where one is deployed or compared.
    pub(super) code: Option<String>,
    /// The time that times in the changes count from, in seconds since 1970.
    pub(super) planned_at: Option<u64>,
    pub(super) changes: Vec<Change>,
    pub(super) kept: Vec<Subject>,
    pub(super) losses: Vec<Lost>,
    /// A hash of all of this. It tells an edited or damaged file from a change of the account, and proves nothing:
    /// whoever can write the file can write the hash.
    pub(super) digest: String,
}

/// The cwl2le that made a plan: version and source, as the tags of a function have them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    pub(super) version: String,
    pub(super) source: String,
}

/// What the configuration file says, with the chosen environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Configuration {
    pub(super) path: String,
    pub(super) environment: Option<String>,
    pub(super) settings: Value,
}

impl Document {
    /// The text of the file.
    ///
    /// # Errors
    /// [`Code::Config`]: it would hold a secret that cwl2le knows.
    pub(super) fn text(mut self) -> Result<String> {
        self.format = FORMAT.to_owned();
        self.version = VERSION;
        self.digest = self.digest();
        let value = serde_json::to_value(&self)
            .map_err(|error| Error::new(Code::Internal, format!("the plan cannot be written: {error}")))?;
        if holds_secret(&value) {
            let message = "the plan is not saved: a flag or the configuration holds a secret, and the file would hold it, too";
            let hint = "give secrets by reference, such as { env = \"NAME\" } or { ssm = \"/NAME\" }";
            return Err(Error::new(Code::Config, message).hint(hint));
        }
        Ok(format!("{value:#}\n"))
    }

    /// The hash of everything else in it.
    fn digest(&self) -> String {
        let unsigned = Self { digest: String::new(), ..self.clone() };
        hash(&serde_json::to_string(&unsigned).unwrap_or_default())
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Code::Usage`]: it is not there, is no saved plan, is of another format, was edited, or anybody may edit it.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let on = |error: Error| error.on(path.display().to_string());
        let not_one = |problem: String| on(Error::usage(problem, TAKES));
        let unreadable = |error: std::io::Error| not_one(format!("the plan file cannot be read: {error}"));
        let found = path.metadata().map_err(unreadable)?;
        if found.len() > LARGEST {
            return Err(not_one("the plan file is larger than any plan".to_owned()));
        }
        if is_writable_by_anybody(&found) {
            let message =
                "every user of this machine may edit the plan file, so it may not be what was reviewed";
            let name = path.display().to_string();
            let name = shlex::try_quote(&name).unwrap_or_default();
            return Err(on(Error::usage(message, format!("review it, then run `chmod o-w {name}`"))));
        }
        Self::parse(&crate::text::read(path).map_err(unreadable)?).map_err(on)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// As [`Document::read`].
    pub(super) fn parse(text: &str) -> Result<Self> {
        let value = serde_json::from_str::<Value>(text).ok().filter(is_plan);
        let value = value.ok_or_else(|| Error::usage("this is no plan file", TAKES))?;
        if value["version"] != VERSION {
            let message = format!(
                "the plan file has version {} of its format, and this cwl2le reads version {VERSION}",
                value["version"]
            );
            let hint = "apply it with the cwl2le that made it, or make a new plan with this one: `cwl2le plan --out FILE`";
            return Err(Error::usage(message, hint));
        }
        let read = serde_json::from_value::<Self>(value).ok();
        read.filter(|document| document.digest == document.digest()).ok_or_else(|| {
            let message = "the plan file was edited or damaged after it was written; nothing was changed";
            Error::usage(message, MAKE_A_NEW_ONE)
        })
    }
}

/// Whether a document says that it is a saved plan.
fn is_plan(value: &Value) -> bool {
    value["format"] == FORMAT
}

/// Whether a text in a document has a secret that the redactor knows.
fn holds_secret(value: &Value) -> bool {
    let is_secret = |text: &str| redactor::redact(text) != text;
    match value {
        Value::String(text) => is_secret(text),
        Value::Array(all) => all.iter().any(holds_secret),
        Value::Object(all) => all.iter().any(|(key, value)| is_secret(key) || holds_secret(value)),
        _ => false,
    }
}

/// Checks that a plan may be written to a file: there is none, or it holds a plan.
///
/// # Errors
/// [`Code::Usage`]: something else is there.
pub(crate) fn must_be_replaceable(path: &Path) -> Result<()> {
    let refuse = |message: &str, hint: &str| Err(Error::usage(message, hint).on(path.display().to_string()));
    if ["text", "json", "jsonl"].map(Path::new).contains(&path) {
        let message = "--out takes the name of a file for the plan, and this is a format";
        return refuse(message, "give a format with --output; for a file of this name, begin with ./");
    }
    let Ok(found) = path.metadata() else { return Ok(()) };
    let holds_plan = || {
        let text = crate::text::read(path).unwrap_or_default();
        serde_json::from_str::<Value>(&text).is_ok_and(|value| is_plan(&value))
    };
    if found.is_file() && (found.len() == 0 || found.len() <= LARGEST && holds_plan()) {
        return Ok(());
    }
    refuse("the plan is not written over this, which is no plan file", "give another file with --out")
}

/// Writes a file that only its owner can read.
///
/// # Errors
/// [`Code::Environment`]: it cannot be written.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    write::private(path, text.as_bytes()).map_err(|error| {
        Error::new(Code::Environment, format!("the plan file cannot be written: {error}"))
            .on(path.display().to_string())
            .hint("give a file that you can write to with --out; nothing was changed")
    })
}

#[cfg(unix)]
fn is_writable_by_anybody(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    found.permissions().mode() & 0o002 != 0
}

#[cfg(not(unix))]
fn is_writable_by_anybody(_: &std::fs::Metadata) -> bool {
    false
}
