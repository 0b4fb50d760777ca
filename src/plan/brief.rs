//! A plan that fits a window: what is alike stands in one row, with a count and three examples.

use super::extent::Extent;
use super::field::Field;
use super::resource::ResourceId;
use super::stage::{Stage, Verb};
use super::steps::{Loss, Plan, Refusal, Step};
use crate::output::style::{BAD, DIM, HINT};
use crate::output::{Table, columns, hanging, quantity, visible, width};

/// Number of names in a row for many.
const EXAMPLES: usize = 3;
/// Maximum number of rows of one kind of change whose details differ; more become one row.
const ROWS: usize = 10;
/// Maximum number of changed fields in a row.
const FIELDS: usize = 3;
/// Columns of a changed field that a row shows with its values.
const FIELD: usize = 48;
/// How a field begins that names a log group which an account policy does not cover.
const LEAVES_OUT: &str = "leaves out";
/// How the usual name of a subscription filter ends, behind the prefix of a stack.
const USUAL_FILTER: &str = "cloudwatchLogsFilter";

/// Resources of one kind to which the same happens.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row<K> {
    /// What happens, and why, or how they differ from others.
    same: K,
    kind: &'static str,
    names: Vec<String>,
}

/// Puts the same into one row, in the order of the first of each. Up to three stay rows of their own.
fn rows<'a, K: PartialEq + Clone>(all: impl Iterator<Item = (&'a ResourceId, K)>) -> Vec<Row<K>> {
    let mut rows: Vec<Row<K>> = Vec::new();
    for (resource, same) in all {
        let (kind, name) = (resource.kind.name(), subject(resource));
        // The last row is mostly the right one.
        match rows.iter_mut().rev().find(|row| row.kind == kind && row.same == same) {
            Some(row) => row.names.push(name),
            None => rows.push(Row { same, kind, names: vec![name] }),
        }
    }
    let alone = |row: Row<K>| {
        let (same, kind) = (row.same, row.kind);
        let single = move |name| Row { same: same.clone(), kind, names: vec![name] };
        row.names.into_iter().map(single).collect::<Vec<_>>()
    };
    rows.into_iter().flat_map(|row| if row.names.len() > EXAMPLES { vec![row] } else { alone(row) }).collect()
}

impl<K> Row<K> {
    /// `stream`, or `48 filters`.
    fn kind(&self) -> String {
        let kind = self.kind.strip_prefix("subscription ").unwrap_or(self.kind);
        match (self.names.len(), kind.strip_suffix('y')) {
            (1, _) => kind.to_owned(),
            (count, Some(stem)) => format!("{} {stem}ies", quantity::count(count as f64)),
            (count, None) => format!("{} {kind}s", quantity::count(count as f64)),
        }
    }

    /// The name, or three of them and how many more there are.
    fn names(&self) -> String {
        let shown = self.names.iter().take(EXAMPLES).map(visible).collect::<Vec<_>>().join(", ");
        match self.names.len().saturating_sub(EXAMPLES) {
            0 => shown,
            more => format!("{shown} {DIM}… {} more{DIM:#}", quantity::count(more as f64)),
        }
    }
}

/// What a resource is called in a row: of a subscription filter with the usual name only its log group.
fn subject(resource: &ResourceId) -> String {
    let name = visible(resource.place());
    match name.split_once(" -> ") {
        Some((log_group, filter)) if filter == USUAL_FILTER && resource.kind.is_subscription() => {
            log_group.to_owned()
        }
        _ => name.replace(" -> ", " → "),
    }
}

/// When, what, the details that a row shows, and those in full.
type Change = (Stage, Verb, String, String);

