//! Secrets: where the file says they are, and their values where cwl2le is the one who reads them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{fmt, io};

use cwl2le_forwarder::secret::redactor;
use cwl2le_forwarder::secret::reference::{Keeper, Reference};
use cwl2le_forwarder::secret::{REDACTED, Token, redact_uuids};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::{Value, json};

use crate::error::{Code, Error, Result};
use crate::stack::{Target, limits};
use crate::text;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// In an environment variable of cwl2le. It is read by `setup` and handed to the function.
    Env(String),
    /// In a file beside cwl2le, relative to the configuration file. As with `Env`.
    File(PathBuf),
    /// Where the function reads it.
    Kept(Kept),
    /// In the configuration file itself.
    Inline(Hidden),
}

/// A text that may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Hidden(String);

impl Hidden {
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// A text that the function reads, and the customer key that it is encrypted with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Place")]
#[schemars(with = "Place")]
pub(super) struct Kept {
    pub(super) reference: Reference,
    pub(super) kms_key: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Place {
    /// SSM parameter, by name or ARN, that the function reads
    ssm: Option<String>,
    /// Secret in Secrets Manager, by name or ARN, that the function reads; NAME#KEY for one key of a JSON object
    secretsmanager: Option<String>,
    /// ARN of the KMS key of your own that encrypts it
    kms_key: Option<String>,
}

impl TryFrom<Place> for Kept {
    type Error = String;

    fn try_from(place: Place) -> Result<Self, String> {
        let Place { ssm, secretsmanager, kms_key } = place;
        if let Some(key) = &kms_key {
            limits::kms_key_arn(key).map_err(|problem| format!("`kms_key`: {problem}"))?;
        }
        let reference = match (ssm, secretsmanager) {
            (Some(name), None) => named(Keeper::Ssm, &name)?,
            (None, Some(name)) => named(Keeper::SecretsManager, &name)?,
            _ => return Err("it is kept in one place: give either `ssm` or `secretsmanager`".to_owned()),
        };
        Ok(Self { reference, kms_key })
    }
}

/// A reference by what flag or file say. A token where its name belongs would be shown in plans and stand in policies.
pub(super) fn named(keeper: Keeper, text: &str) -> Result<Reference, String> {
    let reference = Reference::new(keeper, text)?;
    if reference.name.trim_start_matches('/').parse::<Token>().is_ok() {
        return Err("the name of where it is kept is expected, and a token is given".to_owned());
    }
    match keeper {
        Keeper::Ssm => limits::parameter(&reference.name)?,
        Keeper::SecretsManager => limits::secret(&reference.name)?,
    }
    Ok(reference)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AnyPlace {
    /// Environment variable of the machine that runs cwl2le
    env: Option<String>,
    /// File on the machine that runs cwl2le, relative to this one
    #[schemars(with = "Option<String>")]
    file: Option<PathBuf>,
    /// SSM parameter, by name or ARN, that the function reads
    ssm: Option<String>,
    /// Secret in Secrets Manager, by name or ARN, that the function reads; NAME#KEY for one key of a JSON object
    secretsmanager: Option<String>,
    /// ARN of the KMS key of your own that encrypts it, with `ssm` or `secretsmanager`
    kms_key: Option<String>,
}

impl AnyPlace {
    fn source(self) -> Result<Source, String> {
        let Self { env, file, ssm, secretsmanager, kms_key } = self;
        if env.as_ref().is_some_and(|name| name.trim().is_empty()) {
            return Err("a secret is kept somewhere: the name of the place is empty".to_owned());
        }
        match (env, file, ssm, secretsmanager) {
            (None, None, ssm, secretsmanager) if ssm.is_some() != secretsmanager.is_some() => {
                Kept::try_from(Place { ssm, secretsmanager, kms_key }).map(Source::Kept)
            }
            _ if kms_key.is_some() => {
                Err("`kms_key` is for a secret that the function reads: with `ssm` or `secretsmanager`"
                    .to_owned())
            }
            (Some(name), None, None, None) if is_of_aws(&name) => Err(format!(
                "`{name}` is a variable of AWS, and whoever has it acts as you; a log service never gets one of these"
            )),
            (Some(name), None, None, None) => Ok(Source::Env(name)),
            (None, Some(path), None, None) => Ok(Source::File(path)),
            (None, None, None, None) => {
                Err("a secret is { env = ... }, { file = ... }, { ssm = ... } or { secretsmanager = ... }"
                    .to_owned())
            }
            _ => Err("a secret is kept in one place: give one of `env`, `file`, `ssm` and `secretsmanager`"
                .to_owned()),
        }
    }
}

/// Whether a variable holds credentials of AWS or leads to some. A configuration file that lies in the working folder
/// may be somebody else's, and the log service that it names as well.
fn is_of_aws(name: &str) -> bool {
    let name = name.trim().to_ascii_uppercase();
    ["AWS_", "AMAZON_", "_AWS", "EC2_", "ECS_CONTAINER_", "TF_VAR_AWS"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// Whether a path leads into a folder, by links and `..` as well.
fn is_below(path: &Path, folder: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.starts_with(folder) || real(path).starts_with(real(folder))
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Source;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a text, { env = ... }, { file = ... }, { ssm = ... } or { secretsmanager = ... }",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Source, E> {
                Ok(Source::Inline(Hidden(text.to_owned())))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Source, A::Error> {
                AnyPlace::deserialize(MapAccessDeserializer::new(map))?.source().map_err(de::Error::custom)
            }
        }
        deserializer.deserialize_any(Read)
    }
}

impl JsonSchema for Source {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, AnyPlace::json_schema(generator)] })
    }
}

