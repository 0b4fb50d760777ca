//! The plan of `cwl2le rollback`: one move of an alias for each function, after the version that becomes live again has
//! been started once.

use std::collections::BTreeSet;

use cwl2le_forwarder::config::CONFIG_ENV;
use serde_json::Value;

use super::choose::{Choice, Live, Target, choose};
use super::differences::differences;
use super::observed::{Before, ObservedAlias, Snapshot};
use super::{Action, From, LIVE, Version};
use crate::error::Code;
use crate::resources::function::environment::{SECRET_CHANGED, config_fields};
use crate::resources::function::forwarders::{existing, without_what_is_over};
use crate::resources::routing::pins::{PINNED_HINT, pinned_to};
use crate::resources::{Draft, Field, Kind, Observed, Plan, Refusal, ResourceId, Stack, Stage, Step, Verb};
use crate::stack::{Names, owns};

/// What a version shares out among the functions of a stack. Where it differs, records would be delivered by two
/// functions or by none.
const SHARED_OUT: [&str; 3] = ["schedules", "elsewhere", "isolated"];

/// What every function of a stack has to know alike: each decides by it which records are its own.
const ROUTED_BY: [&str; 3] = ["routes", "routes_from", "default"];

/// Plans the way back: to a version of the main function, or to what the last change replaced.
///
/// `observed` holds every log group where [`must_see_pins_of`] says so.
pub fn rollback(stack: &Stack, observed: &Observed, to: Option<u64>) -> Plan {
    let mut plan = Plan::default();
    let Some(live) = live_functions(stack, observed, &mut plan) else { return plan };
    let chosen = choose(&live, to);
    let targets = match chosen {
        Ok(Choice::Go(targets)) => targets,
        Ok(Choice::Stay(why)) => {
            plan.notes.push(why);
            return plan;
        }
        Err((code, reason, hint)) => {
            plan.refuse(ResourceId::new(Kind::FUNCTION, &stack.names.function), code, reason, hint);
            return plan;
        }
    };
    plan.refused.extend(targets.iter().filter_map(hides_its_configuration));
    if !plan.refused.is_empty() {
        return plan;
    }
    plan.refused.extend(routes_differently(&live, &targets));
    for target in &targets {
        plan.refused.extend(shares_out_differently(stack, observed, target));
        plan.refused.extend(forgets_a_pin(stack, observed, target));
        let function = ResourceId::new(Kind::FUNCTION, &target.live.names.function);
        let version = Version::Number(target.version.number);
        let mut check = Draft::of(Stage::Function, function, Verb::Check);
        check.fields([Field::set("test_invocation", true)]);
        check.act(Action::Start { function: target.live.names.function.clone(), version });
        check.finish(&mut plan);
        plan.steps.push(step(target, &mut plan.notes));
    }
    plan.ordered()
}

/// Whether every log group has to be looked at, because a filter may pin a destination that goes.
pub fn must_see_pins_of(plan: &Plan, stack: &Stack, observed: &Observed, to: Option<u64>) -> bool {
    let Some(live) = live_functions(stack, observed, &mut Plan::default()) else { return false };
    match choose(&live, to) {
        Ok(Choice::Go(targets)) if !plan.is_empty() => {
            targets.iter().any(|target| !leaving(target).is_empty())
        }
        _ => false,
    }
}

/// A step that makes a version live, and says at the alias what was before.
pub(crate) fn back_step(names: &Names, live: &ObservedAlias, to: u64, before: Before) -> Step {
    let mut draft = Draft::of(Stage::Live, ResourceId::alias(names), Verb::Update);
    draft.change("version", number(&live.version), to);
    draft.act(Action::Move {
        function: names.function.clone(),
        version: Version::Number(to),
        from: From::Alias(live.clone()),
        before: Some(before),
    });
    draft.into_step()
}

