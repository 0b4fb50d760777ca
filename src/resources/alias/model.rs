//! What each action does to versions and aliases, in the model of AWS for the tests of the planner.

use super::observed::{Before, LIVE, ObservedAlias, ObservedVersion};
use super::{Action, From, Settings, Version};
use crate::resources::{FunctionFailure, Observed, ObservedFunction, Stack};

pub(crate) fn apply(_: &Stack, o: &mut Observed, action: &Action) {
    assert!(o.function_role.is_some(), "the function runs with a role that is not there");
    let used: Vec<String> = o.triggers.iter().filter_map(|trigger| trigger.qualifier.clone()).collect();
    let function = o.function.as_mut().expect("the function exists");
    assert!(!matches!(function.failure, Some(FunctionFailure::Creation(_))), "it was never made");
    match action {
        Action::Publish { code_sha256, settings, .. } => {
            assert_eq!(*code_sha256, function.code_sha256, "AWS publishes no other code");
            let is = Settings {
                memory_mb: Some(function.memory_mb),
                timeout_seconds: Some(function.timeout_seconds),
                environment: Some(function.environment.clone()),
                network: Some(function.network.clone()),
            };
            assert!(settings.agree_with(&is), "this plan has set something else");
            function.settled = true;
            publish(function);
        }
        Action::Start { version, .. } => {
            number(function, version);
        }
        Action::Move { version, from, before, .. } => {
            let version = number(function, version);
            let is = function.live().cloned();
            match from {
                From::Nothing => assert_eq!(is, None, "the alias exists already"),
                From::Alias(alias) => assert_eq!(is.as_ref(), Some(alias), "another run has moved it"),
                From::Earlier => {}
            }
            let same = is.as_ref().filter(|is| is.version == version.to_string());
            let before = before.or_else(|| match same {
                Some(is) => is.before,
                None => is.as_ref()?.number().map(Before::Replaced),
            });
            let alias = ObservedAlias { version: version.to_string(), before, ..ObservedAlias::default() };
            function.aliases.insert(LIVE.to_owned(), alias);
        }
        Action::DeleteVersion { number, .. } => {
            let named =
                |alias: &ObservedAlias| alias.number() == Some(*number) || alias.shares.contains(number);
            assert!(!function.aliases.values().any(named), "an alias names the version");
            assert!(!used.contains(&number.to_string()), "a trigger calls the version");
            function.versions.retain(|version| version.number != *number);
        }
    }
}

/// The same function with what it is as its only version, which the alias names.
pub(crate) fn published(mut function: ObservedFunction) -> ObservedFunction {
    publish(&mut function);
    let alias = ObservedAlias { version: "1".to_owned(), ..ObservedAlias::default() };
    function.aliases.insert(LIVE.to_owned(), alias);
    function
}

fn publish(function: &mut ObservedFunction) {
    let snapshot = function.snapshot();
    let newest = function.versions.last();
    if newest.is_none_or(|newest| newest.snapshot != snapshot) {
        let number = newest.map_or(1, |newest| newest.number + 1);
        function.versions.push(ObservedVersion { number, snapshot, modified: None });
    }
}

/// The number of a version that exists.
fn number(function: &ObservedFunction, version: &Version) -> u64 {
    let found = match version {
        Version::Number(number) => function.version(*number),
        Version::Live => function.live_version(),
        Version::Published => function.versions.last(),
    };
    found.expect("the version exists").number
}
