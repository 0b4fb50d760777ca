//! Whether a stack can be set up, judged before it is.

use super::super::around::Reached;
use super::super::before::{Before, Planned};
use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Judged};
use super::super::finding::{Command, Finding};
use super::words::{count, one_line};
use crate::aws::answers::{Denial, Limit};
use crate::error::{Code, Error};
use crate::resources::{Refusal, StreamMode};

pub(in super::super) const RIGHTS: Category = Category {
    name: "permissions",
    title: "what you may do",
    needs: &["credentials"],
    checks: &[Check::new("rights", "IAM allows you every action that `setup` may need", rights)],
};

pub(in super::super) const SETTINGS: Category = Category {
    name: "wanted",
    title: "what is to be set up",
    needs: &["credentials"],
    checks: &[
        Check::new("settings", "flags and file describe a stack", settings),
        Check::new("secrets-exist", "what the settings refer to is there", secrets_exist)
            .needs(&["settings"]),
        Check::new("names-free", "no name is taken by something that cwl2le did not make", names_free)
            .needs(&["settings"]),
        Check::new("log-groups", "the log groups can be subscribed", log_groups).needs(&["settings"]),
    ],
};

pub(in super::super) const QUOTAS: Category = Category {
    name: "quotas",
    title: "room in the account",
    needs: &["settings"],
    checks: &[
        Check::new("shards-left", "Kinesis has room for the stream", shards_left),
        Check::new("concurrency-left", "Lambda has room for the function's invocations", concurrency_left),
        Check::new("code-left", "Lambda has room for the function's code", code_left),
    ],
};

pub(in super::super) const LOG_SERVICES: Category = Category {
    name: "log-services",
    title: "the log services",
    needs: &["settings"],
    checks: &[Check::new("reachable", "each log service answers this machine", reachable)],
};

/// Maximum number of actions that a finding lists.
const SHOWN: usize = 8;

fn before(evidence: &Evidence) -> Option<&Before> {
    evidence.before.as_ref()
}

fn planned(evidence: &Evidence) -> Option<&Planned> {
    before(evidence)?.planned.as_ref().ok()
}

fn rights(evidence: &Evidence) -> Judged {
    let Some(before) = before(evidence) else { return Ok(Vec::new()) };
    let rights = match &before.rights {
        Ok(rights) => rights,
        Err(unknown) => return Err(unknown.clone()),
    };
    let ask = |finding: Finding| {
        finding
            .advise("have an administrator allow you what this prints, or set up what it limits")
            .fix(Command::own(before.policy.iter().cloned()))
    };
    if rights.asked == 0 {
        return Ok(vec![Finding::ok(
            "the root user may do everything; use an IAM identity with fewer rights",
        )]);
    }
    if rights.denied.is_empty() {
        return Ok(vec![
            Finding::ok(format!("all {} actions are allowed", rights.asked)).with("actions", rights.asked),
        ]);
    }
    let names = |limit: Option<Limit>| {
        let denied = rights.denied.iter().filter(move |denial| denial.limit == limit);
        denied.map(|Denial { action, .. }| action.clone()).collect::<Vec<String>>()
    };
    let all: Vec<String> = rights.denied.iter().map(|denial| denial.action.clone()).collect();
    let finding =
        Finding::fault(format!("{} of {} actions are denied: {}", all.len(), rights.asked, some(&all)))
            .with("denied", all);
    let limits = [
        (Limit::Organization, "a policy of the organization denies"),
        (Limit::Boundary, "your permissions boundary denies"),
        (Limit::Explicit, "a policy denies explicitly"),
    ];
    let finding = limits.into_iter().fold(finding, |finding, (limit, why)| match names(Some(limit)) {
        names if names.is_empty() => finding,
        names => finding.detail(format!("{why} {}", some(&names))),
    });
    Ok(vec![ask(finding)])
}

