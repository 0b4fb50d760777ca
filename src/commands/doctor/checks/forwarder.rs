//! Whether the forwarder starts and works.

use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Forwarder, Judged, seconds, span};
use super::super::finding::{Command, Finding};
use crate::journal::{Entry, Level, PlatformKind};
use crate::resources::alias::LIVE;
use crate::resources::{Before, FunctionFailure, Kind, Recorded, Release, Unread};

/// Part of its timeout or memory, in percent, above which a function has too little of it.
const MOST: f64 = 90.0;
/// Maximum timeout and memory of a Lambda function, in seconds and MB.
const LONGEST_TIMEOUT: u32 = 900;
const LARGEST_MEMORY: u32 = 10_240;

pub(in super::super) const CATEGORY: Category = Category {
    name: "forwarder",
    title: "forwarder",
    needs: &["credentials", "stack-there"],
    checks: &[
        Check::new("function-active", "the function exists and can be invoked", function_active),
        Check::new(
            "function-starts",
            "it starts: its configuration is valid and its secrets can be read",
            function_starts,
        )
        .needs(&["function-active"]),
        Check::new("no-crash", "no invocation ends by an error", no_crash).needs(&["function-starts"]),
        Check::new("enough-time", "invocations end well before the timeout", enough_time)
            .needs(&["function-active"]),
        Check::new("enough-memory", "invocations use well less than the memory", enough_memory)
            .needs(&["function-active"]),
        Check::new("balanced", "each event that came in is accounted for", balanced)
            .needs(&["function-active"]),
        Check::new("version", "the forwarder is the one that this cwl2le has", version)
            .needs(&["function-active"]),
        Check::new("live-version", "the newest version gets the records", live_version)
            .needs(&["function-active"]),
    ],
};

