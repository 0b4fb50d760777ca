//! The checks: no circles of imports, pure plans, modules that only declare, and the number of files that name a thing.

use std::path::Path;
use std::sync::LazyLock;

use super::circles;
use super::imports::Imports;
use super::rules;
use super::tree::Tree;

/// The roots of all crates, with the names that other crates use for the libraries.
const CRATES: [(&str, Option<&str>); 8] = [
    ("src/lib.rs", Some("cwl2le")),
    ("src/main.rs", None),
    ("forwarder/src/lib.rs", Some("cwl2le_forwarder")),
    ("forwarder/src/main.rs", None),
    ("local/src/lib.rs", Some("cwl2le_local")),
    ("benches/src/main.rs", None),
    ("benches/cli/main.rs", None),
    ("benches/stages/main.rs", None),
];

/// Number of source files that name a thing. Each more is a place that the next such thing has to touch, so lower a
/// number when you can, and raise it only if there is no way around.
const NAMED_IN: [(&str, usize); 7] = [
    // Settings.
    ("batch_window", 1),
    ("on_failure", 17),
    ("parallelization", 7),
    // Kinds of resources.
    ("account_policy", 36),
    // Verbs.
    ("unsubscribe", 8),
    ("preview", 6),
    // Log services.
    ("loggly", 2),
];

/// What is still to be put right: the imports that tie circles, items in `mod.rs` files and `#[path]` attributes. These
/// may only get fewer.
const TIES_LEFT: usize = 38;
const ITEMS_LEFT: usize = 25;
const PATHS_LEFT: usize = 4;

/// What is wrong with the sources. They are read once for all tests.
struct Faults {
    lost: Vec<String>,
    circles: Vec<String>,
    impure: Vec<String>,
    code: Vec<String>,
    paths: Vec<String>,
    names: Vec<String>,
}

static FAULTS: LazyLock<Faults> = LazyLock::new(|| {
    let mut tree = Tree::new(Path::new(env!("CARGO_MANIFEST_DIR")));
    for (root, library) in CRATES {
        tree.read_crate(root, library);
    }
    let imports = Imports::of(&tree);
    Faults {
        circles: circles::circles(&imports.files),
        impure: rules::impure(&imports, must_be_pure),
        lost: imports.lost.into_iter().collect(),
        code: rules::mod_files_with_code(&tree),
        names: NAMED_IN.iter().filter_map(|(name, most)| named_in_more(&tree, name, *most)).collect(),
        paths: tree.paths,
    }
});

fn must_be_pure(file: &str) -> bool {
    let of_kind = file.starts_with("src/resources/");
    ["src/plan/", "src/stack/"].iter().any(|folder| file.starts_with(folder))
        || of_kind && (file.ends_with("/desired.rs") || file.ends_with("/plan.rs"))
}

fn named_in_more(tree: &Tree, name: &str, most: usize) -> Option<String> {
    let files = rules::files_that_name(tree, name);
    (files.len() > most).then(|| format!("{name}: {} files, over {most}: {files:?}", files.len()))
}

/// Fails with all faults, one a line.
fn assert_none(faults: &[String], what: &str) {
    assert_few(faults, 0, what);
}

fn assert_few(faults: &[String], most: usize, what: &str) {
    let text = faults.join("\n");
    let count = text.lines().filter(|line| !line.ends_with(" import each other:")).count();
    assert!(count <= most, "{count} {what}, over {most}:\n{text}");
}

#[test]
fn every_path_can_be_followed() {
    assert_none(&FAULTS.lost, "paths lead nowhere, for the reader of paths in tests/it/house");
}

#[test]
fn no_files_or_folders_import_each_other_in_a_circle() {
    assert_few(&FAULTS.circles, TIES_LEFT, "imports in circles");
}

#[test]
fn plans_know_no_aws_no_runtime_and_no_clock() {
    assert_none(&FAULTS.impure, "imports that are not pure");
}

#[test]
fn mod_files_only_declare() {
    assert_few(&FAULTS.code, ITEMS_LEFT, "items that belong in a file with a name");
}

#[test]
fn no_module_is_loaded_by_path() {
    assert_few(&FAULTS.paths, PATHS_LEFT, "modules are loaded by `#[path]`");
}

#[test]
fn a_thing_is_named_in_few_files() {
    assert_none(&FAULTS.names, "names stand in more files than this test says");
}
