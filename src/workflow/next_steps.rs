//! What makes sense after a change, with the flags of the run.

use cwl2le_forwarder::config::pinned_destination;

use crate::flags::CommandLine;
use crate::output::Next;
use crate::resources::logs_destination::plan::opened;
use crate::resources::{Kind, Plan, ResourceId, Verb};
use crate::stack::arn::Arn;

/// What to run after a `plan` was carried out by the verb `command`.
pub(super) fn after(command: &str, line: &CommandLine, plan: &Plan) -> Next {
    if plan.is_empty() {
        return Next::new();
    }
    match command {
        "setup" | "subscribe" => after_setup(line, plan),
        "unsubscribe" => Next::new()
            .then(line.of_stack("status"), "see which log groups are still subscribed")
            .then(line.of_stack("teardown"), "delete the stack"),
        "teardown" if plan.kept.is_empty() => {
            Next::new().then(line.of_place("list"), "see which other stacks there are")
        }
        "teardown" => Next::new().then(line.of_stack("status"), "see what is left"),
        _ => Next::new(),
    }
}

/// The same in a member account, from which nobody sees what arrives.
pub(super) fn after_member(command: &str, line: &CommandLine, plan: &Plan) -> Next {
    match command {
        _ if plan.is_empty() => Next::new(),
        "setup" | "subscribe" => {
            Next::new().then(line.of_stack("status"), "see whether log groups send to the destination")
        }
        "unsubscribe" => Next::new().then(line.of_stack("status"), "see which log groups still send"),
        _ => Next::new(),
    }
}

/// What to run after a `plan` was only shown by the verb `command`.
pub(super) fn after_showing(command: &str, line: &CommandLine, plan: &Plan) -> Next {
    if plan.is_empty() {
        return Next::new();
    }
    let apply = if command == "plan" { line.with_verb("plan", "setup") } else { line.clone().applied() };
    // With a token from standard input, no question can be answered.
    let apply = if apply.reads_token_from_input() { apply.confirmed() } else { apply };
    let why = format!("make these changes{}", apply.needs());
    Next::new().then(apply, why)
}

