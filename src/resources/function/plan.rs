//! What `setup` must change on the function.

use std::collections::BTreeMap;

use cwl2le_forwarder::config::{CONFIG_ENV, Config};
use serde_json::{Value, json};

use super::action::{Action, CreateFunction};
use super::code::{CodeChange, code_change};
use super::configuration::{current_config, read_config};
use super::desired::{EnvValue, RUNTIME};
use super::environment::{changed_environment, check_size, config_fields, environment};
use super::forwarders::existing;
use super::readable::must_be_readable;
use super::release::{Recorded, Release};
use super::retire::retire;
use super::teardown::forwarder;
use super::{Function, losses};
use crate::error::Code;
use crate::resources::kind::{Losses, Part, Planned, Setup, Teardown};
use crate::resources::own::own;
use crate::resources::{
    self, Draft, Field, FunctionFailure, Kind, Network, Observed, ObservedFunction, Plan, Refusal,
    ResourceId, Stack, Stage, Step, Verb,
};
use crate::stack::limits::TIMEOUT_SECONDS;
use crate::stack::names::VERSION_TAG;
use crate::stack::{Setting, Tags};

impl Planned for Function {
    type Action = Action;

    fn guard(setup: &Setup<'_>, plan: &mut Plan) {
        plan.refused.extend(must_be_readable(setup.stack, setup.observed).err());
    }

    fn setup(setup: &Setup<'_>, plan: &mut Plan) {
        for forwarder in &setup.forwarders.wanted {
            let function = function(&forwarder.stack, &forwarder.observed, setup.adopt, plan);
            plan.refused.extend(function.err());
        }
    }

    fn finish_setup(&Setup { forwarders, .. }: &Setup<'_>, plan: &mut Plan) {
        forwarders.retired.iter().for_each(|retired| retire(&retired.stack, &retired.observed, plan));
    }

    /// Removes the functions, each with its triggers and its log group.
    fn teardown(&Teardown { stack, observed, options }: &Teardown<'_>, plan: &mut Plan) {
        forwarder(stack, observed, options, plan);
        for own in existing(stack, observed) {
            forwarder(&own.stack, &own.observed, options, plan);
        }
    }

    fn losses(found: &mut Losses<'_>, step: &Step, action: &Action) {
        match action {
            Action::Delete { name } if step.verb == Verb::Delete => losses::function(found, step, name),
            Action::UpdateCode { .. } if step.verb == Verb::Adopt => {
                found.add(&step.resource, "the code it runs");
            }
            _ => {}
        }
    }

    fn losses_of_plan(found: &mut Losses<'_>) {
        losses::of_configuration(found);
    }
}

