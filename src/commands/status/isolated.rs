//! The functions of isolated destinations, in the report of `cwl2le status`.

use super::verb::{MISSING, Part, concerns, differences, problem};
use crate::aws::Session;
use crate::plan::{Kind, Observed, ObservedForwarder, Plan, ResourceId, isolated_functions, remaining};
use crate::stack::{Stack, Tags, owns, retention};

/// Trigger, function and log group of each isolated destination: those that are wanted, and those that are there still.
pub(super) fn parts(session: &Session, stack: &Stack, observed: &Observed, plan: &Plan) -> Vec<Part> {
    let there = isolated_functions(stack, observed).into_keys();
    let mut names: Vec<String> = stack.isolation.destinations.iter().cloned().chain(there).collect();
    names.sort();
    names.dedup();
    let nothing = ObservedForwarder::default();
    names
        .iter()
        .flat_map(|name| of(session, stack, observed.isolated.get(name).unwrap_or(&nothing), plan, name))
        .collect()
}

fn of(
    session: &Session,
    stack: &Stack,
    own: &ObservedForwarder,
    plan: &Plan,
    destination: &str,
) -> [Part; 3] {
    let names = stack.names.isolated(destination);
    let ours = |tags: &Tags| Some(owns(&stack.name, &stack.target.region, tags));
    let part = |kind: Kind, name: &str, found: Option<(String, Option<bool>)>| {
        let resource = ResourceId::new(kind, name);
        let wrong = if found.is_some() { differences(plan, &resource) } else { Vec::new() };
        let ready = found.is_some() && wrong.is_empty() && !concerns(plan, &resource);
        let (state, ours) = found.unwrap_or_else(|| (MISSING.to_owned(), None));
        Part { kind: kind.name(), name: resource.name, state, ready, wrong, ours, release: None }
    };
    let trigger = own.triggers.first();
    let mut reads = part(
        Kind::Trigger,
        &names.trigger(),
        trigger.map(|t| {
            let result = t.last_result.as_ref().map(|r| format!(", {r}")).unwrap_or_default();
            (format!("{}, batch {}{result}", format!("{:?}", t.state).to_lowercase(), t.batch_size), None)
        }),
    );
    if let Some(problem) = problem(session, trigger, &names.function) {
        reads.wrong.push(problem);
        reads.ready = false;
    }
    let function = own.function.as_ref().map(|f| {
        let state = match (&f.failure, f.settled) {
            (Some(failure), _) => failure.to_string(),
            (None, true) => {
                let work = remaining(f, destination);
                let work = work.unwrap_or_else(|| format!("serves `{destination}`"));
                format!("{}, {} MB, {} s, {work}", f.arch, f.memory_mb, f.timeout_seconds)
            }
            (None, false) => "being updated".to_owned(),
        };
        (state, ours(&f.tags))
    });
    let log_group = own.log_group.as_ref();
    let log_group =
        log_group.map(|group| (format!("kept {}", retention(group.retention_days)), ours(&group.tags)));
    [
        reads,
        part(Kind::Function, &names.function, function),
        part(Kind::LogGroup, &names.function_log_group, log_group),
    ]
}
