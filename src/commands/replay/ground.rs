//! What a replay has to know of the stack.

use std::collections::BTreeMap;
use std::time::Duration;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::route::Router;

use super::chosen::Chosen;
use super::source::log_groups::Subscribed;
use crate::aws::{Aws, Session};
use crate::error::{Code, Error, Result};
use crate::resources::kept::{Place, Why, places};
use crate::resources::{
    Depth, Observed, Unread, Whole, list_log_groups, observe_log_groups, observe_what_is_allowed,
    whole_config,
};
use crate::stack::{Names, StackName, Target};
use crate::workflow::Context;
use crate::workflow::deployed::configuration;
use crate::workflow::unknown_stack::explained;

/// Maximum time for one read of the stack.
const LIMIT: Duration = Duration::from_secs(60);
/// Memory of a function that cannot be seen.
const MEMORY_MB: u32 = 256;

/// The stack.
pub(super) struct Ground {
    pub(super) stack: StackName,
    pub(super) names: Names,
    pub(super) target: Target,
    observed: Observed,
    unread: BTreeMap<Unread, Error>,
    config: Option<Whole>,
}

impl Ground {
    /// Reads it. What is denied and not needed does not matter.
    ///
    /// # Errors
    /// [`Code::NotFound`] where there is no stream; what is needed and cannot be read.
    pub(super) async fn read(context: Context<'_>, session: &Session, stack: StackName) -> Result<Self> {
        let limit = session.attempt(LIMIT);
        let (scope, observed, unread) = observe_what_is_allowed(session, &stack, Depth::Stack, limit).await?;
        let target = session.target.clone();
        let names = Names::new(&stack, &target.region, scope);
        let config = whole_config(&observed).ok().flatten();
        let ground = Self { stack, names, target, observed, unread, config };
        for needed in [Unread::Stream, Unread::Function, Unread::Triggers] {
            if let Some(error) = ground.unread.get(&needed) {
                return Err(error.clone());
            }
        }
        if ground.observed.stream.is_none() {
            let error = Error::new(Code::NotFound, "the stream does not exist")
                .on(&ground.names.stream)
                .hint(format!("`{}` creates it", context.command_line.of_stack("setup")));
            return Err(explained(context, session, &ground.stack, error).await);
        }
        Ok(ground)
    }

    /// The account that the buckets belong to.
    pub(super) fn owner(&self) -> &str {
        let owner = self.config.as_ref().and_then(|whole| whole.config.bucket_owner.as_deref());
        owner.unwrap_or(&self.target.account)
    }

    /// The places in which records are kept for this reason.
    pub(super) fn places(&self, why: Why) -> Vec<Place> {
        let config = self.config.as_ref().map(|whole| &whole.config);
        places(&self.observed, config, &self.names, &self.target)
            .into_iter()
            .filter(|place| place.why == why)
            .collect()
    }

    /// The configuration of the stack.
    ///
    /// # Errors
    /// It is missing or cannot be read.
    pub(super) fn configuration(&self) -> Result<Config> {
        configuration(&self.observed, &self.names.function)
    }

    /// Whether the configuration of the forwarder can be read.
    pub(super) fn has_config(&self) -> bool {
        self.config.is_some()
    }

    /// The chosen log groups with the filters or the account policy that lead to the stream: a call for each group.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a named log group that is not subscribed; what the calls fail with.
    pub(super) async fn subscribed(&self, aws: Aws<'_>, chosen: &Chosen) -> Result<Vec<Subscribed>> {
        let mut listed = list_log_groups(aws, None).await?;
        listed.retain(|listed| chosen.has_group(&listed.name));
        let groups = observe_log_groups(aws, listed).await?;
        let stream = self.names.stream_arn(&self.target);
        let policy = self.observed.account_policy.as_ref().filter(|policy| policy.destination_arn == stream);
        let mut all = Vec::new();
        for (name, group) in groups {
            let own = group.filters.iter().filter(|filter| filter.destination_arn == stream);
            let mut found: Vec<Subscribed> =
                own.map(|filter| Subscribed::new(&name, &filter.name, &filter.pattern)).collect();
            let covers = policy.filter(|policy| found.is_empty() && !policy.excluded.contains(&name));
            found.extend(covers.map(|policy| Subscribed::new(&name, &policy.name, &policy.pattern)));
            all.extend(found);
        }
        let is_missing = |name: &&String| !all.iter().any(|found| found.log_group == **name);
        if let Some(name) = chosen.names().iter().find(is_missing) {
            let message = format!("the log group is not subscribed by stack `{}`", self.stack);
            return Err(Error::new(Code::NotFound, message)
                .on(name)
                .hint(format!("subscribe it first: `cwl2le subscribe --log-group {name}`")));
        }
        Ok(all)
    }

    /// How long the stream keeps records, in hours.
    pub(super) fn retention_hours(&self) -> u32 {
        self.observed.stream.as_ref().map_or(0, |stream| stream.retention_hours)
    }

    /// The memory of the main function, in MB.
    pub(super) fn memory_mb(&self) -> u32 {
        self.observed.function.as_ref().map_or(MEMORY_MB, |function| function.memory_mb)
    }

    /// The routes; none where they are not known here, as those in SSM.
    pub(super) fn router(&self) -> Option<Router> {
        let config = &self.config.as_ref()?.config;
        if config.routes_from.is_some() {
            return None;
        }
        Router::without_secrets(config).ok()
    }

    /// The destinations that have a function of their own.
    pub(super) fn isolated(&self) -> Vec<&str> {
        let isolated = self.config.iter().flat_map(|whole| &whole.isolated);
        isolated.map(String::as_str).collect()
    }
}
