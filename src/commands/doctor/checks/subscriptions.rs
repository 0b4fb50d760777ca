//! Whether the log groups that are meant lead into the chain.

use std::collections::BTreeSet;

use super::super::around::{Activity, Groups};
use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Judged};
use super::super::finding::{Command, Finding};
use super::words::count;
use crate::error::Code;
use crate::resources::{Plan, Verb};

pub(in super::super) const CATEGORY: Category = Category {
    name: "subscriptions",
    title: "subscriptions",
    needs: &["credentials", "stack-there"],
    checks: &[
        Check::new("filters-as-file", "the filters are those of the configuration file", filters_as_file),
        Check::new("new-log-groups", "every log group that the file means is subscribed", new_log_groups),
        Check::new(
            "class-not-standard",
            "every log group that the file means can be subscribed",
            class_not_standard,
        ),
        Check::new("quiet-groups", "every subscribed log group that logs forwards something", quiet_groups),
    ],
};

/// Maximum number of names that a finding lists.
const SHOWN: usize = 5;

/// What the file says of log groups; none where it says nothing.
fn groups(evidence: &Evidence) -> Result<Option<&Groups>, Finding> {
    evidence.around.groups.as_ref().map(Option::as_ref).map_err(Clone::clone)
}

fn of_plan(evidence: &Evidence, judge: impl Fn(&Plan) -> Finding) -> Judged {
    Ok(groups(evidence)?.map(|groups| judge(&groups.plan)).into_iter().collect())
}

fn filters_as_file(evidence: &Evidence) -> Judged {
    of_plan(evidence, |plan| {
        let changed = plan.steps.iter().filter(|step| step.verb != Verb::Create && step.verb != Verb::Check);
        let changed = changed.map(|step| format!("{} {}", step.verb, step.resource.place()));
        listed(
            changed.collect(),
            "differ from the file",
            "every filter of this stack is as the file says",
            Finding::fault,
        )
    })
}

fn new_log_groups(evidence: &Evidence) -> Judged {
    of_plan(evidence, |plan| {
        let new = plan.steps.iter().filter(|step| step.verb == Verb::Create);
        let new = new.map(|step| step.resource.place());
        listed(
            new.collect(),
            "are to be subscribed and are not",
            "every log group that the file means is subscribed",
            Finding::warn,
        )
    })
}

fn class_not_standard(evidence: &Evidence) -> Judged {
    of_plan(evidence, |plan| {
        let refused = plan.refused.iter().filter(|refusal| refusal.code == Code::LogGroupClass);
        let refused = refused.map(|refusal| refusal.resource.place());
        let mut finding = listed(
            refused.collect(),
            "are of a class that takes no subscription filter",
            "every log group that the file means is of class STANDARD",
            Finding::warn,
        );
        if !finding.fix.is_empty() {
            finding.fix.clear();
            finding = finding.advise("exclude them in the file, or log to a new group: AWS changes no class");
        }
        finding
    })
}

/// A finding about these subscriptions, which `setup` would fix; the good one without any.
fn listed(names: Vec<String>, bad: &str, good: &str, state: fn(String) -> Finding) -> Finding {
    if names.is_empty() {
        return Finding::ok(good);
    }
    let finding = state(format!("{} subscriptions {bad}: {}", count(names.len() as u64), some(&names)));
    finding.with("subscriptions", names).fix(Command::setup())
}

fn quiet_groups(evidence: &Evidence) -> Judged {
    let Some(groups) = groups(evidence)? else { return Ok(Vec::new()) };
    let activity = groups.activity.as_ref().map_err(Finding::from)?;
    if !activity.is_whole {
        return Err(Finding::unknown("there are more log groups than are looked at"));
    }
    let quiet: Vec<String> = activity.quiet(&groups.subscribed).cloned().collect();
    let Some(first) = quiet.first() else {
        return Ok(vec![Finding::ok("each that logged in the last 3 h forwarded something")]);
    };
    let preview = Command::own(["preview", "--log-group", first]);
    Ok(vec![
        Finding::warn(format!("{} log groups log and forward nothing: {}", quiet.len(), some(&quiet)))
            .advise("their filter pattern may match nothing: see what it lets through")
            .fix(preview)
            .with("log_groups", quiet),
    ])
}

/// The first names, and how many more there are.
fn some(names: &[String]) -> String {
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {} more", count(more as u64)) } else { shown }
}

impl Activity {
    /// The log groups of these that log and forward nothing.
    fn quiet<'a>(&self, subscribed: &'a BTreeSet<String>) -> impl Iterator<Item = &'a String> {
        subscribed.iter().filter(|name| self.logging.contains(*name) && !self.forwarding.contains(*name))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::State;
    use super::*;

    #[test]
    fn a_log_group_that_logs_and_forwards_nothing_is_quiet() {
        let names =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
        let activity =
            Activity { logging: names(&["a", "b", "x"]), forwarding: names(&["b"]), is_whole: true };
        let subscribed = names(&["a", "b", "c"]);
        assert_eq!(activity.quiet(&subscribed).collect::<Vec<_>>(), ["a"]);
        let groups = |activity| Groups { plan: Plan::default(), subscribed: subscribed.clone(), activity };
        let mut evidence = Evidence::default();
        evidence.around.groups = Ok(Some(groups(Ok(activity.clone()))));
        let found = quiet_groups(&evidence).expect("judged");
        assert_eq!((found[0].state, found[0].fix.len()), (State::Warn, 1), "{found:?}");
        evidence.around.groups = Ok(Some(groups(Ok(Activity { is_whole: false, ..activity }))));
        assert_eq!(quiet_groups(&evidence).expect_err("a part").state, State::Unknown);
        evidence.around.groups = Ok(None);
        assert_eq!(quiet_groups(&evidence), Ok(Vec::new()));
    }

    #[test]
    fn a_few_names_are_listed() {
        let names: Vec<String> = (0..8).map(|n| n.to_string()).collect();
        assert_eq!([some(&names[..2]), some(&names)], ["0, 1", "0, 1, 2, 3, 4 and 3 more"]);
    }
}