/// What tells a change from others whose rows would look alike, since a row shortens long values.
fn in_full<A>(step: &Step<A>) -> String {
    match step.verb {
        Verb::Create | Verb::Delete => String::new(),
        _ => step.fields.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

/// The changes, and what is kept, in columns.
pub(super) fn changes<A>(plan: &Plan<A>) -> String {
    let steps = |loose: bool| {
        let same = move |step: &Step<A>| match loose {
            true => (step.stage, step.verb, "details differ".to_owned(), String::new()),
            false => (step.stage, step.verb, details(step), in_full(step)),
        };
        rows(plan.steps.iter().map(move |step| (&step.resource, same(step))))
    };
    let (fine, coarse) = (steps(false), steps(true));
    let is_like = |one: &Row<Change>, other: &Row<Change>| {
        one.kind == other.kind && (one.same.0, one.same.1) == (other.same.0, other.same.1)
    };
    let mut shown: Vec<&Row<_>> = Vec::new();
    for row in &fine {
        let many = fine.iter().filter(|other| is_like(row, other)).nth(ROWS).is_some();
        match coarse.iter().find(|coarse| many && is_like(row, coarse)) {
            Some(coarse) if shown.contains(&coarse) => {}
            Some(coarse) => shown.push(coarse),
            None => shown.push(row),
        }
    }
    let mut table = Table::plain().indent(2).names([2]);
    for row in shown {
        let (_, verb, details, _) = &row.same;
        let (style, is_bad) = (verb.style(), matches!(verb, Verb::Delete | Verb::Replace));
        let sign = format!("{style}{}{style:#}", verb.sign());
        let red = |text: String| if is_bad { format!("{BAD}{text}{BAD:#}") } else { text };
        let names = if row.names.len() > 1 { row.names() } else { red(row.names()) };
        let details = match (row.names.len(), details.is_empty()) {
            (1, true) => None,
            (1, false) => Some(format!("{DIM}{details}{DIM:#}")),
            (_, true) => None,
            (_, false) => {
                table.row([sign, red(row.kind()), format!("{names}{DIM}: {details}{DIM:#}")]);
                continue;
            }
        };
        table.row([sign, red(row.kind()), names].into_iter().chain(details));
    }
    for row in rows(plan.kept.iter().map(|kept| (&kept.resource, visible(&kept.reason)))) {
        let dim = |text: String| format!("{DIM}{text}{DIM:#}");
        table.row([dim("=".to_owned()), dim(row.kind()), row.names(), dim(format!("kept: {}", row.same))]);
    }
    table.to_string()
}

/// What a row says of a step: of a new resource what it is like, of any other what changes.
fn details<A>(step: &Step<A>) -> String {
    let verb = match step.verb {
        Verb::Create | Verb::Update | Verb::Delete => None,
        verb => Some(verb.to_string()),
    };
    let is_new = matches!(step.verb, Verb::Create | Verb::Delete);
    // An account policy may leave out hundreds, a field each.
    let (left_out, fields): (Vec<&Field>, Vec<&Field>) =
        step.fields.iter().partition(|field| field.to_string().starts_with(LEAVES_OUT));
    let fields: Vec<String> = fields
        .into_iter()
        .filter_map(|field| if is_new { of_new(field) } else { Some(of_changed(field)) })
        .collect();
    let gone = left_out.iter().filter(|field| field.new.is_none()).count();
    let count = |count: usize, what: &str| {
        let s = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{what} {} log group{s}", quantity::count(count as f64)))
    };
    let left_out =
        count(left_out.len() - gone, LEAVES_OUT).into_iter().chain(count(gone, "no longer leaves out"));
    let more = fields.len().saturating_sub(FIELDS);
    let more = (more > 0 && !is_new).then(|| format!("… {more} more"));
    let most = if is_new { fields.len() } else { FIELDS };
    verb.into_iter()
        .chain(fields.into_iter().take(most))
        .chain(more)
        .chain(left_out)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The fields of a new resource that tell it from others; the rest is in the detail.
fn of_new(field: &Field) -> Option<String> {
    let text = field.to_string();
    let (name, value) = text.split_once(": ")?;
    match (name, value) {
        ("mode", "provisioned") => None,
        ("mode", _) => Some(value.trim_start_matches("provisioned, ").to_owned()),
        ("architecture" | "memory" | "timeout", _) => Some(value.to_owned()),
        ("shards", "1") => Some("1 shard".to_owned()),
        ("shards", _) => Some(format!("{value} shards")),
        ("retention", _) => Some(format!("kept {value}")),
        ("kms key", _) => Some("encrypted with a KMS key".to_owned()),
        ("pattern", "every event") => None,
        ("pattern" | "replaces" | "replaced by" | "covered by", _) => Some(format!("{name} {value}")),
        _ => None,
    }
}

/// A field that changes, by its name alone where its values are long.
fn of_changed(field: &Field) -> String {
    let text = field.to_string();
    let Some((name, value)) = text.split_once(": ") else { return text };
    let value = value.replace(" -> ", " → ");
    if columns(&value) <= FIELD { format!("{name} {value}") } else { name.to_owned() }
}

/// What cannot be done, each with its hint; in brief, a hint that several share stands once.
pub(super) fn refusals(all: &[Refusal], extent: Extent) -> String {
    let line = |what: String| hanging(&format!("  {BAD}! refuse{BAD:#} "), &what, width());
    if extent == Extent::Everything {
        let lines = all.iter().map(|one| {
            let what = line(format!("{}: {}", one.resource, visible(&one.reason)));
            format!("{what}\n{}", hint(&one.hint))
        });
        return lines.collect::<Vec<_>>().join("\n");
    }
    let (mut lines, mut seen) = (Vec::new(), Vec::new());
    let refused = rows(all.iter().map(|one| (&one.resource, (visible(&one.reason), one.hint.as_str()))));
    for (at, row) in refused.iter().enumerate() {
        let (reason, advice) = &row.same;
        lines.push(line(format!("{} {}: {reason}", row.kind(), row.names())));
        let is_last = refused.get(at + 1).is_none_or(|next| next.same.1 != *advice);
        if is_last && !seen.contains(advice) {
            lines.push(hint(advice));
            seen.push(*advice);
        }
    }
    lines.join("\n")
}

/// What the changes delete for good, below a heading.
pub(super) fn losses(all: &[Loss], extent: Extent) -> String {
    if all.is_empty() {
        return String::new();
    }
    let line = |what: String| hanging(&format!("  {BAD}x{BAD:#} "), &what, width());
    let lines: Vec<String> = if extent == Extent::Everything {
        all.iter().map(|one| line(format!("{}: {}", one.resource, visible(&one.what)))).collect()
    } else {
        let lost = rows(all.iter().map(|one| (&one.resource, what_is_lost(one))));
        lost.iter().map(|row| line(format!("{} {}: {}", row.kind(), row.names(), row.same))).collect()
    };
    format!("{BAD}These changes lose:{BAD:#}\n{}", lines.join("\n"))
}

/// What is lost, without the name of a log group that stands before it: no two would be alike.
fn what_is_lost(loss: &Loss) -> String {
    let what = visible(&loss.what);
    match visible(loss.resource.place()).split_once(" -> ") {
        Some((log_group, _)) if loss.resource.kind.is_many() => {
            what.replace(&format!(" of {log_group} "), " ")
        }
        _ => what,
    }
}

/// A hint below what it is for.
fn hint(text: &str) -> String {
    hanging(&format!("      {HINT}hint:{HINT:#} "), &visible(text), width())
}
