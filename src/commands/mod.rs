//! One file per verb: reads its flags, calls the rooms below, returns a report.

mod demo;
mod forward;
mod init;
mod man;
mod plan;
pub mod policies;
mod preview;
mod setup;
mod status;
mod subscribe;
mod teardown;
mod unsubscribe;

pub(crate) use setup::run as setup;
pub(crate) use subscribe::{filter_specs, run as subscribe};
pub(crate) use teardown::run as teardown;

pub use demo::DemoReport;
pub use forward::ForwardReport;
#[cfg(test)]
pub(crate) use forward::Refused;
pub use init::InitReport;
pub use preview::PreviewReport;
pub use status::StatusReport;
#[cfg(test)]
pub(crate) use status::{AccountPolicy, Destination, Part, Subscription};

use std::fmt;
use std::io;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::aws::{Options, Session, Stop};
use crate::bundle;
use crate::cli::{self, Cli, Command, StackArg, denied, misplaced_keys};
use crate::error::{Code, Error, Result};
use crate::exit::Exit;
use crate::flags::CommandLine;
use crate::output::{Progress, visible};
use crate::settings::{self, File};
use crate::stack::{StackName, Target};
use crate::workflow::ChangeReport;

/// What a command found or did: text for people, JSON for programs, from one value.
pub trait Report: fmt::Display {
    /// The JSON form.
    fn to_json(&self) -> Value;
}

impl<T: fmt::Display + serde::Serialize> Report for T {
    fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// A report as one value with both renderings, as the printer takes it.
pub struct Shown<'a>(pub &'a dyn Report);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl serde::Serialize for Shown<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_json().serialize(serializer)
    }
}

/// How a command ended that did not fail.
pub struct Outcome {
    /// What to print on standard output.
    pub report: Box<dyn Report>,
    /// Mostly success.
    pub exit: Exit,
}

impl Outcome {
    fn success(report: impl Report + 'static) -> Self {
        Self { report: Box::new(report), exit: Exit::Success }
    }

    /// Made the changes, or was told not to.
    fn of_change(report: ChangeReport) -> Self {
        let exit = if report.cancelled { Exit::Cancelled } else { Exit::Success };
        Self { report: Box::new(report), exit }
    }
}

/// What every command works with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Where notes and progress go.
    pub progress: &'a Progress,
    /// Set by Ctrl-C, SIGTERM and SIGHUP: see [`crate::signals`].
    pub stop: &'a Stop,
    /// Overrides for where AWS is; the demo points them at the local one.
    pub aws: &'a Options,
    /// The configuration file, where there is one.
    pub file: Option<&'a File>,
    /// What was typed, for hints that say what to run.
    pub command_line: &'a CommandLine,
    /// Where the session turned out to be.
    pub target: &'a OnceLock<Target>,
    /// When the command began.
    pub started: Instant,
    /// Writes data to standard output, for the one command that has any besides its report.
    pub lines: &'a Lines<'a>,
}

/// See [`Context::lines`]. Returns how many of the bytes standard output took, like [`io::Write::write`], and holds none
/// of them back in a buffer.
pub type Lines<'a> = dyn Fn(&[u8]) -> io::Result<usize> + Sync + 'a;

impl Context<'_> {
    /// Says something beside the report.
    pub fn note(&self, text: &str) {
        self.progress.line(text);
    }

    /// The same without any notes, for what has been said already.
    pub(crate) fn silent(self) -> Self {
        static SILENT: Progress = Progress::none();
        Self { progress: &SILENT, ..self }
    }

    /// The stack that is meant: flag and environment over the file, else `default`.
    pub(crate) fn stack(&self, args: &StackArg) -> StackName {
        let file = || self.file.and_then(File::stack).cloned();
        args.stack.clone().or_else(file).unwrap_or_default()
    }

    /// Waits for what somebody types or pipes in. No call is in flight meanwhile, so that a stop ends the wait at once.
    pub(crate) async fn wait_for_input<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _waiting = self.stop.idle();
        tokio::select! {
            () = self.stop.wait() => Err(Error::new(Code::Interrupted, "stopped; nothing was changed")),
            read = tokio::task::spawn_blocking(read) => {
                read.map_err(|error| Error::new(Code::Internal, format!("the input was not read: {error}")))?
            }
        }
    }

    /// Opens the session and shows whose account it is before anything else happens.
    pub(crate) async fn session(&self) -> Result<Session> {
        let session = Session::open(self.aws.clone()).await?;
        let target = self.target.get_or_init(|| session.target.clone());
        let who = (visible(&target.account), visible(&session.identity));
        self.note(&format!("account {} as {}, region {}", who.0, who.1, target.region));
        if let Some(endpoint) = session.endpoint() {
            self.note(&format!("endpoint {}", visible(endpoint)));
        }
        Ok(session)
    }
}

/// Why a token should not stand on the command line.
const TOKEN_IS_SHOWN: &str = "note: every user of this machine can read --token while the command runs (`ps`), and it stays in \
    the shell's history; give --token-file FILE (`-` for standard input), CWL2LE_TOKEN, --token-ssm or --token-secret instead";