/// What a function is like that is there.
fn of_function(evidence: &Evidence, judge: impl Fn(&Forwarder<'_>) -> Result<Finding, Finding>) -> Judged {
    evidence.read(Unread::Function, |_| ())?;
    evidence.each_forwarder(|forwarder| match forwarder.function {
        Some(_) => judge(forwarder),
        None => Err(Finding::skipped("function-active")),
    })
}

fn function_active(evidence: &Evidence) -> Judged {
    evidence.read(Unread::Function, |_| ())?;
    evidence.each_forwarder(|forwarder| {
        let name = &forwarder.names.function;
        let Some(function) = forwarder.function else {
            let found = format!("the function {name} does not exist: nothing delivers what is in the stream");
            return Ok(evidence.by_setup(Finding::fault(found)));
        };
        let finding = match (&function.failure, &function.hidden_environment) {
            (Some(failure @ FunctionFailure::Creation(_)), _) => {
                evidence.by_setup(Finding::fault(format!("{name} cannot be invoked: {failure}")))
            }
            (Some(failure @ FunctionFailure::Update(_)), _) => {
                evidence.by_setup(Finding::warn(format!("{name} works as before its last update: {failure}")))
            }
            (None, Some(why)) => {
                let found =
                    format!("Lambda does not show the configuration of {name}, and cannot start it: {why}");
                Finding::fault(found).advise("allow its role and you the use of its KMS key")
            }
            (None, None) if !function.settled => {
                Finding::warn(format!("{name} is being updated")).advise("AWS takes a minute for it")
            }
            (None, None) => {
                let runs = function.in_force();
                let (memory, timeout) = (runs.memory_mb, runs.timeout_seconds);
                Finding::ok(format!("{name}, {}, {memory} MB, {timeout} s", runs.arch))
            }
        };
        Ok(finding.with("memory_mb", function.memory_mb).with("timeout_seconds", function.timeout_seconds))
    })
}

/// Why an invocation or a start failed as a whole, in the words of the forwarder or of Lambda.
fn failure(entry: &Entry) -> Option<String> {
    match entry {
        Entry::Note(note)
            if note.level == Level::Error
                && note.failure().is_none()
                && note.text("quarantine").is_none() =>
        {
            let detail = note.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
            Some(format!("{}{detail}", note.message))
        }
        Entry::Platform(platform) => platform.failure.clone().map(|failure| format!("Lambda: {failure}")),
        _ => None,
    }
}

/// A failure for lack of time or memory, which has a check of its own.
fn is_lack(failure: &str) -> bool {
    ["Task timed out", "Timedout", "status: timeout", "timeout", "signal: killed", "OutOfMemory"]
        .iter()
        .any(|lack| failure.contains(lack))
}

fn function_starts(evidence: &Evidence) -> Judged {
    of_function(evidence, |forwarder| {
        let entries = forwarder.entries(0)?;
        let is_end = |entry: &Entry| matches!(entry, Entry::Invocation(_));
        let last = entries.iter().rposition(|(_, entry)| is_end(entry));
        let after = &entries[last.map_or(0, |last| last + 1)..];
        let mut failures = after.iter().filter_map(|(at, entry)| Some((*at, failure(entry)?)));
        let Some((first, why)) = failures.find(|(_, why)| !is_lack(why)) else {
            return Ok(match last.map(|last| entries[last].0) {
                Some(at) => Finding::ok(format!(
                    "its log has an invocation from {} ago",
                    span((evidence.now - at).max(0))
                )),
                None => Finding::ok(format!("it wrote nothing in {}: nothing was to do", evidence.window())),
            });
        };
        let more = failures.count();
        let found = format!("{} does not start or fails each time: {why}", forwarder.names.function);
        let finding = Finding::fault(found)
            .since(seconds(first))
            .with("failures", more + 1)
            .advise("fix what the message says; `cwl2le setup` then tries whether it starts");
        Ok(evidence.by_setup(finding))
    })
}

fn no_crash(evidence: &Evidence) -> Judged {
    of_function(evidence, |forwarder| {
        let entries = forwarder.entries(evidence.since)?;
        let ended = entries.iter().filter(|(_, entry)| matches!(entry, Entry::Invocation(_))).count();
        let crashes: Vec<(i64, String)> = entries
            .iter()
            .filter_map(|(at, entry)| Some((*at, failure(entry)?)))
            .filter(|(_, why)| !is_lack(why))
            .collect();
        let Some((last, why)) = crashes.last() else {
            return Ok(Finding::ok(format!("{ended} invocations in {}, none crashed", evidence.window()))
                .with("invocations", ended));
        };
        let found = format!("{} errors, the last {} ago: {why}", crashes.len(), span(evidence.now - last));
        Ok(Finding::warn(found).with("errors", crashes.len()).with("invocations", ended).advise(
            "invocations succeed again, and Lambda repeats what failed, so no line is lost; if nothing outside explains the \
             error, report it with these lines of the log",
        ))
    })
}

fn enough_time(evidence: &Evidence) -> Judged {
    of_function(evidence, |forwarder| {
        let Some(function) = forwarder.function else { return Err(Finding::skipped("function-active")) };
        let limit = function.timeout_seconds;
        let entries = forwarder.entries(evidence.since)?;
        let longest = most(&entries, |platform| platform.duration_ms).map(|longest| longest / 1000.0);
        let timed_out = entries
            .iter()
            .filter(|(_, entry)| failure(entry).is_some_and(|why| why.to_lowercase().contains("timed out")))
            .count();
        let more = (limit * 2).min(LONGEST_TIMEOUT);
        let Some(longest) = longest.or_else(|| (timed_out > 0).then_some(f64::from(limit))) else {
            return unmeasured(&entries, evidence, "how long its invocations took");
        };
        let finding = if timed_out > 0 {
            Finding::fault(format!(
                "{timed_out} invocations took longer than the timeout of {limit} s and were ended"
            ))
        } else if longest >= f64::from(limit) * MOST / 100.0 {
            Finding::warn(format!("the longest invocation took {longest:.1} s of at most {limit} s"))
        } else {
            return Ok(
                Finding::ok(format!("at most {longest:.1} s of {limit} s")).with("longest_seconds", longest)
            );
        };
        let finding = finding
            .with("longest_seconds", longest)
            .with("timeout_seconds", limit)
            .detail("most often a log service is slow: the findings of the category delivery name it");
        Ok(if more > limit {
            finding.fix(Command::own(["setup", "--timeout", &more.to_string(), "--yes"]))
        } else {
            finding.advise("the timeout is the longest there is: make batches smaller with `cwl2le setup --batch-size N`")
        })
    })
}

fn enough_memory(evidence: &Evidence) -> Judged {
    of_function(evidence, |forwarder| {
        let Some(function) = forwarder.function else { return Err(Finding::skipped("function-active")) };
        let limit = function.memory_mb;
        let entries = forwarder.entries(evidence.since)?;
        #[expect(clippy::cast_precision_loss, reason = "megabytes")]
        let used = most(&entries, |platform| platform.memory_used_mb.map(|used| used as f64));
        let killed = entries
            .iter()
            .filter(|(_, entry)| {
                failure(entry)
                    .is_some_and(|why| why.contains("signal: killed") || why.contains("OutOfMemory"))
            })
            .count();
        let more = (limit * 2).min(LARGEST_MEMORY);
        let Some(used) = used.or_else(|| (killed > 0).then_some(f64::from(limit))) else {
            return unmeasured(&entries, evidence, "how much memory its invocations used");
        };
        let finding = if killed > 0 {
            Finding::fault(format!("{killed} invocations were killed for lack of memory, with {limit} MB"))
        } else if used >= f64::from(limit) * MOST / 100.0 {
            Finding::warn(format!("an invocation used {used:.0} of {limit} MB"))
        } else {
            return Ok(Finding::ok(format!("at most {used:.0} of {limit} MB")).with("used_mb", used));
        };
        let finding = finding.with("used_mb", used).with("memory_mb", limit);
        Ok(if more > limit {
            finding.fix(Command::own(["setup", "--memory", &more.to_string(), "--yes"]))
        } else {
            finding.advise("make batches smaller with `cwl2le setup --batch-size N`")
        })
    })
}

/// The largest of a number of all reports of invocations; none where no report has it. Zero is no measurement.
fn most(entries: &[(i64, &Entry)], of: impl Fn(&crate::journal::Platform) -> Option<f64>) -> Option<f64> {
    let reports = entries.iter().filter_map(|(_, entry)| match entry {
        Entry::Platform(platform) if platform.kind == PlatformKind::Report => of(platform),
        _ => None,
    });
    reports.filter(|number| *number > 0.0).reduce(f64::max)
}

/// The finding where no report tells a number: nothing ran, or it is not known.
fn unmeasured(entries: &[(i64, &Entry)], evidence: &Evidence, what: &str) -> Result<Finding, Finding> {
    if entries.iter().any(|(_, entry)| matches!(entry, Entry::Invocation(_))) {
        return Err(Finding::unknown(format!("the log does not say {what}")));
    }
    Ok(Finding::ok(format!("no invocation in {}: nothing to measure", evidence.window())))
}

fn balanced(evidence: &Evidence) -> Judged {
    of_function(evidence, |forwarder| {
        let entries = forwarder.entries(evidence.since)?;
        let ended = entries.iter().filter_map(|(at, entry)| match entry {
            Entry::Invocation(invocation) => Some((*at, invocation.unbalanced.unwrap_or_default())),
            _ => None,
        });
        let ended: Vec<(i64, u64)> = ended.collect();
        let off: Vec<&(i64, u64)> = ended.iter().filter(|(_, off)| *off > 0).collect();
        let Some((first, _)) = off.first() else {
            return Ok(Finding::ok(format!("the counts of {} invocations add up", ended.len()))
                .with("unbalanced", 0));
        };
        let events: u64 = off.iter().map(|(_, off)| off).sum();
        Ok(Finding::fault(format!("{events} events of {} invocations are not accounted for", off.len()))
            .since(seconds(*first))
            .with("unbalanced", events)
            .advise("this is a bug of the forwarder: report it with its lines that have `Unbalanced`"))
    })
}

fn version(evidence: &Evidence) -> Judged {
    of_function(evidence, |forwarder| {
        let Some(function) = forwarder.function else { return Err(Finding::skipped("function-active")) };
        let (recorded, own) = (Recorded::read(&function.tags), Release::own());
        let is_own_zip = recorded.release().is_some_and(|release| release.is_zip());
        let of =
            |finding: Finding| finding.with("deployed", recorded.to_string()).with("cli", own.to_string());
        if recorded.differs(&function.code_sha256) {
            let found =
                format!("{} has another code than cwl2le deployed ({recorded})", forwarder.names.function);
            return Ok(of(evidence.by_setup(Finding::warn(found))));
        }
        if is_own_zip {
            return Ok(of(Finding::ok(format!("a forwarder of your own, deployed by cwl2le {recorded}"))));
        }
        Ok(of(match &recorded.version {
            None => evidence
                .by_setup(Finding::warn(format!("its tags do not say which version it is ({recorded})"))),
            Some(version) if *version > own.version => Finding::warn(format!(
                "cwl2le {recorded} deployed the forwarder, and this is the older {}",
                own.version
            ))
            .advise(format!("install cwl2le {version} or a newer one here")),
            Some(version) if *version < own.version => evidence.by_setup(Finding::warn(format!(
                "the forwarder is {recorded}, and this cwl2le has {}",
                own.version
            ))),
            Some(_) if recorded.source.as_ref() != Some(&own.source) => evidence.by_setup(Finding::warn(
                format!("the forwarder is another build of this version: {recorded}"),
            )),
            Some(version) => Finding::ok(format!("{version}, as this cwl2le")),
        }))
    })
}

fn live_version(evidence: &Evidence) -> Judged {
    of_function(evidence, |forwarder| {
        let name = &forwarder.names.function;
        let Some(live) = forwarder.function.and_then(|function| function.live()) else {
            let found = format!("{name} has no alias `{LIVE}`, so it cannot be rolled back");
            return Ok(evidence.by_setup(Finding::warn(found)));
        };
        let finding = if let Some(Before::RolledBackFrom(number)) = live.before {
            let found = format!(
                "version {} of {name} gets the records: version {number} was rolled back",
                live.version
            );
            Finding::warn(found)
                .advise("`cwl2le upgrade` tries it again, once what was wrong with it is fixed")
        } else {
            let fields = evidence.differences(&forwarder.resource(Kind::ALIAS))?;
            let differ: Vec<String> = fields.iter().map(ToString::to_string).collect();
            match differ.is_empty() {
                true => Finding::ok(format!("version {}", live.version)),
                false => {
                    let found = format!(
                        "the alias `{LIVE}` of {name} is not as `setup` makes it: {}",
                        differ.join(", ")
                    );
                    evidence.by_setup(Finding::warn(found))
                }
            }
        };
        Ok(finding.with("published", live.version.clone()))
    })
}