fn function(stack: &Stack, observed: &Observed, adopt: bool, plan: &mut Plan) -> Part {
    let (want, name) = (&stack.function, &stack.names.function);
    let id = ResourceId::new(Kind::FUNCTION, name);
    let Some(is) = &observed.function else {
        let new = New {
            arch: want.arch.value.as_str(),
            memory_mb: want.memory_mb.value,
            timeout_seconds: want.timeout_seconds.value,
            reserved_concurrency: want.reserved_concurrency,
            config: want.config.as_ref(),
            variables: &BTreeMap::new(),
            network: &want.network.value,
        };
        let mut draft = Draft::new(Stage::Function, Kind::FUNCTION, name, Verb::Create);
        create(&mut draft, stack, &new, &id)?;
        draft.finish(plan);
        return Ok(());
    };

    let mut draft = Draft::new(Stage::Function, Kind::FUNCTION, name, Verb::Update);
    let mut tags = own(&mut draft, stack, &is.tags, adopt)?.unwrap_or_default();
    // Written together with the code.
    tags.remove(VERSION_TAG);
    let refuse = |code, reason: String, hint: &str| Refusal {
        resource: id.clone(),
        code,
        reason,
        hint: hint.to_owned(),
    };
    if is.runtime != RUNTIME {
        return Err(refuse(
            Code::Immutable,
            format!("it runs on {}, and the forwarder runs on {RUNTIME}: it is another program", is.runtime),
            "create another stack beside it with --stack NAME, or delete the function first",
        ));
    }
    let code = code_change(want, is).map_err(|(code, reason, hint)| refuse(code, reason, &hint));
    if let Some(failure @ FunctionFailure::Creation(_)) = &is.failure {
        // What is not ours is never deleted, not even what cannot work.
        if draft.is_adopting() {
            return Err(refuse(
                Code::NotOurs,
                format!("{failure}; it would have to be deleted, and this stack does not manage it"),
                "delete the function yourself, then run the same command again",
            ));
        }
        // A newer version may have made it.
        code?;
        let config = want.config.clone().or_else(|| current_config(is));
        let new = New {
            arch: want.arch.value.as_str(),
            memory_mb: *want.memory_mb.change_from(&is.memory_mb).unwrap_or(&is.memory_mb),
            timeout_seconds: timeout(&want.timeout_seconds, is.timeout_seconds).unwrap_or(is.timeout_seconds),
            reserved_concurrency: want.reserved_concurrency.or(is.reserved_concurrency.filter(|n| *n > 0)),
            config: config.as_ref(),
            variables: &is.environment,
            network: want.network.change_from(&is.network).unwrap_or(&is.network),
        };
        let mut draft = Draft::new(Stage::Function, Kind::FUNCTION, name, Verb::Replace);
        draft.fields([failed_state(failure)]);
        draft.act(Action::Delete { name: name.clone() });
        create(&mut draft, stack, &new, &id)?;
        draft.finish(plan);
        return Ok(());
    }
    if !is.settled {
        draft.verb(Verb::Await);
        draft.act(Action::Await { name: name.clone() });
    }
    let code = code?;
    if let CodeChange::Keep(_, note) = &code {
        plan.notes.push(format!("function {name} {note}"));
    }
    update_function(&mut draft, stack, is, observed, &id, Update { tags, code })?;
    draft.finish(plan);
    Ok(())
}

/// What is decided about a function already.
struct Update {
    /// The tags that it lacks.
    tags: Tags,
    code: CodeChange,
}

/// A function to create, or to create again.
struct New<'a> {
    arch: &'a str,
    memory_mb: u32,
    timeout_seconds: u32,
    reserved_concurrency: Option<u32>,
    config: Option<&'a Config>,
    /// Its environment variables apart from our configuration.
    variables: &'a BTreeMap<String, EnvValue>,
    network: &'a Network,
}

/// What a new stack lacks that is not told where its lines go.
pub(crate) const NO_TOKEN: &str = "no token for the log service";

/// What to do about it.
pub(crate) const NO_TOKEN_HINT: &str = "copy the token from the settings of your log (in Logentries: Add Data, Token TCP), then set CWL2LE_TOKEN, or \
    add --token-file FILE, --token-ssm NAME or --token-secret NAME; for another log service, describe it in cwl2le.toml: \
    `cwl2le init`";

fn create(draft: &mut Draft, stack: &Stack, new: &New<'_>, id: &ResourceId) -> Part {
    let name = &stack.names.function;
    let Some(config) = new.config else {
        return Err(Refusal {
            resource: id.clone(),
            code: Code::Usage,
            reason: NO_TOKEN.to_owned(),
            hint: NO_TOKEN_HINT.to_owned(),
        });
    };
    let Some(bundle) = &stack.function.bundle else {
        return Err(no_bundle(id, new.arch));
    };
    let environment = environment(new.variables, config);
    check_size(id, Some(config), &environment)?;
    draft.set("architecture", new.arch);
    draft.set("memory_mb", new.memory_mb);
    draft.set("timeout_seconds", new.timeout_seconds);
    draft.set("code", code_of(&stack.function.release));
    draft.fields(new.network.fields());
    draft.fields(config_fields(None, config));
    draft.act(Action::Create(Box::new(CreateFunction {
        name: name.clone(),
        role_arn: stack.function_role.arn.clone(),
        bundle: bundle.clone(),
        description: stack.function.release.description(),
        memory_mb: new.memory_mb,
        timeout_seconds: new.timeout_seconds,
        environment,
        network: new.network.clone(),
        tags: stack.tags.clone().into_iter().chain(stack.function.release.tags(&bundle.sha256)).collect(),
    })));
    reserve(draft, stack, new.reserved_concurrency, None);
    Ok(())
}

