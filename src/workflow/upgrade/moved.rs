//! A function whose live version changes.

use serde::Serialize;

use crate::output::visible;
use crate::resources::alias::{self, From, Version};
use crate::resources::{Action, Plan, Stack};

/// From which version to which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Moved {
    /// The function.
    pub function: String,
    /// The log group that it writes to.
    #[serde(skip)]
    pub log_group: String,
    /// The version that was live; none where the function was not published.
    pub from: Option<u64>,
    /// The version that takes its place.
    pub to: u64,
}

impl Moved {
    /// The new version in words.
    pub(super) fn shown(&self) -> String {
        format!("version {}", self.to)
    }
}

/// Versions in words: `version 8`; of several functions with their names, `version 8 of a and version 5 of b`.
pub(crate) fn versions<'a>(moved: impl Iterator<Item = (&'a Moved, Option<u64>)>) -> String {
    let moved: Vec<(&Moved, Option<u64>)> = moved.collect();
    let number = |version: Option<u64>| match version {
        Some(version) => format!("version {version}"),
        None => "$LATEST".to_owned(),
    };
    let mut texts: Vec<String> = match &moved[..] {
        [(_, version)] => vec![number(*version)],
        many => many
            .iter()
            .map(|(moved, version)| format!("{} of {}", number(*version), visible(&moved.function)))
            .collect(),
    };
    let last = texts.pop().unwrap_or_default();
    if texts.is_empty() { last } else { format!("{} and {last}", texts.join(", ")) }
}

/// The functions whose live version a plan changes, of those that are published already.
pub(crate) fn moved(stack: &Stack, plan: &Plan) -> Vec<Moved> {
    let actions = plan.steps.iter().flat_map(|step| &step.actions);
    let moves = actions.filter_map(|action| match action {
        Action::Alias(alias::Action::Move { function, version: Version::Number(to), from, .. }) => {
            let from = match from {
                From::Alias(live) => live.number(),
                From::Nothing | From::Earlier => None,
            };
            let log_group = stack.names_of(function).function_log_group;
            Some(Moved { function: function.clone(), log_group, from, to: *to })
        }
        _ => None,
    });
    moves.filter(|moved| moved.from != Some(moved.to)).collect()
}
