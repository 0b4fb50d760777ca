//! A saved plan: made from what a run planned, and held against what a later run would do.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::compare::{Reviewed, compare};
use super::document::{self, Configuration, Document, Made};
use super::{change, fingerprint, inputs};
use crate::aws::{Options, Session};
use crate::error::{Code, Error, Failure, Result};
use crate::flags::{CommandLine, DestinationArgs};
use crate::output::{Next, quantity, visible};
use crate::resources::{Plan, Release, Stack};
use crate::settings::{self, File, Wanted};
use crate::workflow::Context;

/// A saved plan, with the file that it is in.
pub(crate) struct SavedPlan {
    path: PathBuf,
    document: Document,
}

impl SavedPlan {
    /// What `plan --out` saves.
    ///
    /// # Errors
    /// [`Code::Config`]: a secret is in the configuration file itself.
    pub(crate) fn of(
        path: &Path,
        context: Context<'_>,
        wanted: &Wanted,
        stack: &Stack,
        plan: &Plan,
    ) -> Result<Self> {
        let configuration = context.file.map(|file| {
            let (path, environment) = (file.path().display().to_string(), file.environment());
            let environment = environment.map(ToOwned::to_owned);
            file.to_json().map(|settings| Configuration { path, environment, settings })
        });
        let document = Document {
            format: String::new(),
            version: 0,
            cwl2le: own(),
            made_at: now(),
            account: stack.target.account.clone(),
            region: stack.target.region.to_string(),
            stack: stack.name.to_string(),
            flags: inputs::given(context)?,
            configuration: configuration.transpose()?,
            token_from: settings::token_from(&wanted.destination),
            tokens: fingerprint::tokens(stack),
            code: code(stack),
            planned_at: plan.planned_at,
            changes: change::changes(plan),
            kept: change::kept(plan),
            losses: change::losses(plan),
            digest: String::new(),
        };
        Ok(Self { path: path.to_owned(), document })
    }

    /// Writes it to its file, which only its owner can read.
    ///
    /// # Errors
    /// [`Code::Config`]: it would hold a secret. [`Code::Environment`]: the file cannot be written.
    pub(crate) fn write(&self) -> Result<()> {
        document::write(&self.path, &self.document.clone().text()?)
    }