/// The first names, and how many more there are.
fn some(names: &[String]) -> String {
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn settings(evidence: &Evidence) -> Judged {
    let Some(before) = before(evidence) else { return Ok(Vec::new()) };
    match &before.planned {
        Err(error) => Ok(vec![failed(error)]),
        Ok(planned) => {
            let steps = planned.plan.steps.len();
            let found = format!("`setup` would make {} changes", count(steps as u64));
            Ok(refusals(planned, |code| !SORTED.contains(&code), Finding::ok(found).with("changes", steps)))
        }
    }
}

/// An error of the settings is a fault; what AWS did not let be read is unknown.
fn failed(error: &Error) -> Finding {
    let finding = match error.code {
        Code::AccessDenied | Code::Unreachable | Code::Throttled | Code::Aws => {
            Finding::unknown(error.to_string())
        }
        _ => Finding::fault(error.to_string()),
    };
    match &error.hint {
        Some(hint) => finding.advise(hint.clone()),
        None => finding,
    }
}

/// The codes of refusals that have a check of their own.
const SORTED: [Code; 6] = [
    Code::NotFound,
    Code::NotOurs,
    Code::FilterLimit,
    Code::LogGroupClass,
    Code::Recursion,
    Code::UnknownLogGroup,
];

fn secrets_exist(evidence: &Evidence) -> Judged {
    let Some(planned) = planned(evidence) else { return Ok(Vec::new()) };
    let unknown = planned.plan.notes.iter().filter(|note| note.contains("cannot be checked"));
    let unknown: Vec<Finding> =
        unknown.map(|note| Finding::unknown(note.trim_start_matches("warning: "))).collect();
    let mut found =
        refusals(planned, |code| code == Code::NotFound, Finding::ok("every secret that they name is there"));
    if !unknown.is_empty() {
        found.retain(|finding| finding.subject.is_some());
        found.extend(unknown);
    }
    Ok(found)
}

fn names_free(evidence: &Evidence) -> Judged {
    let Some(planned) = planned(evidence) else { return Ok(Vec::new()) };
    Ok(refusals(planned, |code| code == Code::NotOurs, Finding::ok("every name is free or of this stack")))
}

fn log_groups(evidence: &Evidence) -> Judged {
    let Some(planned) = planned(evidence) else { return Ok(Vec::new()) };
    let codes = [Code::FilterLimit, Code::LogGroupClass, Code::Recursion, Code::UnknownLogGroup];
    Ok(refusals(
        planned,
        |code| codes.contains(&code),
        Finding::ok("nothing keeps them from being subscribed"),
    ))
}

/// What `setup` refuses for such a reason; the good finding if it refuses nothing.
fn refusals(planned: &Planned, is_meant: impl Fn(Code) -> bool, good: Finding) -> Vec<Finding> {
    let refused = planned.plan.refused.iter().filter(|refusal| is_meant(refusal.code));
    let found: Vec<Finding> = refused
        .map(|Refusal { resource, reason, hint, .. }| {
            Finding::fault(reason.clone()).about(Some(&resource.to_string())).advise(hint.clone())
        })
        .collect();
    if found.is_empty() { vec![good] } else { found }
}

/// The command that shows the quotas of a service and the codes by which AWS raises them.
fn quotas(finding: Finding, service: &str) -> Finding {
    finding
        .advise(
            "ask AWS for a higher quota by its code with `aws service-quotas request-service-quota-increase`",
        )
        .fix(Command::aws(["service-quotas", "list-service-quotas", "--service-code", service]))
}

fn shards_left(evidence: &Evidence) -> Judged {
    let (Some(before), Some(planned)) = (before(evidence), planned(evidence)) else { return Ok(Vec::new()) };
    let quota = match &before.streams {
        Ok(quota) => quota,
        Err(unknown) => return Err(unknown.clone()),
    };
    let there = planned.observed.stream.as_ref();
    let (what, wanted, used, most) = match planned.stack.stream.mode.value {
        StreamMode::Provisioned { shards } => {
            let now = there.map(|stream| match stream.mode {
                StreamMode::Provisioned { .. } => stream.open_shards,
                StreamMode::OnDemand => 0,
            });
            ("shards", shards.saturating_sub(now.unwrap_or(0)), quota.shards, quota.most_shards)
        }
        StreamMode::OnDemand => {
            let is_one = there.is_some_and(|stream| stream.mode == StreamMode::OnDemand);
            ("on-demand streams", u32::from(!is_one), quota.on_demand, quota.most_on_demand)
        }
    };
    let left = most.saturating_sub(used);
    let found = format!("{wanted} more {what} wanted, {left} of {most} left");
    let finding = if wanted > left { quotas(Finding::fault(found), "kinesis") } else { Finding::ok(found) };
    Ok(vec![finding.with("wanted", wanted).with("left", left).with("quota", most)])
}

/// What Lambda keeps for functions that reserve nothing.
const KEPT_UNRESERVED: u32 = 100;

fn concurrency_left(evidence: &Evidence) -> Judged {
    let (Some(before), Some(planned)) = (before(evidence), planned(evidence)) else { return Ok(Vec::new()) };
    let quota = match &before.functions {
        Ok(quota) => quota,
        Err(unknown) => return Err(unknown.clone()),
    };
    let stack = &planned.stack;
    let there = planned.observed.function.as_ref();
    if let Some(reserved) = stack.function.reserved_concurrency {
        let more =
            reserved.saturating_sub(there.and_then(|function| function.reserved_concurrency).unwrap_or(0));
        let left = quota.unreserved.saturating_sub(KEPT_UNRESERVED);
        let found = format!("{more} more to reserve, {left} of {} can be reserved", quota.concurrency);
        let finding = if more > left { quotas(Finding::fault(found), "lambda") } else { Finding::ok(found) };
        return Ok(vec![finding.with("wanted", more).with("left", left).with("quota", quota.concurrency)]);
    }
    let StreamMode::Provisioned { shards } = stack.stream.mode.value else { return Ok(Vec::new()) };
    let functions = u32::try_from(stack.functions().count()).unwrap_or(u32::MAX);
    let most = shards.saturating_mul(stack.trigger.parallelization.value).saturating_mul(functions);
    let found = format!(
        "up to {most} invocations at the same time, {} of {} not reserved by others",
        quota.unreserved, quota.concurrency
    );
    // They would wait for their turn, and lines with them.
    let finding =
        if most > quota.unreserved { quotas(Finding::warn(found), "lambda") } else { Finding::ok(found) };
    Ok(vec![finding.with("wanted", most).with("left", quota.unreserved).with("quota", quota.concurrency)])
}

fn code_left(evidence: &Evidence) -> Judged {
    let (Some(before), Some(planned)) = (before(evidence), planned(evidence)) else { return Ok(Vec::new()) };
    let quota = match &before.functions {
        Ok(quota) => quota,
        Err(unknown) => return Err(unknown.clone()),
    };
    let Some(bundle) = &planned.stack.function.bundle else { return Ok(Vec::new()) };
    let functions = planned.stack.functions().count() as u64;
    let wanted = (bundle.zip.len() as u64).saturating_mul(functions);
    let left = quota.most_code.saturating_sub(quota.code);
    let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
    let found = format!("{} MB wanted, {} MB left", megabytes(wanted), count(megabytes(left)));
    let finding = if wanted > left {
        let finding = Finding::fault(found).advise("delete old functions and versions of functions");
        finding.fix(Command::aws(["lambda", "list-functions", "--function-version", "ALL"]))
    } else {
        Finding::ok(found)
    };
    Ok(vec![finding.with("wanted_bytes", wanted).with("left_bytes", left)])
}

fn reachable(evidence: &Evidence) -> Judged {
    Ok(evidence.around.reached.iter().map(reach).collect())
}

/// What a log service answered to this machine.
fn reach(reached: &Reached) -> Finding {
    let finding = match &reached.answer {
        Ok(true) => Finding::ok(format!("{} answers this machine", reached.service)),
        Ok(false) => Finding::unknown("its address is a secret that is kept elsewhere"),
        Err(failure) => Finding::warn(format!("{}: {}", failure.kind.name(), one_line(&failure.detail)))
            .with("failure", failure.kind.name())
            .advise(
                "this machine does not reach it; the function may, from its own network: the newest delivery tells",
            ),
    };
    finding.about(Some(&reached.destination)).with("service", reached.service.clone())
}
