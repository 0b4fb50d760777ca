//! What is written about delivery is tested.

use std::collections::BTreeSet;

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// What stands between two texts.
fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    text.split_once(from).unwrap().1.split_once(to).unwrap().0
}

/// The cells of a section's table, without its head.
fn rows<'t>(document: &'t str, section: &str) -> Vec<Vec<&'t str>> {
    let section = document.split_once(&format!("\n## {section}\n")).unwrap().1;
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(2);
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// All Rust files of a folder and those below it, one after the other.
fn sources(folder: &str) -> String {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let texts = entries.map(|entry| match entry.path() {
        path if path.is_dir() => sources(path.to_str().unwrap()),
        path if path.extension().is_some_and(|extension| extension == "rs") => read(path.to_str().unwrap()),
        _ => String::new(),
    });
    texts.collect()
}

#[test]
fn every_fault_in_the_table_has_its_test() {
    let tests = ["tests", "src", "../tests"].map(sources).concat();
    let document = read("../docs/faults.md");
    // Each table has a head of its own.
    let is_fault = |row: &Vec<&str>| row.last().is_some_and(|name| name.starts_with('`'));
    let rows: Vec<_> = rows(&document, "Faults").into_iter().filter(is_fault).collect();
    assert!(rows.len() > 80);
    for row in rows {
        let name = row.last().unwrap().trim_matches('`');
        if let Some(step) = name.strip_prefix(".ci/run ") {
            assert!(read("../.ci/run").contains(&format!("run_{step}()")), "there is no step {step}");
            continue;
        }
        assert!(tests.contains(&format!("fn {name}()")), "there is no test {name}");
    }
}

#[test]
fn every_fault_of_the_log_service_is_tried() {
    let faults = read("../local/src/log_service/fault.rs");
    let variants = between(&faults, "pub enum Fault {\n", "\n}\n").lines().filter_map(|line| {
        let line = line.strip_prefix("    ").filter(|line| line.starts_with(char::is_uppercase))?;
        line.split(|end: char| !end.is_alphanumeric()).next()
    });
    let tests = ["delivery", "receipts", "connections", "common/faulty"];
    let tests = tests.map(|file| read(&format!("tests/it/{file}.rs"))).concat();
    let untried: Vec<_> = variants.filter(|name| !tests.contains(&format!("Fault::{name}"))).collect();
    assert_eq!(untried, [""; 0]);
}

#[test]
fn every_kind_of_poison_is_documented_and_tried() {
    let source = read("src/record/payload/poison.rs");
    let names: BTreeSet<&str> =
        between(&source, "pub fn name(&self)", "\n    }\n").split('"').skip(1).step_by(2).collect();
    assert!(names.len() > 10);
    let document = read("../docs/delivery.md");
    let rows = rows(&document, "Poison");
    let documented: BTreeSet<&str> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    assert_eq!(documented, names);
    let tests = read("tests/it/poison.rs");
    // Nothing is known that makes it panic.
    for name in names.iter().filter(|name| **name != "internal_error") {
        assert!(tests.contains(&format!("\"{name}\"")), "{name} is not tried");
    }
}
