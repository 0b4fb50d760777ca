//! The text of the file, and where each part of it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::overlay;

/// A file, with the chosen environment over the rest. Its parts are named by paths such as `routes[0].shape`.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// Whether it is TOML.
    pub(super) is_toml: bool,
    /// Whether its lines are those of a file that somebody can look at.
    pub(super) has_lines: bool,
    /// The keys whose values are no secrets.
    pub(super) plain_keys: &'static [&'static str],
    /// The names of the environments that it has.
    pub(super) environments: Vec<String>,
    /// The chosen one of these.
    pub(super) environment: Option<String>,
    spans: BTreeMap<String, Range<usize>>,
    /// The start of each span that stands in the section of an environment.
    overlaid: BTreeSet<usize>,
}

impl Document {
    /// The file with this text; with no parts as far as that is not TOML.
    pub(super) fn new(
        path: &Path,
        text: String,
        plain_keys: &'static [&'static str],
        environment: Option<&str>,
    ) -> Self {
        let (mut spans, mut overlaid) = (BTreeMap::new(), BTreeSet::new());
        let (mut tree, errors) = DeTable::parse_recoverable(&text);
        let environments = overlay::names(tree.get_ref());
        if let Some(all) = tree.get_ref().get(overlay::KEY) {
            add(overlay::KEY.to_owned(), all, &mut spans);
            overlaid.extend(spans.values().map(|span| span.start));
        }
        let mut add_all = |tree: &DeTable<'_>| {
            tree.iter().for_each(|(key, value)| add(key.get_ref().to_string(), value, &mut spans));
        };
        add_all(tree.get_ref());
        overlay::lay_over(tree.get_mut(), environment);
        add_all(tree.get_ref());
        Self {
            path: path.to_owned(),
            is_toml: errors.is_empty(),
            has_lines: true,
            plain_keys,
            environments,
            environment: environment.map(ToOwned::to_owned),
            spans,
            overlaid,
            text,
        }
    }

    /// The whole file, with the chosen environment over the rest; none where the text is not TOML.
    pub(super) fn table(&self) -> Option<toml::Table> {
        let mut tree = DeTable::parse(&self.text).ok()?;
        overlay::lay_over(tree.get_mut(), self.environment.as_deref());
        toml::Table::deserialize(Deserializer::from(tree)).ok()
    }

    /// What the chosen environment says by itself.
    pub(super) fn overlay(&self) -> Option<toml::Table> {
        let all: toml::Table = self.text.parse().ok()?;
        all.get(overlay::KEY)?.get(self.environment.as_deref()?)?.as_table().cloned()
    }

    /// Whether a part stands in the section of an environment.
    pub(super) fn is_overlaid(&self, span: &Range<usize>) -> bool {
        // Keys have no span of their own: what stands before them is in the same section.
        let before = self.spans.values().map(|known| known.start).filter(|start| *start <= span.start);
        before.max().is_some_and(|start| self.overlaid.contains(&start))
    }

    /// Where a part stands; where it is not there, the nearest part around it.
    pub(super) fn span(&self, mut path: &str) -> Range<usize> {
        loop {
            if let Some(span) = self.spans.get(path) {
                return span.clone();
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return 0..0,
            }
        }
    }

    /// Where a key of a log service stands.
    pub(super) fn span_of(&self, service: &str, key: &str) -> Range<usize> {
        let key = key.split(['.', '[']).next().unwrap_or_default();
        self.span(&format!("destinations.{service}.{key}"))
    }

    /// The part with everything in it: what stands in the base, and what stands in an environment. A section stands
    /// where its header does, and its keys are behind it.
    pub(super) fn extent(&self, path: &str) -> Vec<Range<usize>> {
        let is_in = |of: &str| {
            of.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let all = || self.spans.iter().filter(|(of, _)| is_in(of)).map(|(_, span)| span);
        let around = |overlaid| {
            let these = all().filter(|span| self.overlaid.contains(&span.start) == overlaid).cloned();
            these.reduce(|one, other| one.start.min(other.start)..one.end.max(other.end))
        };
        [around(false), around(true)].into_iter().flatten().collect()
    }

    /// The same for the part that stands there.
    pub(super) fn extent_at(&self, span: &Range<usize>) -> Vec<Range<usize>> {
        let found = self.spans.iter().find(|(_, known)| *known == span);
        found.map_or_else(|| vec![span.clone()], |(path, _)| self.extent(path))
    }

    /// The path of the element of a list that stands there; that of the list where there is none.
    pub(super) fn path_of(&self, list: &str, span: &Range<usize>) -> String {
        let is_element = |path: &str| path.strip_prefix(list).is_some_and(|rest| rest.starts_with('['));
        let found = self.spans.iter().find(|(path, known)| *known == span && is_element(path));
        found.map_or(list, |(path, _)| path).to_owned()
    }

    /// The names of all log services, also of those that cannot be read.
    pub(super) fn services(&self) -> BTreeSet<String> {
        let all = self.table().unwrap_or_default();
        all.get("destinations")
            .and_then(toml::Value::as_table)
            .into_iter()
            .flat_map(|table| table.keys().cloned())
            .collect()
    }

    /// The folder of the file, which paths in it are relative to.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// `FILE:LINE:COLUMN`, both counted from 1, the column in characters.
    pub(super) fn place(&self, span: &Range<usize>) -> String {
        if !self.has_lines {
            return self.path.display().to_string();
        }
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}", self.path.display())
    }
}

fn add(path: String, value: &Spanned<DeValue<'_>>, spans: &mut BTreeMap<String, Range<usize>>) {
    match value.get_ref() {
        DeValue::Table(table) => {
            table.iter().for_each(|(key, value)| add(below(&path, key.get_ref()), value, spans));
        }
        DeValue::Array(values) => {
            values.iter().enumerate().for_each(|(at, value)| add(format!("{path}[{at}]"), value, spans));
        }
        _ => {}
    }
    spans.insert(path, value.span());
}

/// The path of a key of a table, whose own path is empty for the whole file.
pub(super) fn below(table: &str, key: &str) -> String {
    if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") }
}
