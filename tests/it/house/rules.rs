//! What a file may hold and import, by what it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use syn::Item;

use super::imports::Imports;
use super::tree::{File, Tree};

/// What a plan may not know, by the beginnings of paths: AWS, anything that runs, and what another run would see
/// otherwise.
const IMPURE: [&str; 10] = [
    "aws_",
    "tokio",
    "std::env",
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "std::process::Command",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// The ways from files that must be pure to an import that is not: over which files of the same crate, and what it is.
pub(crate) fn impure(imports: &Imports, must_be: impl Fn(&str) -> bool) -> Vec<String> {
    let mut ways: BTreeMap<&File, String> = BTreeMap::new();
    let mut open: Vec<(&File, String)> =
        imports.files.keys().rev().filter(|file| must_be(file)).map(|file| (file, file.clone())).collect();
    while !open.is_empty() {
        let mut next = Vec::new();
        for (file, way) in open {
            if ways.contains_key(file) {
                continue;
            }
            let further = imports.files.get(file).into_iter().flat_map(BTreeMap::keys);
            let further = further.filter(|other| crate_of(other) == crate_of(file));
            next.extend(further.map(|other| (other, format!("{way} -> {other}"))));
            ways.insert(file, way);
        }
        open = next;
    }
    let mut faults: Vec<String> = ways
        .iter()
        .flat_map(|(file, way)| {
            let foreign = imports.foreign.get(*file).into_iter().flatten();
            foreign.filter(|path| is_impure(path)).map(move |path| format!("{way}: {path}"))
        })
        .collect();
    faults.sort();
    faults
}

/// The folder that a file's crate is in.
fn crate_of(file: &str) -> &str {
    file.split("src/").next().unwrap_or_default()
}

/// `std::time` is a clock where all of it is imported.
fn is_impure(path: &str) -> bool {
    path == "std::time" || IMPURE.iter().any(|start| path.starts_with(start))
}

/// What `mod.rs` files hold beside declarations of modules and `pub use`.
pub(crate) fn mod_files_with_code(tree: &Tree) -> Vec<String> {
    let mut faults = BTreeSet::new();
    for module in tree.modules.iter().filter(|module| module.file.ends_with("/mod.rs")) {
        let file = &module.file;
        if module.parent.is_some_and(|parent| tree.modules[parent].file == *file) {
            faults.insert(format!("{file}: a module within the file"));
            continue;
        }
        for item in &module.items {
            if let Some(what) = code(item) {
                faults.insert(format!("{file}: {what}"));
            }
        }
    }
    faults.into_iter().collect()
}

fn code(item: &Item) -> Option<String> {
    match item {
        Item::Use(_) => None,
        Item::Const(item) => Some(format!("const {}", item.ident)),
        Item::Enum(item) => Some(format!("enum {}", item.ident)),
        Item::Fn(item) => Some(format!("fn {}", item.sig.ident)),
        Item::Struct(item) => Some(format!("struct {}", item.ident)),
        Item::Trait(item) => Some(format!("trait {}", item.ident)),
        Item::Impl(_) => Some("impl".to_owned()),
        Item::Macro(_) => Some("a macro".to_owned()),
        _ => Some("something else".to_owned()),
    }
}

/// The files whose code, apart from tests and comments, spells a name that is given as `snake_case`: as it is, or as a
/// flag, a variable or a type.
pub(crate) fn files_that_name<'a>(tree: &'a Tree, name: &str) -> BTreeSet<&'a File> {
    let pascal: String = name.split('_').map(capitalised).collect();
    let spellings = [name.to_owned(), name.replace('_', "-"), name.to_uppercase(), pascal];
    let files: BTreeSet<&File> = tree.modules.iter().map(|module| &module.file).collect();
    files
        .into_iter()
        .filter(|file| {
            let text = fs::read_to_string(tree.base.join(file)).unwrap_or_default();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let mut lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            lines.any(|line| spellings.iter().any(|spelling| holds_word(line, spelling)))
        })
        .collect()
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

/// Whether a line has a word that is not part of a longer lower-case one: `preview` is in `PreviewReport` and in
/// `preview::run`, and not in `previewed`.
fn holds_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(|next| next.is_lowercase())
    })
}
