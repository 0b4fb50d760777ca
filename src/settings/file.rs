//! `cwl2le.toml`: what it may hold, read and checked.

use std::ops::Range;
use std::path::{Path, PathBuf};

use cwl2le_forwarder::secret::redact_uuids;
use cwl2le_forwarder::secret::redactor;

use super::check;
use super::contents::Contents;
use super::document::Document;
use super::environments;
use super::overlay;
use super::problems::{Problems, error};
use super::read::read;
use super::schema::PLAIN_KEYS;
use super::search::{self, FILE_NAME};
use super::secrets::Source;
use super::service::is_telling;
use crate::aws::RoleOptions;
use crate::error::{Code, Error, Result};
use crate::stack::{Region, StackName};

/// A configuration file that was read and checked.
#[derive(Debug)]
pub struct File {
    pub(super) document: Document,
    pub(super) contents: Contents,
    /// What it says with each of the environments that are not chosen.
    others: Vec<(String, Contents)>,
}

/// A file, and one of its environments.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice<'a> {
    /// The file that is named; else `cwl2le.toml` is looked for.
    pub file: Option<&'a Path>,
    /// The environment.
    pub environment: Option<&'a str>,
}

impl File {
    /// The file that is named, else the nearest `cwl2le.toml`: see [`super::search`].
    ///
    /// # Errors
    /// [`Code::Config`]: it cannot be read, or says what cannot be; the message begins with `FILE:LINE:COLUMN`.
    pub fn find(choice: Choice<'_>) -> Result<Option<Self>> {
        let Some(path) = located(choice)? else { return Ok(None) };
        Self::parse_in(&path, Self::read(&path)?, choice.environment).map(Some)
    }

    /// The same for commands that take only stack, region and profile from the file: a mistake in what says where logs
    /// go does not stop them. Then that is left out, and the mistake comes with the file.
    ///
    /// # Errors
    /// As [`File::find`], where the mistake is elsewhere, or leaves open which stack is meant.
    pub fn find_stack(choice: Choice<'_>) -> Result<Option<(Self, Option<Error>)>> {
        let Some(path) = located(choice)? else { return Ok(None) };
        Self::parse_stack(&path, Self::read(&path)?, choice.environment).map(Some)
    }

    pub(super) fn parse_stack(
        path: &Path,
        text: String,
        environment: Option<&str>,
    ) -> Result<(Self, Option<Error>)> {
        let mistake = match Self::parse_in(path, text.clone(), environment) {
            Ok(file) => return Ok((file, None)),
            Err(mistake) => mistake,
        };
        let document = Document::new(path, text, &PLAIN_KEYS, environment);
        environments::must_have(&document, environment)?;
        let Some(contents) = super::identity::contents(&document) else { return Err(mistake) };
        let mut problems = Problems::default();
        check::check(&document, &contents, &mut problems);
        let file = Self { document, contents, others: Vec::new() };
        if problems.is_empty() { Ok((file, Some(mistake))) } else { Err(mistake) }
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

    /// Reads and checks the text of a file without any of its environments. References are not followed yet.
    ///
    /// # Errors
    /// As [`File::find`].
    pub fn parse(path: &Path, text: String) -> Result<Self> {
        Self::parse_in(path, text, None)
    }

    /// The same with an environment over the rest. The other ones are checked, too.
    ///
    /// # Errors
    /// As [`File::find`]; and there is no such environment.
    pub fn parse_in(path: &Path, text: String, environment: Option<&str>) -> Result<Self> {
        // Before anything quotes what it refuses.
        if let Ok(table) = text.parse::<toml::Table>() {
            let environments = table.get(overlay::KEY).and_then(toml::Value::as_table);
            for each in environments.into_iter().flat_map(toml::Table::values) {
                redactor::learn_config(&serde_json::json!(each));
            }
            redactor::learn_config(&serde_json::json!(table));
        }
        let document = Document::new(path, text, &PLAIN_KEYS, environment);
        environments::must_have(&document, environment)?;
        let (contents, mut problems) = read(&document, &[]);
        check::check(&document, &contents, &mut problems);
        let (mut others, mut of_others) = (Vec::new(), Vec::new());
        for name in document.environments.iter().filter(|name| Some(name.as_str()) != environment) {
            let other = Document::new(path, document.text.clone(), &PLAIN_KEYS, Some(name));
            let (contents, mut found) = read(&other, &[]);
            check::check(&other, &contents, &mut found);
            others.push((name.clone(), contents));
            of_others.push((name.clone(), found));
        }
        if environment.is_none() {
            problems.name_choice(&of_others);
        }
        of_others.into_iter().for_each(|(name, found)| problems.add_of(&document, &name, found));
        let file = Self { document, contents, others };
        match problems.into_error() {
            Some(error) => Err(error),
            None => {
                file.learn_secrets();
                Ok(file)
            }
        }
    }

    /// Makes the redactor know what the file refers to, for the commands that do not need it: AWS may quote what the
    /// function has of it. What is not there, or is no regular file and may be read only once, is none of their
    /// business.
    fn learn_secrets(&self) {
        let all = self.others.iter().map(|(_, contents)| contents).chain([&self.contents]);
        let services = all.flat_map(|contents| contents.destinations.iter().flatten());
        for secret in services.flat_map(|(_, service)| service.secrets()) {
            let folder = self.document.folder();
            let once = match &secret.source {
                Source::File(path) => !folder.join(path).is_file(),
                _ => false,
            };
            if !once {
                let _ = secret.source.resolve(folder);
            }
        }
    }

    /// The names of the environments of the file that is named, or found: see [`File::find`].
    ///
    /// # Errors
    /// [`Code::Config`]: there is none, or it cannot be read.
    pub fn names(file: Option<&Path>, environment: &str) -> Result<Vec<String>> {
        let choice = Choice { file, environment: Some(environment) };
        let Some(path) = located(choice)? else { return Ok(Vec::new()) };
        Ok(Document::new(&path, Self::read(&path)?, &PLAIN_KEYS, None).environments)
    }

    /// Its path, as it was given.
    pub fn path(&self) -> &Path {
        &self.document.path
    }

    /// The chosen environment.
    pub fn environment(&self) -> Option<&str> {
        self.document.environment.as_deref()
    }

    /// The names of its environments.
    pub fn environments(&self) -> &[String] {
        &self.document.environments
    }

    /// The stack that it is about.
    pub fn stack(&self) -> Option<&StackName> {
        self.contents.stack.as_ref()
    }

    /// Which of `stack`, `region` and `profile` it does not say, and holds in a table that takes any key: perhaps they
    /// were to stand before the first section.
    pub fn slipped(&self) -> Vec<&'static str> {
        super::identity::slipped(&self.document)
    }

