//! What the demo runs on: a local AWS, a local log service, and the commands of cwl2le against them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use cwl2le_local::log_service::{self, LogService, Transport};
use cwl2le_local::{Cache, Credentials, LocalAws, LocalError};

use super::application::{BUNYAN_GROUP, Burst, LOG_STREAM, PLAIN_GROUP};
use crate::aws::{Keys, Options, Session, application};
use crate::commands::setup::Setup;
use crate::commands::status::Status;
use crate::commands::subscribe::Subscribe;
use crate::commands::teardown::Teardown;
use crate::commands::verb::Verb;
use crate::error::{Code, Error, Result};
use crate::flags::CommandLine;
use crate::health::Verdict;
use crate::resources::log_group::aws as logs;
use crate::resources::{Depth, Observed, observe};
use crate::stack::{Names, RoleScope, StackName};
use crate::workflow::Context;

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
    pub(super) async fn start(context: Context<'_>) -> Result<Self> {
        let say = |text: &str| context.note(text);
        say("== a local AWS and a local log service on this machine; nothing leaves it");
        let cache = Cache::open().map_err(local)?;
        let private = cwl2le_local::Options { private: true, ..Default::default() };
        let aws = LocalAws::start(&cache, private, &say).await.map_err(local)?;
        let started = log_service::Options::with_transport(Transport::Tls13);
        let log_service =
            LogService::start(started).map_err(|error| io("the log service cannot start", &error))?;
        let folder = cwl2le_local::private_folder().and_then(|folder| {
            std::fs::write(folder.path().join(CA_FILE), log_service.ca_pem())?;
            std::fs::write(folder.path().join(TOKEN_FILE), TOKEN)?;
            Ok(folder)
        });
        let folder = folder.map_err(|error| io("the files of the demo cannot be written", &error))?;
        say(&format!("AWS {}, log service {} (TLS)", aws.endpoint(), log_service.address()));
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

    /// Runs `cwl2le setup` and says how much it changed.
    pub(super) async fn setup(&self, context: Context<'_>, log_group: &str, pattern: &str) -> Result<usize> {
        let endpoint = self.log_service.address().to_string();
        let (ca_file, token_file) = (self.path(CA_FILE), self.path(TOKEN_FILE));
        let args = [
            "setup",
            "--yes",
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
        Ok(self.command::<Setup>(context, &args).await?.change.changes.len())
    }

    /// Runs `cwl2le subscribe` and says how much it changed.
    pub(super) async fn subscribe(
        &self,
        context: Context<'_>,
        log_group: &str,
        pattern: &str,
    ) -> Result<usize> {
        let args = ["subscribe", "--yes", "--log-group", log_group, "--filter-pattern", pattern];
        Ok(self.command::<Subscribe>(context, &args).await?.changes.len())
    }

    /// Runs `cwl2le status` until its verdict is the wanted one, and shows the last picture: what the person on call sees.
    /// The wait ends after [`PATIENCE`], and when the demo is stopped.
    pub(super) async fn status(
        &self,
        context: Context<'_>,
        is_wanted: impl Fn(Verdict) -> bool,
    ) -> Result<Verdict> {
        let args = ["status", "--since", "1m"];
        context.note(&format!("$ {}", CommandLine::new(args)));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let report = self.run::<Status>(context.silent(), &args).await?;
            let verdict = report.verdict();
            if is_wanted(verdict) || context.stop.requested() || Instant::now() > deadline {
                context.note(&picture(&report.to_string()));
                return Ok(verdict);
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Runs a command of cwl2le as its user would, and shows its report.
    async fn command<V: Verb + Args>(&self, context: Context<'_>, args: &[&str]) -> Result<V::Report> {
        context.note(&format!("$ {}", CommandLine::new(args)));
        let report = self.run::<V>(context, args).await?;
        context.note(&report.to_string());
        Ok(report)
    }

    /// Runs a command of cwl2le as its user would.
    async fn run<V: Verb + Args>(&self, context: Context<'_>, args: &[&str]) -> Result<V::Report> {
        let command_line = CommandLine::new(args);
        let flags = V::augment_args(clap::Command::new("cwl2le")).try_get_matches_from(args);
        let verb = flags.and_then(|flags| V::from_arg_matches(&flags));
        let verb = verb.map_err(|error| Error::new(Code::Internal, error.to_string()))?;
        let started = Instant::now();
        verb.run(Context { aws: &self.options, command_line: &command_line, started, ..context }).await
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
    pub(super) async fn tear_down(&self, context: Context<'_>) -> Result<Vec<String>> {
        context.note("== teardown");
        self.command::<Teardown>(context, &["teardown", "--yes"]).await?;
        let name = StackName::default();
        let (_, observed) = observe(&self.session, &name, &[], Depth::Everything).await?;
        let left = leftovers(&observed, &self.session);
        for name in [BUNYAN_GROUP, PLAIN_GROUP] {
            // Only tidiness: the whole local AWS ends with the demo.
            let _ = logs::delete_log_group((&self.session).into(), name).await;
        }
        Ok(left)
    }

    pub(super) async fn stop(self) {
        // It also ends when it is dropped.
        let _ = self.aws.stop().await;
    }

    /// Says how to look around, and waits for Ctrl-C.
    pub(super) async fn keep(&self, context: Context<'_>) {
        let Credentials { access_key_id: key, secret_access_key: secret } = self.aws.credentials();
        context.note(&format!(
            "== everything keeps running; look around in another terminal, stop with Ctrl-C\n\
             Do not share these keys: functions run as processes of yours, so whoever has them can run programs as you.\n\
             export AWS_ENDPOINT_URL={} AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION} AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={secret}\n\
             cwl2le status\n\
             aws logs describe-subscription-filters --log-group-name {BUNYAN_GROUP}\n\
             aws kinesis describe-stream-summary --stream-name cloudwatch-logs-stream\n\
             aws lambda list-event-source-mappings --function-name cwl-to-logentries\n\
             aws logs put-log-events --log-group-name {PLAIN_GROUP} --log-stream-name '{LOG_STREAM}' \\\n  \
             --log-events timestamp=$(date +%s000),message=\"$(date -u +%FT%T.000Z) 85c6cfcc-7cc1 hello\"",
            self.aws.endpoint(),
        ));
        let mut arrivals = self.log_service.subscribe();
        loop {
            tokio::select! {
                () = context.stop.wait() => return,
                line = arrivals.recv() => match line {
                    Some(line) => context.note(&format!("   arrived  {}", line.message())),
                    None => return,
                },
            }
        }
    }
}

/// The verdict and the flow: the first two paragraphs of what `status` says.
fn picture(status: &str) -> String {
    let paragraphs: Vec<&str> = status.split("\n\n").take(2).collect();
    paragraphs.join("\n\n")
}

/// What is left of the stack. Filters that lead elsewhere do not count: with `--keep`, the user may have made some.
fn leftovers(observed: &Observed, session: &Session) -> Vec<String> {
    let stream_arn = Names::new(&StackName::default(), &session.target.region, RoleScope::Plain)
        .stream_arn(&session.target);
    let mut left = Vec::new();
    left.extend(observed.stream.as_ref().map(|s| format!("stream {}", s.arn)));
    left.extend(observed.logs_role.as_ref().map(|r| format!("role {}", r.name)));
    left.extend(observed.function_role.as_ref().map(|r| format!("role {}", r.name)));
    left.extend(observed.log_group.as_ref().map(|g| format!("log group {}", g.name)));
    left.extend(observed.function.as_ref().map(|f| format!("function {}", f.arn)));
    left.extend(observed.triggers.iter().map(|t| format!("trigger {}", t.uuid)));
    for (name, group) in &observed.groups {
        let ours = group.filters.iter().filter(|filter| filter.destination_arn == stream_arn);
        left.extend(ours.map(|filter| format!("subscription filter {name} -> {}", filter.name)));
    }
    left
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