/// Runs a command.
pub async fn run(
    cli: &Cli,
    command_line: &CommandLine,
    progress: &Progress,
    stop: &Stop,
    lines: &Lines<'_>,
) -> Result<Outcome> {
    if cli.command.shows_token() {
        progress.line(TOKEN_IS_SHOWN);
    }
    let file = configuration(cli, progress)?;
    let mut options = Options {
        region: cli.global.region.clone(),
        profile: cli.global.profile.clone(),
        endpoint_url: cli.global.endpoint_url.clone().filter(|url| !url.is_empty()),
        patience: cli.global.patience.map(Duration::from_secs),
        rate: cli.global.rate,
        stop: stop.clone(),
        ..Options::default()
    };
    if let Some(file) = &file {
        let env = |name: &str| std::env::var(name).ok();
        misplaced_keys::check(&cli.command, file, &options, &env)?
            .iter()
            .for_each(|warning| progress.line(warning));
        settings::fill_options(&mut options, file, env);
        progress.line(format!("configuration {}", visible(file.path().display())));
    }
    let (aws, file, started, target) = (&options, file.as_ref(), Instant::now(), &OnceLock::new());
    let context = Context { progress, stop, aws, file, command_line, target, started, lines };
    let ended = run_command(cli, context).await;
    ended.map_err(|error| match target.get() {
        Some(target) => denied::explained(error, cli, target),
        None => error,
    })
}

async fn run_command(cli: &Cli, context: Context<'_>) -> Result<Outcome> {
    match &cli.command {
        Command::Setup(args) => setup::run(context, args).await.map(Outcome::of_change),
        Command::Plan(args) => {
            let report = plan::run(context, args).await?;
            let exit = if report.changed { Exit::Pending } else { Exit::Success };
            Ok(Outcome { report: Box::new(report), exit })
        }
        Command::Init(args) => init::run(context, args).await.map(Outcome::success),
        Command::Preview(args) => preview::run(context, args).await.map(Outcome::success),
        Command::Forward(args) => {
            let (report, exit) = forward::run(context, args).await?;
            Ok(Outcome { report: Box::new(report), exit })
        }
        Command::Subscribe(args) => subscribe::run(context, args).await.map(Outcome::of_change),
        Command::Unsubscribe(args) => unsubscribe::run(context, args).await.map(Outcome::of_change),
        Command::Status(args) => {
            let report = status::run(context, args).await?;
            let exit = if args.check && !report.ready { Exit::Pending } else { Exit::Success };
            Ok(Outcome { report: Box::new(report), exit })
        }
        Command::Teardown(args) => teardown::run(context, args).await.map(Outcome::of_change),
        Command::Package(args) => package(args).map(Outcome::success),
        Command::Policies(args) => policies::run(context, args).await.map(Outcome::success),
        Command::Demo(args) => {
            let report = demo::run(context, args).await?;
            let exit = if report.is_success() { Exit::Success } else { Exit::Undelivered };
            Ok(Outcome { report: Box::new(report), exit })
        }
        Command::Completions(args) => Ok(Outcome::success(man::completions(args.shell))),
        Command::Man(args) => man::write_pages(&args.to).map(Outcome::success),
    }
}

/// The configuration file of the commands that work on a stack. The others need none, and `init` writes it.
fn configuration(cli: &Cli, progress: &Progress) -> Result<Option<File>> {
    match &cli.command {
        Command::Setup(_)
        | Command::Plan(_)
        | Command::Preview(_)
        | Command::Forward(_)
        | Command::Policies(_) => File::find(cli.global.config.as_deref()),
        // They take only stack, region and profile from it.
        Command::Subscribe(_) | Command::Unsubscribe(_) | Command::Status(_) | Command::Teardown(_) => {
            let Some((file, mistake)) = File::find_stack(cli.global.config.as_deref())? else {
                return Ok(None);
            };
            if let Some(mistake) = mistake {
                progress.line(format!(
                    "warning: {mistake}; only stack, region and profile are taken from the file"
                ));
            }
            Ok(Some(file))
        }
        Command::Init(_) => {
            // Only for the redactor: AWS may quote a secret that the file refers to.
            let _ = File::find_stack(cli.global.config.as_deref());
            Ok(None)
        }
        Command::Package(_) | Command::Demo(_) | Command::Completions(_) | Command::Man(_) => Ok(None),
    }
}

fn package(args: &cli::Package) -> Result<bundle::Package> {
    let bundle = bundle::bundled(args.arch)?;
    // A device holds nothing to lose, and the zip of an earlier run is the same.
    let is_other = args.to.is_file() && !std::fs::read(&args.to).is_ok_and(|there| *there == *bundle.zip);
    if is_other && !args.force {
        return Err(usage(
            "another file is there already",
            "write over it with --force, or give another place with --to",
        )
        .on(args.to.display().to_string()));
    }
    bundle::Package::write(&bundle, &args.to)
}

/// The error of a command that found nothing it could do with.
pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::new(Code::Usage, message).hint(hint)
}
