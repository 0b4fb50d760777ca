//! How a plan is printed.

use std::fmt;

use super::stage::Verb;
use super::steps::{Field, Loss, Plan};
use crate::output::visible;

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.old, &self.new) {
            (None, Some(new)) => write!(f, "{}: {}", visible(&self.name), visible(new)),
            (Some(old), None) => write!(f, "{}: {} -> (removed)", visible(&self.name), visible(old)),
            (Some(old), Some(new)) => {
                write!(f, "{}: {} -> {}", visible(&self.name), visible(old), visible(new))
            }
            (None, None) => f.write_str(&visible(&self.name)),
        }
    }
}

impl<A> fmt::Display for Plan<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.head.is_empty() {
            writeln!(f, "{}", self.head)?;
        }
        for step in &self.steps {
            writeln!(f, "  {} {} {}", step.verb.sign(), step.verb, step.resource)?;
            for field in &step.fields {
                writeln!(f, "      {field}")?;
            }
        }
        for kept in &self.kept {
            writeln!(f, "  = keep {}: {}", kept.resource, visible(&kept.reason))?;
        }
        for refusal in &self.refused {
            writeln!(f, "  ! refuse {}: {}", refusal.resource, visible(&refusal.reason))?;
            writeln!(f, "      hint: {}", visible(&refusal.hint))?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  note: {}", visible(note)))?;
        write_losses(f, &self.losses)?;
        let count = |verbs: &[Verb]| self.steps.iter().filter(|s| verbs.contains(&s.verb)).count();
        write!(
            f,
            "{} to create, {} to update, {} to delete, {} unchanged",
            count(&[Verb::Create]),
            count(&[Verb::Update, Verb::Adopt, Verb::Await]),
            count(&[Verb::Delete]),
            self.unchanged.len(),
        )?;
        let replaced = count(&[Verb::Replace]);
        if replaced > 0 {
            write!(f, ", {replaced} to replace")?;
        }
        if !self.refused.is_empty() {
            write!(f, ", {} refused", self.refused.len())?;
        }
        Ok(())
    }
}

/// Maximum number of losses of one kind of resource that a plan shows one by one.
pub(crate) const SHOWN: usize = 10;

/// The losses below a heading. Subscription filters may be thousands, and each stands above already.
fn write_losses(f: &mut fmt::Formatter<'_>, losses: &[Loss]) -> fmt::Result {
    let Some(first) = losses.first() else { return Ok(()) };
    writeln!(f, "these changes lose:")?;
    let (mut kind, mut shown) = (first.resource.kind, 0);
    for loss in losses {
        (kind, shown) = (loss.resource.kind, if loss.resource.kind == kind { shown + 1 } else { 1 });
        if shown <= SHOWN {
            writeln!(f, "  x {}: {}", loss.resource, visible(&loss.what))?;
        } else if shown == SHOWN + 1 {
            let more = losses.iter().filter(|loss| loss.resource.kind == kind).count() - SHOWN;
            writeln!(f, "  x and {more} more of {kind}s")?;
        }
    }
    Ok(())
}
