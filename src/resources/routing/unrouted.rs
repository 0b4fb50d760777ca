//! Events that have nowhere to go: no route matches their log group, and there is no default destination.

use cwl2le_forwarder::config::pinned_destination;

use crate::resources::routing::ways::{Ways, by_reason, routes_everything};

/// What the forwarder would set aside as `unrouted`.
pub(crate) fn unrouted(ways: &Ways<'_>) -> Vec<String> {
    let config = ways.config;
    // The routes may be kept elsewhere, where only the function reads them.
    if config.default_destination().is_some() || config.routes_from.is_some() {
        return Vec::new();
    }
    let fate = match &config.quarantine {
        Some(place) => format!("they would only be kept in {place}"),
        None => "they would be counted and not delivered".to_owned(),
    };
    let fix = "set `default_destination` in cwl2le.toml, or add a route";
    let lost = ways.filters.iter().filter(|(log_group, filter)| {
        pinned_destination(filter).is_none() && ways.router.choose(log_group, [filter.as_str()]).is_err()
    });
    let why = format!("no route matches and there is no default destination, so {fate}; {fix}");
    let groups = by_reason(lost.map(|(log_group, _)| (why.clone(), log_group.clone())));
    let policies = ways.policies.iter().filter(|policy| pinned_destination(policy).is_none());
    let policies = policies.filter(|_| !routes_everything(config)).map(|policy| {
        format!(
            "account policy `{policy}` covers log groups that no route may match, and there is no default destination: {fate}; \
             {fix} with log_group = \"*\" at the end"
        )
    });
    groups
        .into_iter()
        .map(|(why, named)| format!("events of {named} have no destination: {why}"))
        .chain(policies)
        .collect()
}
