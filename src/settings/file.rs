//! `cwl2le.toml`: what may stand in it, read and checked.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use cwl2le_forwarder::config::Names;
use cwl2le_forwarder::secret::redact_uuids;
use cwl2le_forwarder::secret::redactor;
use cwl2le_forwarder::shape::config::Rules;
use serde::Deserialize;
use toml::Spanned;

use super::check;
use super::nearest;
use super::secrets::{Kept, Source};
use super::service::{Service, is_telling};
use super::values;
use crate::error::{Code, Error, Result};
use crate::resources::{Arch, Distribution};
use crate::stack::{Region, StackName, Tags};

/// The name of the file that is used when none is named.
pub const FILE_NAME: &str = "cwl2le.toml";

/// A configuration file that was read and checked.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    text: String,
    pub(super) settings: Settings,
}

/// Everything that may stand in the file. The flags of `setup` have the same names where they mean the same.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    #[serde(deserialize_with = "values::parsed")]
    pub(super) stack: Option<StackName>,
    #[serde(deserialize_with = "values::parsed")]
    pub(super) region: Option<Region>,
    pub(super) profile: Option<String>,
    pub(super) default_destination: Option<Spanned<String>>,
    pub(super) stream: Stream,
    pub(super) function: Function,
    pub(super) trigger: Trigger,
    pub(super) roles: Roles,
    #[serde(deserialize_with = "values::own_tags")]
    pub(super) tags: Tags,
    pub(super) destinations: Option<BTreeMap<String, Spanned<Service>>>,
    pub(super) routes: Vec<Spanned<Route>>,
    pub(super) routes_from: Option<Spanned<Kept>>,
    pub(super) hash_key: Option<Spanned<Kept>>,
    pub(super) subscriptions: Option<Vec<Spanned<Subscription>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Stream {
    #[serde(deserialize_with = "values::shards")]
    pub(super) shards: Option<u32>,
    pub(super) on_demand: Option<Spanned<bool>>,
    #[serde(deserialize_with = "values::retention_hours")]
    pub(super) retention_hours: Option<u32>,
    #[serde(deserialize_with = "values::kms_key")]
    pub(super) kms_key: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Function {
    #[serde(deserialize_with = "values::parsed")]
    pub(super) arch: Option<Arch>,
    #[serde(deserialize_with = "values::memory")]
    pub(super) memory: Option<u32>,
    #[serde(deserialize_with = "values::timeout")]
    pub(super) timeout: Option<u32>,
    #[serde(deserialize_with = "values::reserved_concurrency")]
    pub(super) reserved_concurrency: Option<u32>,
    #[serde(deserialize_with = "values::log_retention_days")]
    pub(super) log_retention_days: Option<u32>,
    pub(super) metrics: Option<bool>,
    #[serde(deserialize_with = "values::quarantine")]
    pub(super) quarantine: Option<String>,
    #[serde(deserialize_with = "values::bucket_owner")]
    pub(super) bucket_owner: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Trigger {
    #[serde(deserialize_with = "values::batch_size")]
    pub(super) batch_size: Option<u32>,
    #[serde(deserialize_with = "values::batch_window")]
    pub(super) batch_window: Option<u32>,
    #[serde(deserialize_with = "values::parallelization")]
    pub(super) parallelization: Option<u32>,
    #[serde(deserialize_with = "values::on_failure")]
    pub(super) on_failure: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Roles {
    #[serde(deserialize_with = "values::role_path")]
    pub(super) path: Option<String>,
    #[serde(deserialize_with = "values::permissions_boundary")]
    pub(super) permissions_boundary: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    #[serde(deserialize_with = "values::route")]
    pub(super) log_group: String,
    pub(super) destination: Names,
    pub(super) shape: Option<Spanned<Rules>>,
}

/// Log groups, and how they are subscribed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Subscription {
    #[serde(deserialize_with = "values::log_groups")]
    pub(super) log_groups: Vec<String>,
    #[serde(rename = "match", deserialize_with = "values::globs")]
    pub(super) globs: Vec<String>,
    #[serde(deserialize_with = "values::globs")]
    pub(super) exclude: Vec<String>,
    pub(super) tags: Tags,
    pub(super) all: bool,
    pub(super) per_group: bool,
    #[serde(deserialize_with = "values::filter_pattern")]
    pub(super) filter_pattern: Option<String>,
    #[serde(deserialize_with = "values::parsed")]
    pub(super) distribution: Option<Distribution>,
    pub(super) destination: Option<Spanned<String>>,
}

impl Subscription {
    /// Whether it means every log group, also those to come, by one account policy.
    pub(super) fn is_account_policy(&self) -> bool {
        self.all && !self.per_group
    }
}

impl File {
    /// The file that is named, else `cwl2le.toml` in the working folder where there is one.
    ///
    /// # Errors
    /// [`Code::Config`]: it cannot be read, or says what cannot be; the message begins with `FILE:LINE:COLUMN`.
    pub fn find(named: Option<&Path>) -> Result<Option<Self>> {
        let Some(path) = located(named) else { return Ok(None) };
        Self::parse(path, Self::read(path)?).map(Some)
    }

    /// The same for commands that take only stack, region and profile from the file: a mistake in what says where logs
    /// go does not stop them. Then that is left out, and the mistake comes with the file.
    ///
    /// # Errors
    /// As [`File::find`], where the mistake is elsewhere, or leaves open which stack is meant.
    pub fn find_stack(named: Option<&Path>) -> Result<Option<(Self, Option<Error>)>> {
        let Some(path) = located(named) else { return Ok(None) };
        Self::parse_stack(path, Self::read(path)?).map(Some)
    }

    pub(super) fn parse_stack(path: &Path, text: String) -> Result<(Self, Option<Error>)> {
        let mistake = match Self::parse(path, text.clone()) {
            Ok(file) => return Ok((file, None)),
            Err(mistake) => mistake,
        };
        let Some(settings) = super::identity::settings(&text) else { return Err(mistake) };
        let file = Self { path: path.to_owned(), text, settings };
        match check::check(&file) {
            Ok(()) => Ok((file, Some(mistake))),
            Err(_) => Err(mistake),
        }
    }

    fn read(path: &Path) -> Result<String> {
        crate::text::read(path).map_err(|error| {
            let message = format!("the configuration file cannot be read: {error}");
            Error::new(Code::Config, message)
                // It may be a token in the wrong place.
                .on(redact_uuids(&path.display().to_string()))
                .hint("check --config and CWL2LE_CONFIG_FILE; `cwl2le init` writes a file to begin with")
        })
    }

    /// Reads and checks the text of a file. References are not followed yet: see [`super::destinations`].
    ///
    /// # Errors
    /// As [`File::find`].
    pub fn parse(path: &Path, text: String) -> Result<Self> {
        // Before anything quotes what it refuses.
        if let Ok(table) = text.parse::<toml::Table>() {
            redactor::learn_config(&serde_json::json!(table));
        }
        let settings = nearest::settings(path, &text)?;
        let file = Self { path: path.to_owned(), text, settings };
        check::check(&file)?;
        file.learn_secrets();
        Ok(file)
    }

    /// Makes the redactor know what the file refers to, for the commands that do not need it: AWS may quote what the
    /// function has of it. What is not there, or is no regular file and may be read only once, is none of their business.
    fn learn_secrets(&self) {
        let services = self.settings.destinations.iter().flatten();
        for secret in services.flat_map(|(_, service)| service.get_ref().secrets()) {
            let folder = self.path.parent().unwrap_or(Path::new(""));
            let once = match &secret.source {
                Source::File(path) => !folder.join(path).is_file(),
                _ => false,
            };
            if !once {
                let _ = secret.source.resolve(self);
            }
        }
    }

    /// Its path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The stack that it is about.
    pub fn stack(&self) -> Option<&StackName> {
        self.settings.stack.as_ref()
    }

    /// Which of `stack`, `region` and `profile` it does not say, and holds in a table that takes any key: perhaps they
    /// were to stand before the first section.
    pub fn slipped(&self) -> Vec<&'static str> {
        super::identity::slipped(&self.text)
    }

    /// The AWS region.
    pub fn region(&self) -> Option<&Region> {
        self.settings.region.as_ref()
    }

    /// The profile of the AWS configuration.
    pub fn profile(&self) -> Option<&str> {
        self.settings.profile.as_deref()
    }

    /// Whether it says which log groups are subscribed: all of them, so that others are unsubscribed.
    pub fn has_subscriptions(&self) -> bool {
        self.settings.subscriptions.is_some()
    }

    /// Whether it says if metrics are written.
    pub fn has_metrics(&self) -> bool {
        self.settings.function.metrics.is_some()
    }

    /// Whether a subscription means every log group, also those to come, by an account policy.
    pub fn has_account_policy(&self) -> bool {
        let mut subscriptions = self.settings.subscriptions.iter().flatten();
        subscriptions.any(|subscription| subscription.get_ref().is_account_policy())
    }

    /// Whether it says what the function's configuration is.
    pub fn has_destinations(&self) -> bool {
        self.settings.destinations.is_some()
    }

    /// What is not wrong and should be known, each with its place.
    pub fn warnings(&self) -> Vec<String> {
        let secrets = self
            .settings
            .destinations
            .iter()
            .flatten()
            .flat_map(|(name, service)| service.get_ref().secrets().map(move |secret| (name, secret)));
        secrets
            .filter(|(_, secret)| matches!(&secret.source, Source::Inline(text) if is_telling(&secret.key, text.expose())))
            .map(|(name, secret)| {
                let (place, key) = (self.place(&secret.span), &secret.key);
                let last = key.rsplit('.').next().unwrap_or(key);
                format!(
                    "{place}: warning: `{key}` of `{name}` stands in the file itself, for everyone who reads it; \
                     better {last} = {{ env = \"NAME\" }}, {{ file = \"PATH\" }}, {{ ssm = \"/NAME\" }} or {{ secretsmanager = \"NAME\" }}"
                )
            })
            .collect()
    }

    /// `FILE:LINE:COLUMN` of a part of the file.
    pub(super) fn place(&self, span: &Range<usize>) -> String {
        place(&self.path, &self.text, span.start)
    }

    /// An error at a part of the file.
    pub(super) fn error(&self, span: &Range<usize>, problem: &str, hint: impl Into<String>) -> Error {
        Error::new(Code::Config, format!("{}: {problem}", self.place(span))).hint(hint)
    }
}

/// The file that is named, else `cwl2le.toml` in the working folder where there is one.
fn located(named: Option<&Path>) -> Option<&Path> {
    named.or_else(|| Some(Path::new(FILE_NAME)).filter(|path| path.is_file()))
}

/// `FILE:LINE:COLUMN`, both counted from 1, the column in characters.
pub(super) fn place(path: &Path, text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{}:{line}:{column}", path.display())
}
