//! Whether a resource that exists is this stack's own, or becomes it.

use super::{Draft, Field, Refusal, ResourceId, Stack, Verb};
use crate::error::Code;
use crate::stack::names::{REGION_TAG, STACK_TAG, VERSION_TAG};
use crate::stack::{Tags, owns};

/// The tags to write for this stack to manage an existing resource, none where it has them all; or a refusal.
///
/// Missing tags of the user are added, and other tags stay. The version tag alone is never a reason for a change: a
/// newer cwl2le changes nothing of an unchanged stack.
pub(crate) fn own(
    draft: &mut Draft,
    stack: &Stack,
    tags: &Tags,
    adopt: bool,
) -> Result<Option<Tags>, Refusal> {
    if !owns(&stack.name, &stack.target.region, tags) {
        if !adopt || tags.contains_key(STACK_TAG) {
            return Err(not_ours(draft.resource(), stack, tags));
        }
        draft.verb(Verb::Adopt);
    }
    let missing: Vec<_> =
        stack.tags.iter().filter(|(k, v)| *k != VERSION_TAG && tags.get(*k) != Some(v)).collect();
    draft.fields(missing.iter().map(|(key, value)| Field {
        old: tags.get(*key).map(|old| old.as_str().into()),
        ..Field::set("tag", value.as_str()).of(key.as_str())
    }));
    Ok((!missing.is_empty()).then(|| stack.tags.clone()))
}

fn not_ours(resource: &ResourceId, stack: &Stack, tags: &Tags) -> Refusal {
    let (reason, hint) = match tags.get(STACK_TAG) {
        Some(other) => (
            format!(
                "it belongs to stack `{other}` of {}",
                tags.get(REGION_TAG).map_or("another region", String::as_str)
            ),
            "choose another name with --stack".to_owned(),
        ),
        None => (
            format!("it already exists, and stack `{}` does not manage it", stack.name),
            "take it over with --adopt, or create another stack beside it with --stack NAME".to_owned(),
        ),
    };
    Refusal { resource: resource.clone(), code: Code::NotOurs, reason, hint }
}
