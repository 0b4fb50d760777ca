//! What the demo runs on: a local AWS, a local log service, and the commands of cwl2le against them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use clap::builder::Resettable;
use cwl2le_local::log_service::{self, LogService, Transport};
use cwl2le_local::{Cache, LocalAws, LocalError};

use super::application::{BUNYAN_GROUP, Burst, LOG_STREAM, PLAIN_GROUP};
use super::kept::how_to_look_around;
use super::leftovers::leftovers;
use super::story::{Row, Story};
use crate::aws::{Keys, Options, Session, Stop, application};
use crate::bundle;
use crate::commands::setup::Setup;
use crate::commands::status::Status;
use crate::commands::subscribe::Subscribe;
use crate::commands::teardown::Teardown;
use crate::commands::verb::Verb;
use crate::error::{Code, Error, Result};
use crate::flags::CommandLine;
use crate::health::Verdict;
use crate::output::{visible, width, wrapped};
use crate::resources::log_group::aws as logs;
use crate::resources::{Depth, observe};
use crate::stack::StackName;
use crate::workflow::{ChangeReport, Context, Stopwatch};

/// The region of the article.
const REGION: &str = "ap-northeast-1";
/// The token of the demo's log: the local log service takes any.
const TOKEN: &str = "7d3a9c52-58e1-4b0f-9c6a-2f41d8e0b7a3";

/// Interval between two looks at the status.
const GLANCE: Duration = Duration::from_millis(500);
/// Maximum wait for the status to say what it is to say, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// The certificate that the forwarder trusts.
const CA_FILE: &str = "log-service.pem";
/// Where `setup` reads the token from.
const TOKEN_FILE: &str = "token";

pub(super) struct World {
    aws: LocalAws,
    pub(super) log_service: LogService,
    folder: tempfile::TempDir,
    options: Options,
    session: Session,
}

impl World {
    /// Starts a local AWS, which is installed first where it never was, and a local log service.
    ///
    /// # Errors
    /// `interrupted` after Ctrl-C, `environment` where something cannot be installed or started.
    pub(super) async fn start(story: Story<'_>, stop: &Stop) -> Result<Self> {
        let running = story.begin("starting a local AWS and a local log service");
        let said = |text: &str| {
            wrapped(text, width()).for_each(|line| running.line(line));
            running.meanwhile("installing");
        };
        let started = tokio::select! {
            () = stop.wait() => Err(Error::new(Code::Interrupted, "stopped before anything was started")),
            started = Self::started(&said) => started,
        };
        running.end(match started {
            Ok(_) => Row::good("local AWS and a local log service"),
            Err(_) => Row::bad("local AWS and a local log service"),
        });
        let world = started?;
        story.detail(format_args!(
            "AWS {}, log service {} (TLS)",
            world.aws.endpoint(),
            world.log_service.address()
        ));
        Ok(world)
    }

    async fn started(said: &(dyn Fn(&str) + Sync)) -> Result<Self> {
        let cache = Cache::open().map_err(local)?;
        let private = cwl2le_local::Options { private: true, ..Default::default() };
        let aws = LocalAws::start(&cache, private, said).await.map_err(local)?;
        let started = log_service::Options::with_transport(Transport::Tls13);
        let log_service =
            LogService::start(started).map_err(|error| io("the log service cannot start", &error))?;
        let folder = cwl2le_local::private_folder().and_then(|folder| {
            std::fs::write(folder.path().join(CA_FILE), log_service.ca_pem())?;
            std::fs::write(folder.path().join(TOKEN_FILE), TOKEN)?;
            Ok(folder)
        });
        let folder = folder.map_err(|error| io("the files of the demo cannot be written", &error))?;
        let credentials = aws.credentials();
        let options = Options {
            region: Some(REGION.to_owned()),
            endpoint_url: Some(aws.endpoint().to_owned()),
            keys: Some(Keys { id: credentials.access_key_id, secret: credentials.secret_access_key }),
            ..Options::default()
        };
        let session = Session::open(options.clone()).await?;
        Ok(Self { aws, log_service, folder, options, session })
    }

    fn path(&self, file: &str) -> String {
        self.folder.path().join(file).display().to_string()
    }

    pub(super) async fn create_log_groups(&self, names: &[&str]) -> Result<()> {
        for name in names {
            application::create_log_group((&self.session).into(), name, LOG_STREAM).await?;
        }
        Ok(())
    }

    /// Runs `cwl2le setup`.
    pub(super) async fn setup(&self, story: Story<'_>, log_group: &str, pattern: &str) -> Result<Changed> {
        let endpoint = self.log_service.address().to_string();
        let (ca_file, token_file) = (self.path(CA_FILE), self.path(TOKEN_FILE));
        // The local AWS runs the function on this machine, whatever a new stack gets on AWS.
        let here = bundle::of_this_machine().unwrap_or_else(bundle::preferred);
        let args = [
            "setup",
            "--yes",
            "--arch",
            here.as_str(),
            "--log-group",
            log_group,
            "--filter-pattern",
            pattern,
            "--logentries-endpoint",
            &endpoint,
            "--logentries-ca-file",
            &ca_file,
            "--token-file",
            &token_file,
        ];
        Ok(Changed::by(&self.command::<Setup>(story, &args).await?.change))
    }

    /// Runs `cwl2le subscribe`.
    pub(super) async fn subscribe(
        &self,
        story: Story<'_>,
        log_group: &str,
        pattern: &str,
    ) -> Result<Changed> {
        let args = ["subscribe", "--yes", "--log-group", log_group, "--filter-pattern", pattern];
        Ok(Changed::by(&self.command::<Subscribe>(story, &args).await?))
    }