/// The functions, the main one first; none where one of them cannot go back, which the plan then says.
fn live_functions<'a>(stack: &Stack, observed: &'a Observed, plan: &mut Plan) -> Option<Vec<Live<'a>>> {
    let main = (stack.names.clone(), observed.function.as_ref());
    let own = existing(stack, observed).into_iter().filter_map(|own| {
        let destination = stack.names.isolated_destination(&own.stack.names.function)?.to_owned();
        // Of one that was never made there may be a log group, which has no version to go back to.
        let function = observed.isolated.get(&destination)?.function.as_ref()?;
        Some((own.stack.names, Some(function)))
    });
    let mut functions = Vec::new();
    for (names, is) in [main].into_iter().chain(own) {
        match published(stack, names, is) {
            Ok(live) => functions.push(live),
            Err(refusal) => plan.refused.push(refusal),
        }
    }
    plan.refused.is_empty().then_some(functions)
}

fn published<'a>(
    stack: &Stack,
    names: Names,
    is: Option<&'a crate::resources::ObservedFunction>,
) -> Result<Live<'a>, Refusal> {
    let refuse = |code, reason: &str, hint: &str| Refusal {
        resource: ResourceId::new(Kind::FUNCTION, &names.function),
        code,
        reason: reason.to_owned(),
        hint: hint.to_owned(),
    };
    let Some(is) = is else { return Err(refuse(Code::NotFound, "it does not exist", "run `cwl2le setup`")) };
    if !owns(&stack.name, &stack.target.region, &is.tags) {
        let reason = format!("stack `{}` does not manage it", stack.name);
        return Err(refuse(Code::NotOurs, &reason, "name the stack that does with --stack"));
    }
    let live = is.live().and_then(|alias| Some((alias, alias.number()?)));
    let Some((alias, number)) = live else {
        let reason = format!("its alias `{LIVE}` names no published version, so there is none to go back to");
        return Err(refuse(
            Code::NotFound,
            &reason,
            "`cwl2le setup` publishes one at each change from now on",
        ));
    };
    Ok(Live { names, is, alias, number })
}

fn step(target: &Target<'_>, notes: &mut Vec<String>) -> Step {
    let Target { live, version } = target;
    // What was rolled back before, and still is the newest code, stays what must not come back by itself.
    let newest =
        |number: &u64| live.is.version(*number).is_some_and(|one| one.snapshot == live.is.snapshot());
    let before = match live.alias.before {
        // Forward to what the function is: there is nothing left that must not come back.
        _ if version.number > live.number && newest(&version.number) => Before::Replaced(live.number),
        Some(Before::RolledBackFrom(number)) if newest(&number) => Before::RolledBackFrom(number),
        _ => Before::RolledBackFrom(live.number),
    };
    let mut step = back_step(&live.names, live.alias, version.number, before);
    let Some(now) = live.is.version(live.number) else { return step };
    let (now, then) = (&now.snapshot, &version.snapshot);
    step.fields.extend(differences(now, then));
    let function = &live.names.function;
    match (now.config(), then.config()) {
        (Some(now), Some(then)) => {
            let fields = config_fields(Some(&now), &then);
            if fields.iter().any(|field| field.why.as_deref() == Some(SECRET_CHANGED)) {
                notes.push(format!(
                    "warning: version {} of {function} has another token in its configuration than version {}: if that one \
                     was revoked, the log service refuses its lines",
                    version.number, live.number
                ));
            }
            step.fields.extend(fields);
        }
        (now, then) if now.is_some() != then.is_some() || then_differs(target) => notes.push(format!(
            "the configurations of versions {} and {} of {function} cannot be compared by this version of cwl2le",
            live.number, version.number
        )),
        _ => {}
    }
    step
}

fn then_differs(target: &Target<'_>) -> bool {
    let live = target.live.is.version(target.live.number).map(|live| raw(&live.snapshot));
    live != Some(raw(&target.version.snapshot))
}

/// Destinations change hands between functions by the time at which records arrived. A version that knows of another
/// time, or of none, would deliver records once more or not at all. What is over by now makes no difference.
fn shares_out_differently(stack: &Stack, observed: &Observed, target: &Target<'_>) -> Option<Refusal> {
    let now = target.live.is.version(target.live.number)?;
    let part = |snapshot: &Snapshot| {
        let recent = snapshot.config().map(|config| without_what_is_over(stack, observed, &config));
        let recent = recent.and_then(|config| serde_json::from_str(&config.to_json()).ok());
        let config: Value = recent.unwrap_or_else(|| raw(snapshot));
        SHARED_OUT.map(|key| config.get(key).cloned().unwrap_or_default())
    };
    (part(&now.snapshot) != part(&target.version.snapshot)).then(|| Refusal {
        resource: ResourceId::new(Kind::FUNCTION, &target.live.names.function),
        code: Code::Immutable,
        reason: format!(
            "version {} shares the destinations among the functions in another way than version {}; with both in use, lines \
             would be lost or delivered twice",
            target.version.number, target.live.number
        ),
        hint: "change `isolated` in cwl2le.toml and run `cwl2le setup`, which hands destinations over without a loss".to_owned(),
    })
}