/// With log groups subscribed, lines arrive soon; without, the next thing is to subscribe some.
fn after_setup(line: &CommandLine, plan: &Plan) -> Next {
    let steps = plan.steps.iter().filter(|step| step.verb != Verb::Delete);
    let resources = steps.map(|step| &step.resource).chain(&plan.unchanged);
    let subscriptions: Vec<&ResourceId> = resources.filter(|id| id.kind.is_subscription()).collect();
    let test = line.of_stack("test");
    if let Some((arn, is_organization)) = opened(plan) {
        let region = Arn::parse(arn).map(|arn| arn.region).unwrap_or_default();
        // AWS wants a role of each filter that leads to the destination of an organization.
        let role = is_organization.then_some("--member-role");
        let subscribe = ["subscribe", "--to-destination", arn].into_iter().chain(role);
        let subscribe: Vec<&str> = subscribe.chain(["--region", region, "/aws/lambda/*"]).collect();
        return Next::new()
            .then(CommandLine::new(subscribe), "in each of the other accounts: send log groups here")
            .then(line.of_stack("status"), "see which accounts send")
            .then(line.of_stack("doctor"), "check that what they send can arrive");
    }
    if subscriptions.is_empty() {
        let subscribe = line.of_stack("subscribe").with(&["/aws/lambda/*".to_owned()]);
        return Next::new()
            .then(subscribe, "subscribe log groups, by name, glob pattern or tag")
            .then(test, "send one line through the chain")
            .then(line.of_stack("status"), "see whether the stack is healthy");
    }
    let next = Next::new()
        .then(
            line.of_stack("status").with(&["--watch".to_owned()]),
            "see lines arrive (first ones within a minute)",
        )
        .then(test, "send one line through the chain");
    // A preview follows the routes, which a filter with a destination of its own does not.
    let follows_routes =
        |id: &&&ResourceId| id.kind == Kind::SUBSCRIPTION_FILTER && pinned_destination(&id.name).is_none();
    let filter = subscriptions.iter().find(follows_routes);
    match filter.and_then(|id| id.source.as_deref()) {
        Some(group) => {
            let preview = line.of_stack("preview").with(&["--log-group".to_owned(), group.to_owned()]);
            next.then(preview, "see what is sent, redacted and dropped")
        }
        None => next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::{Kept, Stage, Step, logs_destination};

    fn plan(kind: Kind, name: &str) -> Plan {
        plan_of(ResourceId::new(kind, name))
    }

    fn plan_of(resource: ResourceId) -> Plan {
        let step = Step {
            stage: Stage::Foundations,
            resource,
            verb: Verb::Create,
            fields: Vec::new(),
            actions: Vec::new(),
        };
        Plan { steps: vec![step], ..Plan::default() }
    }

    fn commands(next: &Next) -> Vec<String> {
        let json = serde_json::to_value(next).expect("JSON");
        json.as_array()
            .into_iter()
            .flatten()
            .map(|row| row["command"].as_str().expect("text").to_owned())
            .collect()
    }

    #[test]
    fn every_command_is_for_the_same_stack() {
        let line = CommandLine::new(["setup", "--stack", "blue", "--region", "eu-west-1", "--shards", "2"]);
        let stream = plan(Kind::STREAM, "s");
        let filter = plan_of(ResourceId::new(Kind::SUBSCRIPTION_FILTER, "f").reading("/my app"));
        let place = "--stack blue --region eu-west-1";
        assert_eq!(
            commands(&after("setup", &line, &stream)),
            [
                format!("cwl2le subscribe {place} '/aws/lambda/*'"),
                format!("cwl2le test {place}"),
                format!("cwl2le status {place}")
            ]
        );
        assert_eq!(
            commands(&after("subscribe", &line, &filter)),
            [
                format!("cwl2le status {place} --watch"),
                format!("cwl2le test {place}"),
                format!("cwl2le preview {place} --log-group '/my app'")
            ]
        );
        let mut gone = filter.clone();
        gone.steps[0].verb = Verb::Delete;
        gone.unchanged = vec![ResourceId::new(Kind::SUBSCRIPTION_FILTER, "f").reading("/b")];
        let after_gone = commands(&after("setup", &line, &gone));
        assert_eq!(after_gone.last(), Some(&format!("cwl2le preview {place} --log-group /b")));
        let pinned = plan_of(ResourceId::new(Kind::SUBSCRIPTION_FILTER, "f@audit").reading("/b"));
        assert_eq!(commands(&after("subscribe", &line, &pinned)).len(), 2);
        let policy = plan(Kind::ACCOUNT_POLICY, "p");
        assert_eq!(commands(&after("subscribe", &line, &policy)).len(), 2);
        assert_eq!(commands(&after("teardown", &line, &stream)), ["cwl2le list --region eu-west-1"]);
        let reason = "others read from it".to_owned();
        let kept = vec![Kept { resource: ResourceId::new(Kind::STREAM, "s"), reason }];
        let partly = Plan { kept, ..stream.clone() };
        assert_eq!(commands(&after("teardown", &line, &partly)), [format!("cwl2le status {place}")]);
        for command in ["setup", "subscribe", "unsubscribe", "teardown"] {
            assert!(after(command, &line, &Plan::default()).is_empty(), "nothing was done");
        }
    }

    #[test]
    fn whoever_accepts_accounts_is_told_what_to_run_in_them() {
        let arn = "arn:aws:logs:eu-west-1:999999999999:destination:cwl-from-accounts";
        let mut plan = plan(Kind::LOGS_DESTINATION, "cwl-from-accounts");
        let policy = logs_destination::Action::SetPolicy {
            name: "cwl-from-accounts".to_owned(),
            arn: arn.to_owned(),
            policy: serde_json::Value::Null,
            force: false,
        };
        plan.steps[0].actions.push(policy.into());
        let next = commands(&after("setup", &CommandLine::new(["setup"]), &plan));
        let subscribe = format!("cwl2le subscribe --to-destination {arn} --region eu-west-1 '/aws/lambda/*'");
        assert_eq!(next, [&subscribe, "cwl2le status", "cwl2le doctor"]);

        let organization = serde_json::json!({ "Statement": [{ "Effect": "Allow", "Principal": "*",
            "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } } }] });
        plan.steps[0].actions.clear();
        plan.steps[0].actions.push(
            logs_destination::Action::SetPolicy {
                name: "cwl-from-accounts".to_owned(),
                arn: arn.to_owned(),
                policy: organization,
                force: false,
            }
            .into(),
        );
        let next = commands(&after("setup", &CommandLine::new(["setup"]), &plan));
        assert!(next[0].contains(&format!("--to-destination {arn} --member-role ")), "{next:?}");
    }

    #[test]
    fn after_a_plan_comes_the_command_that_makes_its_changes() {
        let shown = |command: &str, args: &[&str]| {
            let next = after_showing(command, &CommandLine::new(args), &plan(Kind::STREAM, "s"));
            serde_json::to_value(&next).expect("JSON")[0].clone()
        };
        let made = shown("plan", &["plan", "--stack", "nine"]);
        assert_eq!(
            (&made["command"], &made["why"]),
            (&"cwl2le setup --stack nine".into(), &"make these changes".into())
        );
        let made = shown("plan", &["plan", "--token", "x"]);
        assert_eq!(made["command"], "cwl2le setup --token '<token>'");
        assert!(
            made["why"].as_str().is_some_and(|why| why.contains("; put the token in place of <token>")),
            "{made}"
        );
        assert_eq!(
            shown("plan", &["plan", "--token-file", "-"])["command"],
            "cwl2le setup --token-file - --yes"
        );
        assert_eq!(shown("teardown", &["teardown", "--dry-run"])["command"], "cwl2le teardown");
    }
}
