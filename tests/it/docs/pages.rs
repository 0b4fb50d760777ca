//! The Markdown files of the repository, with their headings and links.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

/// The folders with Markdown for people; in `""` only the files themselves.
const FOLDERS: [&str; 5] = ["", "docs", "local", "packages", "src/settings"];

/// All Markdown files by their path from the root of the repository.
pub(crate) static PAGES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let mut pages = BTreeMap::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(root().join(folder)).expect("a folder") {
            let name = entry.expect("an entry").file_name().into_string().expect("a name");
            if name.ends_with(".md") {
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                pages.insert(path.clone(), read(&path));
            }
        }
    }
    pages
});

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the repository as text.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The lines of a page that are not in a block of code, with their numbers from 1.
pub(crate) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    text.lines().zip(1..).filter_map(move |(line, number)| {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
            return None;
        }
        (!is_code).then_some((number, line))
    })
}

/// The anchors of a page, one for each heading, as GitHub and mdBook make them.
pub(crate) fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|(_, line)| line.starts_with('#'));
    headings.map(|(_, line)| anchor(line.trim_start_matches('#').trim())).collect()
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The targets of a page's links and pictures, without what is in a span of code.
pub(crate) fn links(text: &str) -> Vec<String> {
    let prose: Vec<&str> = prose(text).map(|(_, line)| line).collect();
    let outside_code: String = prose.join("\n").split('`').step_by(2).collect::<Vec<_>>().join("`");
    let targets = outside_code.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.trim().to_owned()).collect()
}

/// What is wrong with a link from the file `from`; `None` if it leads somewhere.
pub(crate) fn fault(from: &str, link: &str) -> Option<String> {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => from.to_owned(),
        path => beside(from, path)?,
    };
    if !root().join(&target).exists() {
        return Some(format!("{from}: {link}: there is no {target}"));
    }
    let lost = !anchor.is_empty() && target.ends_with(".md") && !anchors(&read(&target)).contains(anchor);
    lost.then(|| format!("{from}: {link}: {target} has no such heading"))
}

/// A path that is written in the file `from`, from the root of the repository.
pub(crate) fn beside(from: &str, path: &str) -> Option<String> {
    let folder = Path::new(from).parent()?;
    let mut whole = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::ParentDir => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    whole.to_str().map(|path| path.replace('\\', "/"))
}

#[test]
fn headings_become_the_anchors_of_github() {
    let page = "# `cwl2le status`\n```sh\n# a comment\n```\n## fields, format\n### `[[routes]]`\n";
    let expected = ["cwl2le-status", "fields-format", "routes"].map(str::to_owned);
    assert_eq!(anchors(page), BTreeSet::from(expected));
}

#[test]
fn links_are_found_outside_of_code_and_across_lines() {
    let page = "see [a\nb](x.md#y), `[c](d)` and ![e](f.svg)\n```\n[g](h)\n```\n";
    assert_eq!(links(page), ["x.md#y", "f.svg"]);
}

#[test]
fn a_link_to_nowhere_is_a_fault() {
    assert_eq!(fault("README.md", "docs/status.md#the-verdicts"), None);
    assert_eq!(fault("docs/test.md", "../README.md"), None);
    assert!(fault("README.md", "docs/nope.md").is_some());
    assert!(fault("README.md", "docs/status.md#nope").is_some());
}
