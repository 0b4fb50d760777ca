//! How a plan is printed.

use std::fmt;

use super::brief;
use super::cost::Cost;
use super::extent::Extent;
use super::stage::Verb;
use super::steps::{Plan, Step};
use crate::output::style::{BAD, BOLD, DIM, GOOD, WARN};
use crate::output::{hanging, indented, quantity, unstyled, visible, width};

/// A plan to be displayed.
pub struct Shown<'a, A> {
    plan: &'a Plan<A>,
    extent: Extent,
}

impl<A> Plan<A> {
    /// The plan as text, without a newline at its end.
    pub const fn shown(&self, extent: Extent) -> Shown<'_, A> {
        Shown { plan: self, extent }
    }

    /// What all steps come to, such as `Plan: 54 to create`; what is zero is left out.
    fn total(&self, extent: Extent) -> String {
        let count = |verb: Verb| self.steps.iter().filter(|step| step.verb == verb).count();
        let number = |count: usize| quantity::count(count as f64);
        let mut parts: Vec<String> = Verb::ALL
            .into_iter()
            .filter(|&verb| count(verb) > 0)
            .map(|verb| {
                let style = verb.style();
                format!("{style}{} to {verb}{style:#}", number(count(verb)))
            })
            .collect();
        let replacing = self.steps.iter().filter(|step| step.replaces()).count();
        if let Some(create) = parts.first_mut().filter(|_| replacing > 0 && count(Verb::Create) > 0) {
            let verb = if replacing == 1 { "replaces" } else { "replace" };
            create.push_str(&format!(" {BAD}({} {verb} another){BAD:#}", number(replacing)));
        }
        if !self.refused.is_empty() {
            parts.push(format!("{BAD}{} refused{BAD:#}", number(self.refused.len())));
        }
        if !self.unchanged.is_empty() {
            parts.push(format!("{DIM}{} unchanged{DIM:#}", number(self.unchanged.len())));
        }
        if parts.is_empty() {
            parts.push("nothing to change".to_owned());
        }
        let mut asides = Vec::new();
        if extent == Extent::Brief && !self.steps.is_empty() {
            asides.push("every detail: --detail".to_owned());
        }
        let asides = match asides.join(" · ") {
            none if none.is_empty() => none,
            asides => format!("    {DIM}{asides}{DIM:#}"),
        };
        let total = format!("{}{asides}", parts.join(", "));
        let total = hanging(&format!("{BOLD}Plan:{BOLD:#} "), &total, width());
        match self.cost.as_ref().and_then(Cost::line) {
            Some(line) => format!("{total}\n{line}"),
            None => total,
        }
    }
}

impl Verb {
    /// Every verb, in the order in which a total counts them.
    const ALL: [Self; 7] =
        [Self::Create, Self::Update, Self::Adopt, Self::Await, Self::Check, Self::Replace, Self::Delete];

    /// The colour of its sign.
    pub(super) const fn style(self) -> anstyle::Style {
        match self {
            Self::Create => GOOD,
            Self::Update | Self::Adopt | Self::Await | Self::Check => WARN,
            Self::Replace | Self::Delete => BAD,
        }
    }
}

/// Everything, without styles.
impl<A> fmt::Display for Plan<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&unstyled(&self.shown(Extent::Everything).to_string()))
    }
}

impl<A> fmt::Display for Shown<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, extent } = self;
        let total = plan.total(*extent);
        let mut parts = match extent {
            Extent::Brief => vec![plan.head.brief(), brief::changes(plan)],
            Extent::Everything => vec![plan.head.everything(), everything(plan)],
            Extent::Total => Vec::new(),
        };
        if *extent != Extent::Total {
            parts.extend([
                brief::refusals(&plan.refused, *extent),
                notes(&plan.notes),
                brief::losses(&plan.losses, *extent),
            ]);
        }
        parts.push(total);
        parts.retain(|part| !part.is_empty());
        f.write_str(&parts.join("\n\n"))
    }
}

/// Each step with its fields, and what is kept.
fn everything<A>(plan: &Plan<A>) -> String {
    let mut lines: Vec<String> = plan.steps.iter().map(step).collect();
    lines.extend(plan.kept.iter().map(|kept| {
        let text = format!("{}: {}", kept.resource, visible(&kept.reason));
        hanging(&format!("  {DIM}={DIM:#} keep "), &text, width())
    }));
    lines.join("\n")
}

fn step<A>(step: &Step<A>) -> String {
    let style = step.verb.style();
    let first = format!("  {style}{} {}{style:#} {}", step.verb.sign(), step.verb, step.resource);
    let fields = step.fields.iter().map(|field| indented("      ", &field.to_string(), 10, width()));
    std::iter::once(first).chain(fields).collect::<Vec<_>>().join("\n")
}

fn notes(notes: &[String]) -> String {
    let notes = notes.iter().map(|note| hanging(&format!("  {WARN}note:{WARN:#} "), &visible(note), width()));
    notes.collect::<Vec<_>>().join("\n")
}