/// Functions that route by different rules: a record that each takes for one of the other's is delivered by none.
fn routes_differently(live: &[Live<'_>], targets: &[Target<'_>]) -> Option<Refusal> {
    let rules = |snapshot: &Snapshot| {
        let config = raw(snapshot);
        ROUTED_BY.map(|key| config.get(key).cloned().unwrap_or_default())
    };
    let then = live.iter().filter_map(|one| {
        let target = targets.iter().find(|target| target.live.names.function == one.names.function);
        let version = target.map_or_else(|| one.is.version(one.number), |target| Some(target.version))?;
        Some((&one.names.function, version))
    });
    let then: Vec<_> = then.collect();
    let (main, first) = then.first()?;
    let (other, second) =
        then.iter().find(|(_, version)| rules(&version.snapshot) != rules(&first.snapshot))?;
    Some(Refusal {
        resource: ResourceId::new(Kind::FUNCTION, *main),
        code: Code::Immutable,
        reason: format!(
            "version {} of {main} has other routes than version {} of {other}; with both in use, lines would be lost or \
             delivered twice",
            first.number, second.number
        ),
        hint: "put the routes back in cwl2le.toml and run `cwl2le setup`, which changes all functions"
            .to_owned(),
    })
}

/// A configuration that AWS does not show: nobody knows what would change with it.
fn hides_its_configuration(target: &Target<'_>) -> Option<Refusal> {
    let now = target.live.is.version(target.live.number);
    let versions = now.into_iter().chain([target.version]);
    let why = versions.filter_map(|version| version.snapshot.hidden_environment.as_ref()).next()?;
    Some(Refusal {
        resource: ResourceId::new(Kind::FUNCTION, &target.live.names.function),
        code: Code::Unreadable,
        reason: format!("AWS does not show its variables, so the versions cannot be compared: {why}"),
        hint: "run it with the right to use the KMS key of the function (kms:Decrypt)".to_owned(),
    })
}

/// A filter that pins a destination which the version does not have: its lines would be set aside.
fn forgets_a_pin(stack: &Stack, observed: &Observed, target: &Target<'_>) -> Option<Refusal> {
    let leaving = leaving(target);
    let pinning = pinned_to(observed, &stack.names.stream_arn(&stack.target), &leaving).next()?;
    Some(Refusal {
        resource: ResourceId::new(Kind::FUNCTION, &target.live.names.function),
        code: Code::InUse,
        reason: format!(
            "version {} does not have a destination that the {pinning} pins; its lines would not be delivered",
            target.version.number
        ),
        hint: PINNED_HINT.to_owned(),
    })
}

/// The destinations that the live version has and the other one does not.
fn leaving(target: &Target<'_>) -> BTreeSet<String> {
    let names = |snapshot: &Snapshot| -> BTreeSet<String> {
        let config = raw(snapshot);
        let own = config["destinations"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
        let others = config["elsewhere"].as_array().into_iter().flatten().filter_map(Value::as_str);
        own.chain(others.map(ToOwned::to_owned)).collect()
    };
    let Some(now) = target.live.is.version(target.live.number) else { return BTreeSet::new() };
    let then = names(&target.version.snapshot);
    names(&now.snapshot).into_iter().filter(|name| !then.contains(name)).collect()
}

/// The configuration as it was written, whatever version wrote it.
fn raw(snapshot: &Snapshot) -> Value {
    let text = snapshot.environment.get(CONFIG_ENV).map(|value| value.0.as_str());
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn number(version: &str) -> Value {
    version.parse::<u64>().map_or_else(|_| version.into(), Value::from)
}
