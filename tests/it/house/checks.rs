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
const NAMED_IN: [(&str, usize); 8] = [
    // Settings.
    ("batch_window", 1),
    // The same below settings.
    ("window_seconds", 14),
    ("on_failure", 30),
    ("parallelization", 11),
    // Kinds of resources.
    ("account_policy", 52),
    // Verbs.
    ("unsubscribe", 11),
    ("preview", 10),
    // Log services.
    ("loggly", 2),
];

/// `mod.rs` files that may hold more than declarations: the lists of verbs and of log services, by macros that declare
/// them.
const LISTS: [&str; 2] = ["src/commands/mod.rs: a macro", "forwarder/src/destination/mod.rs: a macro"];

/// What the benches share with other programs, which have no library to take it from.
const SHARED: [&str; 4] = [
    "benches/src/main.rs: ../../src/bundle/compile.rs",
    "benches/cli/main.rs: ../src/document.rs",
    "benches/cli/main.rs: ../src/plot.rs",
    "benches/cli/main.rs: ../../tests/it/support/mod.rs",
];

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
    const PURE: [&str; 6] = [
        "src/prices/",
        "src/plan/",
        "src/stack/",
        "src/journal/",
        "src/health/",
        "src/commands/doctor/checks/",
    ];
    let of_kind = file.starts_with("src/resources/");
    PURE.iter().any(|folder| file.starts_with(folder))
        || of_kind && (file.ends_with("/desired.rs") || file.ends_with("/plan.rs"))
}

fn named_in_more(tree: &Tree, name: &str, most: usize) -> Option<String> {
    let files = rules::files_that_name(tree, name);
    (files.len() > most).then(|| format!("{name}: {} files, over {most}: {files:?}", files.len()))
}

/// Fails with all faults, one a line.
fn assert_none(faults: &[String], what: &str) {
    assert_only(faults, &[], what);
}

/// Fails with all faults but these, and where one of these is gone.
fn assert_only(faults: &[String], expected: &[&str], what: &str) {
    let more: Vec<&str> =
        faults.iter().map(String::as_str).filter(|fault| !expected.contains(fault)).collect();
    assert!(more.is_empty(), "{what}:\n{}", more.join("\n"));
    let gone: Vec<&&str> = expected.iter().filter(|fault| !faults.iter().any(|is| is == *fault)).collect();
    assert!(gone.is_empty(), "no longer there, so take it off the list: {gone:?}");
}

#[test]
fn every_path_can_be_followed() {
    assert_none(&FAULTS.lost, "paths lead nowhere, for the reader of paths in tests/it/house");
}

#[test]
fn no_files_or_folders_import_each_other_in_a_circle() {
    assert_none(&FAULTS.circles, "imports in circles");
}

#[test]
fn plans_know_no_aws_no_runtime_and_no_clock() {
    assert_none(&FAULTS.impure, "imports that are not pure");
}

#[test]
fn mod_files_only_declare() {
    assert_only(&FAULTS.code, &LISTS, "items that belong in a file with a name");
}

#[test]
fn no_module_is_loaded_by_path() {
    assert_only(&FAULTS.paths, &SHARED, "modules are loaded by `#[path]`");
}

#[test]
fn a_thing_is_named_in_few_files() {
    assert_none(&FAULTS.names, "names stand in more files than this test says");
}