impl Source {
    /// As the function's configuration holds it: a value where cwl2le can read it, else a reference. A path is
    /// relative to the folder of the configuration file.
    pub(super) fn resolve(&self, folder: &Path) -> Result<Value, String> {
        let text = match self {
            Self::Env(name) => {
                let text = std::env::var(name).ok().filter(|text| !text.trim().is_empty());
                text.ok_or_else(|| format!("{self} is not set"))?
            }
            Self::File(path) => {
                let path = folder.join(path);
                if std::env::home_dir().is_some_and(|home| is_below(&path, &home.join(".aws"))) {
                    return Err(format!(
                        "{self} is one of AWS, and whoever has its contents acts as you; a log service never gets one of these"
                    ));
                }
                read_secret(&path).map_err(|error| format!("{self} cannot be read: {error}"))?
            }
            Self::Kept(kept) => return Ok(json!(kept.reference)),
            Self::Inline(text) => return Ok(json!(text.0)),
        };
        // What is kept elsewhere is a secret, whatever its key is called.
        redactor::learn(&text);
        redactor::learn_url(&text);
        Ok(json!(text.trim()))
    }

    /// Where it is kept, if the function reads it.
    pub(super) fn kept(self) -> Option<Kept> {
        match self {
            Self::Kept(kept) => Some(kept),
            _ => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Kept(kept) => kept.reference.fmt(f),
            Self::Inline(_) => f.write_str("the text"),
        }
    }
}

/// The ARN of an SSM parameter, by which a policy names it: without the version or label that may stand behind its
/// name.
pub(super) fn parameter_arn(name: &str, target: &Target) -> String {
    let (arn, name) = match name.split_once(":parameter/") {
        Some((arn, name)) if arn.starts_with("arn:") => (format!("{arn}:parameter/"), name),
        _ => (target.arn("ssm", "parameter/"), name.trim_start_matches('/')),
    };
    format!("{arn}{}", name.split(':').next().unwrap_or_default())
}