    /// Reads a file, as far as no account is needed to judge it.
    ///
    /// # Errors
    /// [`Code::Usage`]: it cannot be used. [`Code::Changed`]: another cwl2le made it.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let saved = Self { path: path.to_owned(), document: Document::read(path)? };
        let (made, own) = (&saved.document.cwl2le, own());
        if *made != own {
            let say = |made: &Made| format!("cwl2le {} (source {})", made.version, made.source);
            let problem = format!("{} made it, and this is {}", say(made), say(&own));
            let hint =
                "apply it with the same cwl2le, or make a new plan with this one: `cwl2le plan --out FILE`";
            return Err(saved.stale(&problem).hint(hint));
        }
        Ok(saved)
    }

    /// The file, as it was given.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The stack that it is for.
    pub(crate) fn stack(&self) -> &str {
        &self.document.stack
    }

    /// Which file it is, and how old.
    pub(crate) fn about(&self) -> String {
        let age = Duration::from_secs(now().saturating_sub(self.document.made_at));
        format!("plan {}, made {} ago", visible(self.name()), quantity::span(age.as_secs_f64()))
    }

    fn stale(&self, problem: &str) -> Error {
        let message = format!("the plan cannot be applied: {problem}; nothing was changed");
        Error::new(Code::Changed, message).on(self.name())
    }

    /// The configuration file that the plan was made from, as far as the plan has it.
    ///
    /// # Errors
    /// [`Code::Config`]: it cannot be used.
    pub(crate) fn file(&self) -> Result<Option<File>> {
        let of = |saved: &Configuration| {
            File::of_json(Path::new(&saved.path), saved.environment.as_deref(), &saved.settings)
        };
        self.document.configuration.as_ref().map(of).transpose()
    }

    /// The settings that the plan was made from, with the token that is given now.
    ///
    /// # Errors
    /// [`Code::Usage`]: they cannot be used; the token is missing, or one is given that the plan has no room for.
    pub(crate) fn wanted(&self, now: &DestinationArgs) -> Result<Wanted> {
        let mut wanted = inputs::wanted(&self.document.flags)?;
        let stack = self.document.stack.parse();
        wanted.stack.stack = Some(stack.map_err(|problem| self.stale(&format!("its stack: {problem}")))?);
        let typed = [("--token", now.token.is_some()), ("--token-file", now.token_file.is_some())];
        let typed = typed.into_iter().find(|(_, is_typed)| *is_typed).map(|(flag, _)| flag);
        let refuse = |message: String, hint: &str| Err(Error::usage(message, hint).on(self.name()));
        match (&self.document.token_from, typed) {
            (None, None) => {}
            (None, Some(flag)) => {
                let message = format!("the plan was made without {flag}, and its token comes from elsewhere");
                return refuse(
                    message,
                    "leave the flag out, or make a new plan with it: `cwl2le plan --out FILE`",
                );
            }
            (Some(from), None) if now.token_variable.is_none() => {
                let message =
                    format!("the plan was made with the token of {from}, and no plan file holds a token");
                return refuse(message, "give the token again: set CWL2LE_TOKEN, or add --token-file FILE");
            }
            (Some(_), _) => {
                let destination = &mut wanted.destination;
                destination.token.clone_from(&now.token);
                destination.token_file.clone_from(&now.token_file);
                destination.token_variable.clone_from(&now.token_variable);
            }
        }
        Ok(wanted)
    }

    /// Where AWS is for this plan: its region, and the profile of its configuration where nothing else is chosen.
    ///
    /// # Errors
    /// [`Code::Changed`]: a flag or a variable gives another region.
    pub(crate) fn options(
        &self,
        options: &Options,
        file: Option<&File>,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Options> {
        let mut options = options.clone();
        let set = |name: &'static str| Some((name, env(name).filter(|value| !value.is_empty())?));
        let variable = || ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(set);
        let given = options.region.clone().map(|region| ("--region", region)).or_else(variable);
        if let Some((from, region)) = given.filter(|(_, region)| *region != self.document.region) {
            let problem = format!("it is for region {}, and {from} gives {region}", self.document.region);
            let hint = format!("give --region {}, or make a new plan for {region}", self.document.region);
            return Err(self.stale(&problem).hint(hint));
        }
        options.region = Some(self.document.region.clone());
        if let Some(file) = file {
            settings::fill_options(&mut options, file, env);
        }
        Ok(options)
    }

    /// Checks that the credentials are of the account of the plan.
    ///
    /// # Errors
    /// [`Code::Changed`]: they are not.
    pub(crate) fn must_be_for(&self, session: &Session) -> Result<()> {
        if session.target.account == self.document.account {
            return Ok(());
        }
        let problem = format!(
            "it is for account {}, and the credentials are of account {}",
            self.document.account, session.target.account
        );
        let hint =
            "give the profile of the plan's account with --profile, or its credentials in the environment";
        Err(self.stale(&problem).hint(hint))
    }

    /// What to run after it was saved.
    pub(crate) fn next(&self, typed: &CommandLine) -> Next {
        let needs = if self.document.token_from.is_some() { "; the token has to be given again" } else { "" };
        let setup = typed.of_credentials("setup", [self.name()]);
        Next::new().then(setup, format!("make exactly these changes{needs}"))
    }

    /// The command line of a run that applies the plan: what it proposes is for the plan's stack.
    pub(crate) fn command_line(&self, typed: &CommandLine) -> CommandLine {
        typed.about(&self.document.stack, &self.document.region, self.name())
    }

    /// The command that makes a new plan in the place of this one; stack and region are added as to every command.
    fn again(&self, typed: &CommandLine) -> CommandLine {
        let configuration = self.document.configuration.as_ref();
        let path = configuration.map(|saved| saved.path.clone());
        // The nearest one is found without the flag.
        let path = path.filter(|path| path.trim_start_matches("../") != settings::FILE_NAME);
        let environment = configuration.and_then(|saved| saved.environment.clone());
        let flags = [("--config", path), ("--env", environment), ("--out", Some(self.name()))];
        let flags = flags.into_iter().filter_map(|(flag, value)| Some([flag.to_owned(), value?])).flatten();
        let given = self.document.flags.iter().flat_map(|flag| match flag.split_once('=') {
            Some((flag, value)) if !value.starts_with('-') => vec![flag.to_owned(), value.to_owned()],
            _ => vec![flag.clone()],
        });
        typed.of_credentials("plan", given.chain(flags))
    }

    /// The time that the plan is to be made for again, so that the two can be compared.
    pub(crate) fn planned_at(&self) -> Option<u64> {
        self.document.planned_at
    }

    /// Compares the plan as it is made again with the one that was reviewed. It fits, too, where the rest of the
    /// reviewed changes is made already.
    ///
    /// # Errors
    /// [`Code::Changed`]: something differs. Each difference is one of the failures of the error.
    pub(crate) fn must_fit(&self, context: Context<'_>, stack: &Stack, plan: &Plan) -> Result<()> {
        // A plan that is refused is not applied, and its own error says more.
        if !plan.refused.is_empty() {
            return Ok(());
        }
        let saved = &self.document;
        let tokens = fingerprint::tokens(stack);
        let mut places = saved.tokens.keys().chain(tokens.keys());
        if let Some(place) = places.find(|place| saved.tokens.get(*place) != tokens.get(*place)) {
            let (destination, key) = place.split_once('.').unwrap_or((place, ""));
            let problem =
                format!("`{key}` of destination `{destination}` is not the one that it was made with");
            return Err(self.stale(&problem).hint("give the same one, or make a new plan"));
        }
        if saved.code != code(stack) {
            let hint = "apply it with the same cwl2le and the same --forwarder-zip, or make a new plan";
            return Err(self.stale("the forwarder is not the one that it was made with").hint(hint));
        }
        let reviewed = Reviewed { changes: &saved.changes, kept: &saved.kept, losses: &saved.losses };
        let found = compare(reviewed, plan);
        if !found.differences.is_empty() {
            let failure = |one: super::compare::Difference| Failure {
                resource: one.resource,
                code: Code::Changed,
                message: one.what,
                hint: None,
            };
            let failed = found.differences.into_iter().map(failure).collect();
            return Err(Error { failed, ..self.changed(context, plan) });
        }
        if found.is_begun {
            let rest = if plan.is_empty() { "" } else { " in part; the rest follows" };
            context.note(&format!("{} is applied already{rest}", visible(self.name())));
        }
        Ok(())
    }

    /// The error for an account that has changed.
    pub(crate) fn changed(&self, context: Context<'_>, plan: &Plan) -> Error {
        let error = self.stale("what it would do now differs from what was reviewed");
        let token = if self.document.token_from.is_some() { ", with the token again" } else { "" };
        let hint = format!("review a new plan: `{}`{token}", self.again(context.command_line));
        Error { plan: serde_json::to_value(plan).ok().map(Box::new), ..error.hint(hint) }
    }
}

/// The hash of the forwarder that a stack is to have.
fn code(stack: &Stack) -> Option<String> {
    stack.function.bundle.as_ref().map(|bundle| bundle.sha256.clone())
}

/// This cwl2le.
fn own() -> Made {
    let Release { version, source } = Release::own();
    Made { version: version.to_string(), source }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
