//! What the help and the manual pages say of a verb, besides its flags and their texts.

/// The manual of a verb. See [`super::verb::Verb::MANUAL`].
pub(crate) struct Manual {
    /// Two to four commands, most common first: what each is for, and the command. A test parses them.
    pub(crate) examples: &'static [(&'static str, &'static str)],
    /// The page of the documentation about the verb, such as `plans.md`.
    pub(crate) page: Option<&'static str>,
}

/// Verbs that stand together in the list of all verbs.
pub(crate) struct Group {
    /// The heading.
    pub(crate) title: &'static str,
    /// The verbs, by the names of their types, which differ from those of the verbs by a capital letter.
    pub(crate) verbs: &'static [(&'static str, Manual)],
}
