//! What a replay has to know of the stack.

use std::collections::{BTreeMap, BTreeSet};
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

/// The stack, with its functions as they get the records: `$LATEST` may hold what was rolled back.
pub(super) struct Ground {
    pub(super) stack: StackName,
    pub(super) names: Names,
    pub(super) target: Target,
    observed: Observed,
    unread: BTreeMap<Unread, Error>,
    config: Option<Whole>,
    own_log_groups: BTreeSet<String>,
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
        let ground = Self::of((stack, names, target), &observed, unread);
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

    fn of(
        (stack, names, target): (StackName, Names, Target),
        observed: &Observed,
        unread: BTreeMap<Unread, Error>,
    ) -> Self {
        let own_log_groups = own_log_groups(&names, observed);
        let observed = observed.in_force();
        let config = whole_config(&observed).ok().flatten();
        Self { stack, names, target, observed, unread, config, own_log_groups }
    }

    /// The log groups of the functions.
    pub(super) fn own_log_groups(&self) -> &BTreeSet<String> {
        &self.own_log_groups
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

/// The log groups that the functions write to, as `$LATEST` and as they get the records.
fn own_log_groups(names: &Names, observed: &Observed) -> BTreeSet<String> {
    let isolated = observed.isolated.iter().filter_map(|(name, own)| {
        let function = own.function.as_ref()?;
        Some((names.isolated(name).function_log_group, function))
    });
    let main = observed.function.as_ref().map(|main| (names.function_log_group.clone(), main));
    // A function writes to the log group of its own name where its settings name none.
    let all = main.into_iter().chain(isolated);
    all.flat_map(|(usual, function)| function.log_groups().chain([usual])).collect()
}

#[cfg(test)]
mod tests {
    use cwl2le_forwarder::config::CONFIG_ENV;
    use serde_json::json;

    use super::*;
    use crate::resources::tests::{empty_account, one_stack, run};
    use crate::resources::{EnvValue, setup};

    #[test]
    fn records_go_where_the_version_in_force_sends_them() {
        let stack = one_stack();
        let mut account = empty_account(&[]);
        run(&stack, &mut account, |is| setup(&stack, is, false));
        let ground = |observed: &Observed| {
            let names = (stack.name.clone(), stack.names.clone(), stack.target.clone());
            Ground::of(names, observed, BTreeMap::new())
        };
        let known = |ground: &Ground| {
            let config = ground.configuration().expect("a configuration");
            (config.destinations.keys().cloned().collect::<Vec<_>>(), ground.owner().to_owned())
        };
        let before = known(&ground(&account));
        let other = json!({"type": "logentries", "region": "eu", "token": {"ssm": "/other"}});
        let other = json!({"destinations": {"rolled-back": other}, "bucket_owner": "210987654321"});
        let function = account.function.as_mut().expect("made");
        assert!(function.live_version().is_some());
        function.log_group = Some("/elsewhere".to_owned());
        function.environment.insert(CONFIG_ENV.to_owned(), EnvValue(other.to_string()));
        assert_eq!(known(&ground(&account)), before);
        let own = ground(&account).own_log_groups().clone();
        assert!(own.contains("/elsewhere") && own.contains(&stack.names.function_log_group), "{own:?}");
        // Without an alias, `$LATEST` gets the records.
        account.function.as_mut().expect("made").aliases.clear();
        account.triggers.iter_mut().for_each(|trigger| trigger.qualifier = None);
        assert_eq!(known(&ground(&account)), (vec!["rolled-back".to_owned()], "210987654321".to_owned()));
    }
}
