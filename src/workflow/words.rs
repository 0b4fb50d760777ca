//! What was done, in words.

use crate::resources::{Kind, Verb};

/// What was done to a resource, as in "2 roles created".
pub(crate) const fn past(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "created",
        Verb::Update => "updated",
        Verb::Adopt => "adopted",
        Verb::Await => "ready",
        Verb::Check => "checked",
        Verb::Replace => "replaced",
        Verb::Delete => "deleted",
    }
}

/// Resources of one kind, such as `stream`, `2 roles` or `48 subscription filters`.
pub(crate) fn counted(count: usize, kind: Kind) -> String {
    if count == 1 { kind.to_string() } else { format!("{count} {}", kinds(kind)) }
}

/// The plural of a kind.
pub(crate) fn kinds(kind: Kind) -> String {
    let name = kind.name();
    match name.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if name.ends_with('s') => format!("{name}es"),
        None => format!("{name}s"),
    }
}

/// What was done of each kind of change, such as `54 created, 2 updated`; in the order of the changes, what is zero
/// left out.
pub(crate) fn done(verbs: impl IntoIterator<Item = Verb>) -> String {
    let mut counts: Vec<(&'static str, usize)> = Vec::new();
    for word in verbs.into_iter().map(past) {
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    let parts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_counted_by_what_it_was() {
        let verbs = [Verb::Create, Verb::Create, Verb::Delete, Verb::Update, Verb::Create];
        assert_eq!(done(verbs), "3 created, 1 deleted, 1 updated");
        assert_eq!(done([]), "");
        assert_eq!(counted(1, Kind::STREAM), "stream");
        assert_eq!(counted(2, Kind::ROLE), "2 roles");
        assert_eq!(counted(3, Kind::ACCOUNT_POLICY), "3 account policies");
        assert_eq!(counted(2, Kind::ALIAS), "2 aliases");
    }
}