/// The timeout to change to: what was asked for, or the default where the one that is there leaves no time to deliver
/// in.
fn timeout(want: &Setting<u32>, is: u32) -> Option<u32> {
    let too_short = !TIMEOUT_SECONDS.contains(&i64::from(is));
    want.change_from(&is).copied().or_else(|| too_short.then_some(want.value))
}

fn update_function(
    draft: &mut Draft,
    stack: &Stack,
    is: &ObservedFunction,
    observed: &Observed,
    id: &ResourceId,
    Update { mut tags, code }: Update,
) -> Part {
    let (want, name) = (&stack.function, &stack.names.function);
    let arch = want.arch.change_from(&is.arch).copied();
    if want.bundle.is_none() && arch.is_some() {
        return Err(no_bundle(id, want.arch.value.as_str()));
    }
    let uploaded = want.bundle.as_ref().filter(|_| matches!(code, CodeChange::Upload(_)));
    match &code {
        CodeChange::Upload(why) => {
            let code = Field::change("code", recorded_code(&is.tags), code_of(&want.release));
            // Mostly the reason is what is recorded, which the field shows already.
            let why = Some(why.clone()).filter(|why| *why != Recorded::read(&is.tags).to_string());
            draft.fields([Field { why, ..code }]);
        }
        CodeChange::Record => {
            draft.change("record_of_the_code", recorded_code(&is.tags), code_of(&want.release));
        }
        CodeChange::None(_) | CodeChange::Keep(..) => {}
    }
    let release = match code {
        CodeChange::Upload(_) | CodeChange::Record => {
            let sha256 = want.bundle.as_ref().map_or(&is.code_sha256, |bundle| &bundle.sha256);
            tags.extend(want.release.tags(sha256));
            Some(want.release.clone())
        }
        CodeChange::None(release) | CodeChange::Keep(release, _) => release,
    };
    if !tags.is_empty() {
        draft.act(Action::Tag { arn: is.arn.clone(), tags });
    }
    if let Some(bundle) = uploaded {
        if let Some(arch) = arch {
            draft.change("architecture", is.arch.as_str(), arch.as_str());
        }
        draft.act(Action::UpdateCode { name: name.clone(), bundle: bundle.clone() });
    }

    // The code alone delivers nothing.
    if want.config.is_none() && read_config(is) == Ok(None) {
        return Err(Refusal {
            resource: id.clone(),
            code: Code::Config,
            reason: format!("its environment lacks {CONFIG_ENV}, so it delivers nothing"),
            hint: "give the token again with --token-file or CWL2LE_TOKEN; describe several destinations in a configuration file"
                .to_owned(),
        });
    }

    let memory_mb = want.memory_mb.change_from(&is.memory_mb).copied();
    if let Some(to) = memory_mb {
        draft.change("memory_mb", is.memory_mb, to);
    }
    let timeout_seconds = timeout(&want.timeout_seconds, is.timeout_seconds);
    if let Some(to) = timeout_seconds {
        draft.change("timeout_seconds", is.timeout_seconds, to);
    }
    let role_arn = observed.function_role.as_ref().map_or(&stack.function_role.arn, |role| &role.arn);
    let role_arn = (*role_arn != is.role_arn).then(|| role_arn.clone());
    if let Some(to) = &role_arn {
        draft.change("role", is.role_arn.as_str(), to.as_str());
    }
    // Its role may write to its own log group only, and another one may be subscribed.
    let strays = is.log_group.as_ref().filter(|log_group| **log_group != stack.names.function_log_group);
    let log_group = strays.map(|log_group| {
        draft.change("log_group", log_group.as_str(), stack.names.function_log_group.as_str());
        stack.names.function_log_group.clone()
    });
    let network = want.network.change_from(&is.network).cloned();
    if let Some(to) = &network {
        draft.fields(is.network.changes(to));
    }
    let description = release.map(|release| release.description()).filter(|text| *text != is.description);
    if let Some(text) = &description {
        draft.change("description", is.description.as_str(), text.as_str());
    }
    let environment = changed_environment(draft, want.config.as_ref(), is);
    if let Some(environment) = &environment {
        check_size(id, want.config.as_ref(), environment)?;
    }
    let changes = memory_mb.is_some()
        || timeout_seconds.is_some()
        || role_arn.is_some()
        || environment.is_some()
        || log_group.is_some()
        || network.is_some()
        || description.is_some();
    // An update that failed is made again, where nothing else updates the function.
    let failed = is.failure.as_ref().filter(|_| uploaded.is_none() && !changes);
    if let Some(failure) = failed {
        draft.fields([failed_state(failure)]);
    }
    if changes || failed.is_some() {
        let action = Action::UpdateConfiguration {
            name: name.clone(),
            description,
            // An update of nothing is none to AWS: the role that it has stands for it.
            role_arn: role_arn.or_else(|| failed.map(|_| is.role_arn.clone())),
            memory_mb,
            timeout_seconds,
            environment,
            log_group,
            network,
        };
        // The tags of a function say that it has been configured.
        match is.environment.contains_key(CONFIG_ENV) {
            true => draft.act(action),
            false => draft.act_before(is_tagging, action),
        }
    }
    reserve(draft, stack, want.reserved_concurrency, is.reserved_concurrency);
    Ok(())
}

