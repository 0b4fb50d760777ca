//! What every verb works with.

use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::stopwatch::Stopwatch;
use super::together::Together;
use crate::aws::{Notice, Options, Session, Stop, configured_region};
use crate::error::{Code, Error, Result};
use crate::flags::{CommandLine, StackArg};
use crate::output::style::DIM;
use crate::output::{Live, Progress, Step, visible};
use crate::settings::File;
use crate::stack::{StackName, Target};

/// What every command works with.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Where notes and progress go.
    pub progress: &'a Progress,
    /// Set by Ctrl-C, SIGTERM and SIGHUP: see [`crate::cli::signals`].
    pub stop: &'a Stop,
    /// Overrides for where AWS is; the demo points them at the local one.
    pub aws: &'a Options,
    /// The configuration file, where there is one.
    pub file: Option<&'a File>,
    /// The command line, for hints that say what to run.
    pub command_line: &'a CommandLine,
    /// The account and region of the session, once one is open.
    pub target: &'a OnceLock<Target>,
    /// How long the command runs.
    pub stopwatch: &'a Stopwatch,
    /// Writes data to standard output, for the one verb that has any besides its report.
    pub lines: &'a Lines<'a>,
    /// Standard output, for verbs that show something while they run.
    pub live: Live<'a>,
    /// The part of this run in one in several environments.
    pub together: Option<&'a Together>,
    /// Builds the whole command line, for completions.
    pub command: fn() -> clap::Command,
    /// Builds the manual pages, each with the name of its file.
    pub pages: fn() -> Vec<(String, Vec<u8>)>,
}

/// See [`Context::lines`]. Returns how many of the bytes standard output took, like [`io::Write::write`], and holds
/// none of them back in a buffer.
pub(crate) type Lines<'a> = dyn Fn(&[u8]) -> io::Result<usize> + Sync + 'a;

impl Context<'_> {
    /// Writes a line beside the report, to standard error. Commands in it get the flags of this run.
    pub(crate) fn note(&self, text: &str) {
        self.progress.line(self.command_line.completed(text));
    }

    /// The same without notes, to repeat what has been noted already.
    pub(crate) fn silent(self) -> Self {
        static SILENT: Progress = Progress::none();
        Self { progress: &SILENT, ..self }
    }

    /// The stack that is meant: flag and environment over the file, else `default`.
    pub(crate) fn stack(&self, args: &StackArg) -> StackName {
        let file = || self.file.and_then(File::stack).cloned();
        args.stack.clone().or_else(file).unwrap_or_default()
    }

    /// Waits for input that is typed or piped in. No call is in flight meanwhile, so a stop ends the wait at once.
    pub(crate) async fn wait_for_input<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.stopwatch.paused(input(self.stop, read)).await
    }

    /// Opens the session and shows the account before anything else happens.
    pub(crate) async fn session(&self) -> Result<Session> {
        let session = self.session_of_plan().await?;
        self.show_account(&session);
        Ok(session)
    }

    /// The given account in the configured region, without calling AWS.
    ///
    /// # Errors
    /// [`Code::NoRegion`], if no region is configured.
    pub(crate) async fn offline(&self, account: &str) -> Result<Target> {
        let region = configured_region(self.aws).await?.ok_or_else(|| {
            Error::new(Code::NoRegion, "no region is given")
                .hint("add --region, for example --region ap-northeast-1")
        })?;
        Ok(Target { account: account.to_owned(), region })
    }

    /// Opens the session of a verb whose plan shows the account itself.
    pub(crate) async fn session_of_plan(&self) -> Result<Session> {
        // A program that gives credentials may ask a person first: nothing is drawn before a call has to be repeated.
        let connecting = Mutex::new(None);
        let notice = |notice: Notice<'_>| {
            if let Notice::Waiting { why, .. } = notice {
                let mut step = connecting.lock().unwrap_or_else(PoisonError::into_inner);
                let step: &mut Step = step.get_or_insert_with(|| self.progress.begin("connecting to AWS"));
                step.waiting(format_args!("waiting for {why}"));
            }
        };
        let session = Session::open_telling(self.aws.clone(), &notice).await?;
        drop(connecting);
        let target = self.target.get_or_init(|| session.target.clone());
        self.live.envelope().set_place(target.account.as_str(), target.region.as_str());
        if let Some(together) = self.together {
            together.place(target).await?;
        }
        Ok(session)
    }

    /// Shows the account, who we are there, the region, and the endpoint where it is not AWS's own. A script finds them
    /// in the report.
    pub(crate) fn show_account(&self, session: &Session) {
        // Of several environments, the heading of each says where it is.
        if self.live.is_json() || self.together.is_some() {
            return;
        }
        let account = visible(&session.target.account);
        let who = visible(short_identity(&session.identity));
        let endpoint =
            session.endpoint().map(|url| format!(" · endpoint {}", visible(url))).unwrap_or_default();
        self.note(&format!("{DIM}account {account} as {who} · {}{endpoint}{DIM:#}", session.target.region));
    }
}

/// Waits for input that is typed or piped in: see [`Context::wait_for_input`].
pub(crate) async fn input<T: Send + 'static>(
    stop: &Stop,
    read: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let _waiting = stop.idle();
    tokio::select! {
        () = stop.wait() => Err(Error::new(Code::Interrupted, "stopped; nothing was changed")),
        read = tokio::task::spawn_blocking(read) => {
            read.map_err(|error| Error::new(Code::Internal, format!("the input was not read: {error}")))?
        }
    }
}

/// Who somebody is within an account, such as `user/me` or `assumed-role/Admin/me`; what is no ARN is left as it is.
fn short_identity(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_shown_without_what_the_account_says_already() {
        assert_eq!(short_identity("arn:aws:iam::123456789012:user/me"), "user/me");
        assert_eq!(
            short_identity("arn:aws-cn:sts::123456789012:assumed-role/Admin/a:b"),
            "assumed-role/Admin/a:b"
        );
        assert_eq!(short_identity("arn:aws:iam::123456789012:root"), "root");
        assert_eq!(short_identity("somebody"), "somebody");
    }
}
