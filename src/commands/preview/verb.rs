//! `cwl2le preview`: what would be sent of a log group's events. Reads, and changes nothing.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use cwl2le_forwarder::config::{Config, DEFAULT_DESTINATION, Destination, Logentries, Region, filter_name};
use cwl2le_forwarder::secret::Secret;

use super::args::Preview;
use super::examine::Examiner;
use super::report::{Place, PreviewReport, Window};
use crate::aws::{EventQuery, Notice, Session, filter_log_events, texts};
use crate::commands::manual::Manual;
use crate::commands::verb::{Facts, Policy, Reads, Verb};
use crate::error::{Error, Result, did_you_mean_or};
use crate::settings::destinations;
use crate::stack::{Names, RoleScope, StackName};
use crate::workflow::Context;
use crate::workflow::deployed::{fill_routes, observe_function};
use crate::workflow::log_groups::{explained, named};

impl Verb for Preview {
    type Report = PreviewReport;

    const MANUAL: Manual = Manual {
        examples: &[
            (
                "The last hour of a log group, as the rules of cwl2le.toml would send it",
                "cwl2le preview -g /aws/lambda/app",
            ),
            (
                "What was redacted, beside the original messages",
                "cwl2le preview -g /aws/lambda/app --before --samples 50",
            ),
            (
                "What a day costs at your log service",
                "cwl2le preview -g /aws/lambda/app --since 1d --price-per-gb 0.35",
            ),
        ],
        page: Some("preview.md"),
    };

    fn facts(&self) -> Facts<'_> {
        Facts {
            stack: Some(&self.stack),
            reads: Reads::Everything,
            policy: Some(Policy::everyday()),
            ..Facts::default()
        }
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let now = SystemTime::now();
        let from = milliseconds(self.since.seen_from(now));
        let until = milliseconds(self.until.map_or(now, |until| until.seen_from(now)));
        if from >= until {
            return Err(Error::usage(
                "--since is not before --until",
                "give --since 2h --until 1h, for example",
            ));
        }
        let session = Arc::new(context.session().await?);
        let log_group = &named(std::slice::from_ref(&self.log_group), &session.target)?.concat();
        let stack = context.stack(&self.stack);
        let (config, source) = configuration(context, &session, &stack).await?;
        if let Some(name) = self.destination.as_ref().filter(|name| !config.destinations.contains_key(*name))
        {
            let known = config.destinations.keys().map(String::as_str);
            let hint = did_you_mean_or(name, "the destinations are", known);
            return Err(Error::usage(format!("there is no destination `{name}`"), hint));
        }
        let names = Names::new(&stack, &session.target.region, RoleScope::Plain);
        let filter = match &self.destination {
            Some(destination) => filter_name(&names.filter, destination),
            None => names.filter,
        };
        let place = Place {
            account: session.target.account.clone(),
            log_group: log_group.clone(),
            filter,
            own_log_group: names.function_log_group,
            region: session.target.region.to_string(),
        };
        let mut examiner = Examiner::new(config, place)?;
        let query = EventQuery {
            log_group,
            from,
            until,
            pattern: self.filter_pattern.as_deref(),
            newest_first: false,
        };
        let complete = match read(context, &session, query, self.limit as usize, &mut examiner).await {
            Ok(complete) => complete,
            Err(error) => return Err(explained(&session, log_group, error).await),
        };
        let window = Window { from, until, complete };
        Ok(examiner.report(window, source, self))
    }
}

/// Hands the events to the examiner, page by page; tells whether those were all.
async fn read(
    context: Context<'_>,
    session: &Session,
    query: EventQuery<'_>,
    limit: usize,
    examiner: &mut Examiner,
) -> Result<bool> {
    let reading = context.progress.begin(format!("reading events of {}", query.log_group));
    let notice = |notice: Notice<'_>| {
        if let Notice::Waiting { why, .. } = notice {
            reading.waiting(format_args!("waiting for {why}"));
        }
    };
    let mut next = None;
    loop {
        let left = limit - examiner.read();
        let (events, more) = filter_log_events(session.telling(&notice), query, left, next).await?;
        examiner.examine(&events).await?;
        reading.waiting(format_args!("{} so far", examiner.read()));
        next = more;
        if next.is_none() || examiner.read() >= limit {
            return Ok(next.is_none() && examiner.read() < limit);
        }
    }
}

/// What the forwarder is to do, without its tokens, and where that comes from.
async fn configuration(
    context: Context<'_>,
    session: &Arc<Session>,
    stack: &StackName,
) -> Result<(Config, String)> {
    let outline = context.file.map(destinations::outline).transpose()?.flatten();
    let (mut config, source) = match (outline, context.file) {
        (Some(config), Some(file)) => (config, file.path().display().to_string()),
        _ => {
            let observed = observe_function(session, stack).await?;
            let names = Names::new(stack, &session.target.region, RoleScope::Plain);
            match destinations::current(&observed) {
                Some(config) => (config, format!("the function {}", names.function)),
                None => {
                    (plain(), "none: as `cwl2le setup` with nothing but a token would make it".to_owned())
                }
            }
        }
    };
    if let Some(routes) = config.routes_from.clone() {
        let store = texts::store(session, [&routes]).await?;
        fill_routes(&mut config, &store)?;
    }
    Ok((config, source))
}

/// What `setup` makes of a token alone.
fn plain() -> Config {
    let token = Secret::Kept(destinations::anywhere());
    let logentries = Logentries {
        endpoint: None,
        region: Some(Region::Us),
        tls: true,
        ca_file: None,
        ca: None,
        token,
        receipt: Default::default(),
    };
    Config {
        destinations: [(DEFAULT_DESTINATION.to_owned(), Destination::Logentries(logentries))].into(),
        ..Config::default()
    }
}

fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