    /// Runs `cwl2le status` until its verdict is the wanted one. With `--detail`, the last picture is shown: what the
    /// person on call sees. The wait ends after [`PATIENCE`], and when the demo is stopped.
    pub(super) async fn status(
        &self,
        story: Story<'_>,
        stop: &Stop,
        is_wanted: impl Fn(Verdict) -> bool,
    ) -> Result<Verdict> {
        let args = ["status", "--since", "1m"];
        story.detail(format_args!("$ {}", CommandLine::new(args)));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let report = self.run::<Status>(story.silent(), &args).await?;
            let verdict = report.verdict();
            if is_wanted(verdict) || stop.requested() || Instant::now() > deadline {
                story.detail(picture(&report.to_string()));
                return Ok(verdict);
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Runs a command of cwl2le as its user would, and shows its report with `--detail`.
    async fn command<V: Verb + Args>(&self, story: Story<'_>, args: &[&str]) -> Result<V::Report> {
        story.detail(format_args!("$ {}", CommandLine::new(args)));
        let report = self.run::<V>(story.details(), args).await?;
        story.detail(&report);
        Ok(report)
    }

    /// Runs a command of cwl2le as its user would.
    async fn run<V: Verb + Args>(&self, context: Context<'_>, args: &[&str]) -> Result<V::Report> {
        let command_line = CommandLine::new(args);
        // What the user's environment says is for the user's account.
        let flags =
            V::augment_args(clap::Command::new("cwl2le")).mut_args(|flag| flag.env(Resettable::Reset));
        let flags = flags.try_get_matches_from(args);
        let verb = flags.and_then(|flags| V::from_arg_matches(&flags));
        let verb = verb.map_err(|error| Error::new(Code::Internal, error.to_string()))?;
        let stopwatch = Stopwatch::start();
        verb.run(Context {
            together: None,
            aws: &self.options,
            command_line: &command_line,
            stopwatch: &stopwatch,
            ..context
        })
        .await
    }

    pub(super) async fn put_log_events(&self, burst: &Burst, at: SystemTime) -> Result<()> {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let timestamp = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        let messages: Vec<&str> = burst.events.iter().map(|event| event.message.as_str()).collect();
        let aws = (&self.session).into();
        application::put_log_events(aws, burst.log_group, LOG_STREAM, timestamp, &messages).await?;
        Ok(())
    }

    /// Runs `cwl2le teardown`, removes the application's own groups, and names whatever is left.
    pub(super) async fn tear_down(&self, story: Story<'_>) -> Result<TornDown> {
        let calls = self.command::<Teardown>(story, &["teardown", "--yes"]).await?.calls;
        let name = StackName::default();
        let (_, observed) = observe(&self.session, &name, &[], Depth::Everything).await?;
        let leftovers = leftovers(&observed, &self.session);
        for name in [BUNYAN_GROUP, PLAIN_GROUP] {
            // Only tidiness: the whole local AWS ends with the demo.
            let _ = logs::delete_log_group((&self.session).into(), name).await;
        }
        Ok(TornDown { leftovers, calls })
    }

    pub(super) async fn stop(self) {
        // It also ends when it is dropped.
        let _ = self.aws.stop().await;
    }

    /// Says how to look around, and shows what arrives until Ctrl-C.
    pub(super) async fn keep(&self, story: Story<'_>, stop: &Stop) {
        story.line(how_to_look_around(self.aws.endpoint(), REGION, &self.aws.credentials(), width()));
        let _waiting = stop.idle();
        let mut arrivals = self.log_service.subscribe();
        loop {
            tokio::select! {
                () = stop.wait() => return story.line(""),
                line = arrivals.recv() => match line {
                    Some(line) => story.line(format_args!("  arrived  {}", visible(line.message()))),
                    None => return,
                },
            }
        }
    }
}

/// What a command did.
pub(super) struct Changed {
    /// Changes that it made.
    pub(super) changes: usize,
    /// AWS calls that it made.
    pub(super) calls: u64,
}

impl Changed {
    fn by(report: &ChangeReport) -> Self {
        Self { changes: report.changes.len(), calls: report.calls }
    }
}

/// What the teardown did.
pub(super) struct TornDown {
    /// Names of resources that exist after it.
    pub(super) leftovers: Vec<String>,
    /// AWS calls that it made.
    pub(super) calls: u64,
}

/// The verdict and the flow: the first two paragraphs of what `status` says.
fn picture(status: &str) -> String {
    let paragraphs: Vec<&str> = status.split("\n\n").take(2).collect();
    paragraphs.join("\n\n")
}

fn local(error: LocalError) -> Error {
    let message = format!("{}: {}", error.what(), error.cause());
    let mapped = Error::new(Code::Environment, message);
    match error.hint() {
        Some(hint) => mapped.hint(hint),
        None => mapped,
    }
}

fn io(what: &str, error: &std::io::Error) -> Error {
    let hint = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            let folder = std::env::temp_dir();
            format!("free space in {}, or set TMPDIR to a folder on another disk", folder.display())
        }
        _ => "check the disk and the limits of this machine".to_owned(),
    };
    Error::new(Code::Environment, format!("{what}: {error}")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::picture;

    #[test]
    fn the_picture_is_the_verdict_and_the_flow() {
        let status = "FLOWING: 2 s behind\nnext\n\nlast 1 m\nlog groups 3\n\nbehind 2 s\n";
        assert_eq!(picture(status), "FLOWING: 2 s behind\nnext\n\nlast 1 m\nlog groups 3");
        assert_eq!(picture("NOT-SET-UP: no stream\n"), "NOT-SET-UP: no stream\n");
    }
}