/// Tags are written last: they say that the configuration is in place.
fn is_tagging(action: &resources::Action) -> bool {
    matches!(action, resources::Action::Function(Action::Tag { .. }))
}

fn reserve(draft: &mut Draft, stack: &Stack, want: Option<u32>, is: Option<u32>) {
    if let Some(reserved) = want.filter(|want| Some(*want) != is) {
        draft.change("reserved_concurrency", is, reserved);
        draft.act(Action::SetConcurrency { name: stack.names.function.clone(), reserved });
    } else if is == Some(0) {
        let never = Field::change("reserved_concurrency", 0, Value::Null).because("with 0 it never runs");
        draft.fields([never]);
        draft.act(Action::UnsetConcurrency { name: stack.names.function.clone() });
    }
}

/// The state of a function that AWS failed to create or to update, and that is created or updated again.
fn failed_state(failure: &FunctionFailure) -> Field {
    Field::change("state", "failed", "active").because(failure.to_string())
}

fn code_of(release: &Release) -> Value {
    json!({"version": release.version.to_string(), "source": release.source})
}

/// What the tags of a function say of its code; null where they say nothing.
fn recorded_code(tags: &Tags) -> Value {
    let Recorded { version, source, .. } = Recorded::read(tags);
    match (version, source) {
        (None, None) => Value::Null,
        (version, source) => json!({"version": version.map(|version| version.to_string()), "source": source}),
    }
}

fn no_bundle(id: &ResourceId, arch: &str) -> Refusal {
    Refusal {
        resource: id.clone(),
        code: Code::NoBundle,
        reason: format!("this build of cwl2le has no forwarder for {arch}"),
        hint: "install a release of cwl2le, which has a forwarder for both architectures, or give one with --forwarder-zip"
            .to_owned(),
    }
}
