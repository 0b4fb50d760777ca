//! Reads everything at once, and again the parts that change.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::Instant;

use super::forwarding::{Forwarding, forwarding};
use super::logs::{Span, WINDOW, further, lines};
use super::metrics::{Wanted, metrics};
use super::probe::probe;
use super::shards::shards;
use super::{alarms, chain, kept};
use crate::aws::Aws;
use crate::error::Result;
use crate::health::{ActiveGroups, Chain, ForwarderLog, Load, Metrics, Probe, ROOM, ShardLoads, Signals};
use crate::resources::{Depth, Unread, whole_config};
use crate::stack::{Names, RoleScope, StackName};

/// Maximum time for all reads together, unless `--patience` is shorter: whoever is on call does not wait for one that
/// hangs.
const ALTOGETHER: Duration = Duration::from_secs(30);
/// The part of it that the reads that others need may take.
const FIRST: Duration = Duration::from_secs(20);
/// Maximum number of log groups whose forwarded events are read: what they cost must not grow without end.
const GROUPS: usize = 200;
/// The same where the log groups are asked for: with the other metrics as many as fit into one call.
const ALL_GROUPS: usize = 250;

/// What to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    /// How many seconds back rates are calculated from.
    pub(crate) window: u64,
    /// Whether the filters of every log group are read: a call for each.
    pub(crate) deep: bool,
    /// Whether what each log group forwards is wanted for more of them.
    pub(crate) groups: bool,
    /// Whether records are read to see how full each shard is.
    pub(crate) shards: Look,
    /// Whether they are read in any case where other accounts may send lines, to see which do.
    pub(crate) senders: bool,
    /// Whether the manifests of `replay` are read if something was kept within so many milliseconds; none never.
    pub(crate) replayed: Option<i64>,
}

/// When to look into the shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Never: it takes two calls for each shard, and the right to read records.
    Never,
    /// If so much arrived in the stream that one shard could be too full.
    IfBusy,
    /// In any case.
    Always,
}

/// Reads what a stack shows of itself. Each read may fail by itself; only a stop by the user is an error.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// Whom to ask.
    pub(crate) aws: Aws<'a>,
    /// Which stack.
    pub(crate) stack: &'a StackName,
    /// What to read.
    pub(crate) ask: Ask,
}

