//! Whether there is anything to look at.

use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Judged};
use super::super::finding::{Command, Finding};
use crate::resources::Unread;

pub(in super::super) const CATEGORY: Category = Category {
    name: "stack",
    title: "stack",
    needs: &["credentials"],
    checks: &[Check::new("stack-there", "the stack exists", stack_there)],
};

/// A fault only if certainly nothing of the stack exists: what could not be read may be there. A stack of which a part is
/// missing is the business of the checks that follow.
fn stack_there(evidence: &Evidence) -> Judged {
    let Ok(chain) = evidence.chain() else { return Ok(Vec::new()) };
    let observed = &chain.observed;
    let all = [Unread::Stream, Unread::Function, Unread::Roles];
    if all.iter().any(|what| chain.unread.contains_key(what)) {
        return Ok(Vec::new());
    }
    if observed.stream.is_some() || observed.function.is_some() || observed.logs_role.is_some() {
        return Ok(vec![Finding::ok(chain.stack.to_string())]);
    }
    let region = &chain.target.region;
    let found = format!("there is no stack `{}` in {region}: no stream, no role, no function", chain.stack);
    let list = "`cwl2le list` shows the stacks of this account and region";
    let finding = match &evidence.around.instead {
        // A misspelt name is no reason to set up another stack.
        Some(question) if question.ends_with('?') => {
            Finding::fault(found).advise(format!("{question} {list}"))
        }
        Some(others) => {
            Finding::fault(found).advise(format!("{others}; {list}")).fix(Command::own(["setup"]))
        }
        None => Finding::fault(found).advise(list).fix(Command::own(["setup"])),
    };
    Ok(vec![finding])
}
