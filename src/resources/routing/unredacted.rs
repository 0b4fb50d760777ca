//! Events that reach a destination past a route that would redact them.
//!
//! A filter that pins a destination, the default destination, and a route that stands first are such ways. They are
//! what was asked for, so they are no error; but what is redacted on one way and not on another is easily overlooked.

use cwl2le_forwarder::config::{Config, pinned_destination};
use cwl2le_forwarder::glob::Glob;

use crate::resources::routing::ways::{Subscribed, Ways, by_reason, routes_everything};

/// What leaves unredacted although some route redacts. Nothing where no route does.
pub(crate) fn unredacted(ways: &Ways<'_>) -> Vec<String> {
    let config = ways.config;
    let redacting: Vec<_> = (0..config.routes.len())
        .filter(|at| redacts(config, *at))
        .filter_map(|at| Some((at, Glob::new(&config.routes[at].log_group).ok()?)))
        .collect();
    if redacting.is_empty() {
        return Vec::new();
    }
    let past = Past { ways, redacting };
    let groups = ways.filters.iter();
    let groups =
        groups.filter_map(|(log_group, filter)| Some((past.of(log_group, filter)?, log_group.clone())));
    let groups = by_reason(groups).into_iter();
    let groups = groups.map(|(why, named)| format!("events of {named} are not redacted: {why}"));
    let policies = ways.policies.iter().filter_map(|policy| past.of_policy(policy));
    past.of_the_unknown().into_iter().chain(groups).chain(policies).collect()
}

/// The ways past the routes that redact.
struct Past<'w> {
    ways: &'w Ways<'w>,
    /// The routes that redact, by position.
    redacting: Vec<(usize, Glob)>,
}

impl Past<'_> {
    /// Why events of a log group get to their destination unredacted.
    fn of(&self, log_group: &str, filter: &str) -> Option<String> {
        let Ways { config, router, .. } = self.ways;
        let destinations = router.choose(log_group, [filter]).ok()?;
        let taken = router.route(log_group, destinations);
        if taken.is_some_and(|at| redacts(config, at)) {
            return None;
        }
        let would = self.redacting.iter().find(|(_, pattern)| pattern.matches(log_group));
        let would = would.map(|(at, _)| &config.routes[*at].log_group);
        match (pinned_destination(filter), taken, would) {
            (Some(pin), _, Some(would)) => {
                Some(format!("filter `{filter}` sends them to `{pin}`, past the route for `{would}`"))
            }
            (None, Some(first), Some(would)) => {
                let first = &config.routes[first].log_group;
                Some(format!("the route for `{first}` matches before the route for `{would}`"))
            }
            (None, None, _) => {
                let default = config.default_destination()?;
                Some(format!(
                    "no route matches, and the default destination `{default}` gets them unredacted"
                ))
            }
            (Some(_) | None, ..) => None,
        }
    }

    /// The same for an account policy, whose log groups are not known.
    fn of_policy(&self, policy: &str) -> Option<String> {
        let config = self.ways.config;
        let Some(pin) = pinned_destination(policy) else {
            return self.default_is_a_way();
        };
        let leads = |at: &usize| config.routes[*at].destination.names().any(|name| name == pin);
        let (would, _) = self.redacting.iter().find(|(at, _)| !leads(at))?;
        let would = &config.routes[*would].log_group;
        Some(format!(
            "account policy `{policy}` sends events to `{pin}`, past the route for `{would}`, which redacts them"
        ))
    }

    /// The same for filters that the plan does not know of.
    fn of_the_unknown(&self) -> Option<String> {
        let has_policy = self.ways.policies.iter().any(|policy| pinned_destination(policy).is_none());
        if self.ways.subscribed == Subscribed::Known || has_policy { None } else { self.default_is_a_way() }
    }

    /// What no route matches goes to the default destination as it is.
    fn default_is_a_way(&self) -> Option<String> {
        let default = self.ways.config.default_destination()?;
        (!routes_everything(self.ways.config)).then(|| {
            format!(
                "log groups that no route matches go to `{default}` without redaction; to redact them as well, add a last \
                 route with log_group = \"*\""
            )
        })
    }
}

fn redacts(config: &Config, route: usize) -> bool {
    config.routes[route].shape.as_ref().is_some_and(|rules| !rules.redact.is_empty())
}