    /// The AWS region.
    pub fn region(&self) -> Option<&Region> {
        self.contents.region.as_ref()
    }

    /// The profile of the AWS configuration.
    pub fn profile(&self) -> Option<&str> {
        self.contents.profile.as_deref()
    }

    /// The role to assume.
    pub fn role(&self) -> RoleOptions {
        let Contents { role_arn, external_id, session_name, .. } = &self.contents;
        RoleOptions {
            arn: role_arn.as_deref().map(ToOwned::to_owned),
            external_id: external_id.as_deref().map(ToOwned::to_owned),
            session_name: session_name.as_deref().map(ToOwned::to_owned),
        }
    }

    /// Whether it says which log groups are subscribed: all of them, so that others are unsubscribed.
    pub fn has_subscriptions(&self) -> bool {
        self.contents.subscriptions.is_some()
    }

    /// Whether it says if metrics are written.
    pub fn has_metrics(&self) -> bool {
        self.contents.function.metrics.is_some()
    }

    /// Whether a subscription means every log group, also those to come, by an account policy.
    pub fn has_account_policy(&self) -> bool {
        let mut subscriptions = self.contents.subscriptions.iter().flatten();
        subscriptions.any(|subscription| subscription.get_ref().is_account_policy())
    }

    /// Whether it says what the function's configuration is.
    pub fn has_destinations(&self) -> bool {
        self.contents.destinations.is_some()
    }

    /// What is not wrong and should be known, each with its place.
    pub fn warnings(&self) -> Vec<String> {
        let mut all = self.inline_secrets();
        all.extend(self.shared_stack());
        all
    }

    /// The other environments that are the same stack in the same place: each run would undo what another one did.
    fn shared_stack(&self) -> Option<String> {
        let name = self.environment()?;
        let place = |of: &Contents| {
            (of.stack.clone().unwrap_or_default(), of.region.clone(), of.profile.clone(), of.role_arn.clone())
        };
        let same = self.others.iter().filter(|(_, other)| place(other) == place(&self.contents));
        let same: Vec<&str> = same.map(|(name, _)| name.as_str()).collect();
        (!same.is_empty()).then(|| {
            format!(
                "{}: warning: environment `{name}` is stack `{}` in the same region, profile and role as `{}`: each replaces what \
                 the other set up; give each a `stack` of its own",
                self.document.path.display(),
                place(&self.contents).0,
                same.join("`, `"),
            )
        })
    }

    /// The secrets that stand in the file.
    fn inline_secrets(&self) -> Vec<String> {
        let services = self.contents.destinations.iter().flatten();
        services
            .flat_map(|(name, service)| service.secrets().map(move |secret| (name, secret)))
            .filter(|(_, secret)| matches!(&secret.source, Source::Inline(text) if is_telling(&secret.key, text.expose())))
            .map(|(name, secret)| {
                let key = &secret.key;
                let place = self.document.place(&self.document.span_of(name, key));
                let last = key.rsplit('.').next().unwrap_or(key);
                format!(
                    "{place}: warning: `{key}` of `{name}` is in the file itself, readable by everyone who reads the file; \
                     use {last} = {{ env = \"NAME\" }}, {{ file = \"PATH\" }}, {{ ssm = \"/NAME\" }} or {{ secretsmanager = \"NAME\" }}"
                )
            })
            .collect()
    }

    /// An error at a part of the file.
    pub(super) fn error(&self, span: &Range<usize>, problem: &str, hint: impl AsRef<str>) -> Error {
        error(&self.document, span, problem, hint.as_ref())
    }
}

/// The file to read.
///
/// # Errors
/// As [`search::nearest`]; and an environment is chosen where there is no file.
fn located(choice: Choice<'_>) -> Result<Option<PathBuf>> {
    let found = match choice.file {
        Some(path) => Some(path.to_owned()),
        None => search::nearest()?,
    };
    match (&found, choice.environment) {
        (None, Some(name)) => {
            let message = format!("environment `{name}` is chosen, and there is no {FILE_NAME} here");
            let hint = "give the file with --config, or leave out --env and CWL2LE_ENV";
            Err(Error::new(Code::Config, message).hint(hint))
        }
        _ => Ok(found),
    }
}
