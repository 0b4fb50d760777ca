//! What leads to the stream, as the warnings look at it.

use std::collections::{BTreeMap, BTreeSet};

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::route::Router;

/// Maximum number of log groups that one warning names.
const NAMED: usize = 5;

/// Which log groups of the stack a plan knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscribed {
    /// All that are subscribed, or all that the warnings are to be about.
    Known,
    /// Only those that the plan subscribes: there may be others.
    SomeUnknown,
}

/// What leads to the stream once a plan is carried out.
pub(crate) struct Ways<'c> {
    pub(crate) config: &'c Config,
    pub(crate) router: Router,
    /// The log group and the name of each filter.
    pub(crate) filters: BTreeSet<(String, String)>,
    /// The names of account policies, whose log groups are not known.
    pub(crate) policies: BTreeSet<String>,
    pub(crate) subscribed: Subscribed,
}

/// Log groups by what is wrong with them, each with the names of the first few.
pub(crate) fn by_reason(wrong: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (why, log_group) in wrong {
        groups.entry(why).or_default().insert(format!("`{log_group}`"));
    }
    let named = |groups: BTreeSet<String>| {
        let first: Vec<String> = groups.iter().take(NAMED).cloned().collect();
        match groups.len() - first.len() {
            0 => first.join(", "),
            more => format!("{} and {more} more", first.join(", ")),
        }
    };
    groups.into_iter().map(|(why, groups)| (why, named(groups))).collect()
}

/// Whether a route of a configuration matches every log group.
pub(crate) fn routes_everything(config: &Config) -> bool {
    let is_everything = |pattern: &str| !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*');
    config.routes.iter().any(|route| is_everything(&route.log_group))
}