/// The ARN of a secret, by which a policy names it. Secrets Manager adds six characters of its own to a name, which are
/// not known here.
pub(super) fn secret_arn(name: &str, target: &Target) -> String {
    let arn = if name.starts_with("arn:") {
        name.to_owned()
    } else {
        target.arn("secretsmanager", format_args!("secret:{name}"))
    };
    let is_suffix = |end: &str| end.len() == 6 && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let whole = name.starts_with("arn:") && arn.rsplit_once('-').is_some_and(|(_, end)| is_suffix(end));
    if whole { arn } else { format!("{arn}-??????") }
}

/// What was read of standard input and of pipes, which can be read only once. Plans are made more than once.
static READ_ONCE: Mutex<BTreeMap<PathBuf, String>> = Mutex::new(BTreeMap::new());

/// Whether a second look at a file may find what the first one found. `-` is standard input.
pub(super) fn can_be_read_again(file: &Path) -> bool {
    file != Path::new("-") && file.metadata().map_or(true, |found| found.is_file())
}

fn read_secret(file: &Path) -> io::Result<String> {
    if can_be_read_again(file) {
        return text::read(file);
    }
    let mut read = READ_ONCE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(text) = read.get(file) {
        return Ok(text.clone());
    }
    let text = if file == Path::new("-") { text::read_from(io::stdin().lock()) } else { text::read(file) }?;
    read.insert(file.to_owned(), text.clone());
    Ok(text)
}

/// The token in a file that a flag names, `-` for standard input.
pub(super) fn read_token(file: &Path) -> Result<String> {
    read_secret(file).inspect(|text| redactor::learn(text)).map_err(|error| {
        Error::new(Code::Usage, format!("the token file cannot be read: {error}"))
            // It may be the token itself.
            .on(redact_uuids(&file.display().to_string()))
            .hint("write the token, and nothing else, into a file that only you can read")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_below_a_folder_by_whatever_path() {
        let home = tempfile::tempdir().expect("a folder");
        let aws = home.path().join(".aws");
        std::fs::create_dir_all(aws.join("sso")).expect("a folder");
        for name in [".aws/sso/a.json", "token"] {
            std::fs::write(home.path().join(name), "secret").expect("a file");
        }
        assert!(is_below(&aws.join("sso/a.json"), &aws) && is_below(&aws.join("not-there"), &aws));
        assert!(is_below(&home.path().join(".aws/sso/../../.aws/sso/a.json"), &aws));
        assert!(!is_below(&home.path().join("token"), &aws));
        #[cfg(unix)]
        {
            let link = home.path().join("link");
            std::os::unix::fs::symlink(aws.join("sso/a.json"), &link).expect("a link");
            assert!(is_below(&link, &aws));
        }
    }

    #[test]
    fn references_become_the_arns_of_policies() {
        let target =
            Target { account: "123456789012".to_owned(), region: "eu-west-1".parse().expect("a region") };
        for (name, arn) in [
            ("/cwl2le/token", "arn:aws:ssm:eu-west-1:123456789012:parameter/cwl2le/token"),
            ("token", "arn:aws:ssm:eu-west-1:123456789012:parameter/token"),
            ("token:3", "arn:aws:ssm:eu-west-1:123456789012:parameter/token"),
            ("arn:aws:ssm:x:1:parameter/t", "arn:aws:ssm:x:1:parameter/t"),
            ("arn:aws:ssm:x:1:parameter/a/t:live", "arn:aws:ssm:x:1:parameter/a/t"),
        ] {
            assert_eq!(parameter_arn(name, &target), arn);
        }
        for (name, arn) in [
            ("le/token", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:le/token-??????"),
            // A name may end as if it were an ARN's end.
            ("le-abcdef", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:le-abcdef-??????"),
            ("arn:aws:secretsmanager:r:1:secret:le-AbC123", "arn:aws:secretsmanager:r:1:secret:le-AbC123"),
            ("arn:aws:secretsmanager:r:1:secret:le", "arn:aws:secretsmanager:r:1:secret:le-??????"),
        ] {
            assert_eq!(secret_arn(name, &target), arn);
        }
    }
}