impl Reader<'_> {
    /// Everything: at most 40 calls, however many log groups there are, unless a stack has isolated destinations, the
    /// reading is deep or manifests are read.
    pub(crate) async fn all(self) -> Result<Signals> {
        let (aws, limit) = (self.aws, self.limit(FIRST));
        let until = Instant::now() + self.limit(ALTOGETHER);
        let depth = if self.ask.deep { Depth::Everything } else { Depth::Stack };
        // The name of the filter does not depend on the scope.
        let names = Names::new(self.stack, &aws.session.target.region, RoleScope::Plain);
        let others = BTreeSet::new();
        let (chain, forwarding, account) = tokio::try_join!(
            chain::chain(aws, self.stack, depth, limit),
            probe(limit, forwarding(aws, &names, &others)),
            probe(limit, alarms::of_account(aws)),
        )?;
        let now = self.now();
        // A deep read of the chain takes as long as it takes.
        let limit = until.saturating_duration_since(Instant::now()).max(limit.min(ALTOGETHER - FIRST));
        let (metrics, logs, kept) = tokio::try_join!(
            self.metrics_of(&chain, forwarding.as_ref().ok(), now, limit),
            self.logs_of(&chain, now, limit),
            kept::kept(aws, &chain, limit, self.ask.replayed.map(|span| now - span)),
        )?;
        let shards = self.shards_of(&chain, metrics.as_ref().ok(), now, until).await?;
        Ok(Signals {
            now,
            shards,
            metrics,
            log_groups: forwarding.map(|forwarding| self.groups_of(&forwarding)),
            logs,
            kept,
            alarms: account.map(|account| alarms::of_stack(&chain, account)),
            chain,
        })
    }

    /// The same with the lines since then; nothing else is read again.
    pub(crate) async fn lines(self, signals: &Signals) -> Result<Signals> {
        let now = self.now();
        let read = signals.logs.iter().map(async |log| {
            let lines = probe(self.limit(FIRST), further(self.aws, log, now)).await?.and_then(|lines| lines);
            Ok::<_, crate::error::Error>(ForwarderLog { lines, ..log.clone() })
        });
        Ok(Signals { now, logs: try_join_all(read).await?, ..signals.clone() })
    }

    fn limit(self, most: Duration) -> Duration {
        self.aws.session.attempt(most)
    }

    fn now(self) -> i64 {
        i64::try_from(self.aws.session.time()).unwrap_or_default() * 1000 + 999
    }

    /// Maximum number of log groups that are counted.
    fn most_groups(self) -> usize {
        if self.ask.groups { ALL_GROUPS } else { GROUPS }
    }

    fn groups_of(self, forwarding: &Forwarding) -> ActiveGroups {
        let groups = forwarding.groups();
        let is_whole = groups.is_whole && groups.names.len() <= self.most_groups();
        ActiveGroups { is_whole, ..groups }
    }

    async fn metrics_of(
        self,
        chain: &Chain,
        forwarding: Option<&Forwarding>,
        now: i64,
        limit: Duration,
    ) -> Result<Probe<Metrics>> {
        let window = i64::try_from(self.ask.window).unwrap_or(i64::MAX / 1000) * 1000;
        let wanted = Wanted { chain, forwarding, groups: self.most_groups() };
        probe(limit, metrics(self.aws, &wanted, now - window.max(WINDOW), now)).await
    }

    /// What the shards hold, if they are looked into.
    async fn shards_of(
        self,
        chain: &Chain,
        metrics: Option<&Metrics>,
        now: i64,
        until: Instant,
    ) -> Result<Option<Probe<ShardLoads>>> {
        if chain.observed.stream.is_none() {
            return Ok(None);
        }
        let busiest = || Load::busiest(metrics?, metrics?.from);
        let is_wanted = match self.ask.shards {
            // Nothing else tells which other accounts send.
            Look::Never | Look::IfBusy if self.ask.senders && chain.observed.destination.is_some() => true,
            Look::Never => false,
            Look::IfBusy => busiest().is_some_and(|load| load.shards() > ROOM),
            Look::Always => true,
        };
        if !is_wanted {
            return Ok(None);
        }
        let limit = until.saturating_duration_since(Instant::now()).max(self.limit(FIRST) / 2);
        probe(limit, shards(self.aws, &chain.names.stream, now)).await.map(Some)
    }

    /// The logs of the main function and of those of isolated destinations.
    async fn logs_of(self, chain: &Chain, now: i64, limit: Duration) -> Result<Vec<ForwarderLog>> {
        let config = whole_config(&chain.observed.in_force()).ok().flatten();
        let of = |isolated: Option<&String>| -> BTreeSet<String> {
            let Some(whole) = &config else { return BTreeSet::new() };
            let all = whole.config.destinations.keys();
            let is_its = |name: &&String| match isolated {
                Some(own) => *name == own,
                None => !whole.isolated.contains(*name),
            };
            all.filter(is_its).cloned().collect()
        };
        let main = (chain.names.clone(), None, chain.observed.function.as_ref());
        let isolated = chain.isolated().map(|(names, destination)| {
            let own = chain.observed.isolated.get(destination).and_then(|own| own.function.as_ref());
            (names, Some(destination.clone()), own)
        });
        // Without a function there is no log, unless it could only not be read.
        let has_main = main.2.is_some() || chain.unread.contains_key(&Unread::Function);
        let all = Some(main).filter(|_| has_main).into_iter().chain(isolated);
        let enough = now - i64::try_from(self.ask.window).unwrap_or_default() * 1000;
        try_join_all(all.map(|(names, isolated, function)| {
            let destinations = of(isolated.as_ref());
            let modified = function.and_then(|function| function.modified);
            let own = function.and_then(|function| function.log_group.clone());
            let log_group = own.unwrap_or_else(|| names.function_log_group.clone());
            async move {
                let span = Span { from: now - WINDOW, enough, until: now, destinations: &destinations };
                let lines = probe(limit, lines(self.aws, &log_group, &span)).await?;
                Ok(ForwarderLog { function: names.function, isolated, log_group, modified, lines })
            }
        }))
        .await
    }
}
