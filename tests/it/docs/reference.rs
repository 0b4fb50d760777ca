//! The reference pages say what the code does. `CWL2LE_WRITE_DOCS=1` writes what can be written.

use std::fs;

use cwl2le::error::Exit;

use super::pages::{PAGES, read, root};

/// Compares a page with what it should be, or writes it.
pub(crate) fn is_in_docs(page: &str, text: &str) {
    let path = root().join("docs").join(page);
    if std::env::var_os("CWL2LE_WRITE_DOCS").is_some() {
        fs::write(&path, text).expect("written");
    }
    let there = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(there == text, "docs/{page} is old: run this test with CWL2LE_WRITE_DOCS=1");
}

#[test]
fn every_exit_code_is_documented() {
    let page = read("docs/errors.md");
    let head = "## Exit codes\n\n| code | meaning |\n| ---: | --- |\n";
    let (before, rest) = page.split_once(head).expect("the section");
    let after = rest.split_once("\n\n").expect("an end of the table").1;
    let rows: String =
        Exit::ALL.iter().map(|exit| format!("| {} | {} |\n", exit.code(), exit.meaning())).collect();
    is_in_docs("errors.md", &format!("{before}{head}{rows}\n{after}"));
}

/// Cargo.toml has the version of the workspace; every crate takes it from there, and no page, script or workflow names
/// another one.
#[test]
fn only_the_workspace_states_a_version() {
    for manifest in ["Cargo.toml", "forwarder/Cargo.toml", "local/Cargo.toml", "benches/Cargo.toml"] {
        assert!(
            read(manifest).contains("\nversion.workspace = true\n"),
            "{manifest} has a version of its own"
        );
    }
    let version = regex::Regex::new(r"cwl2le(==|@|[-_:]v?)\d+\.\d+\.\d+").expect("an expression");
    let pages = PAGES.iter().map(|(page, text)| (page.clone(), text.clone()));
    let scripts =
        [".ci/run", ".github/workflows/ci.yml", ".github/workflows/release.yml", "packages/release.py"];
    for (file, text) in pages.chain(scripts.map(|file| (file.to_owned(), read(file)))) {
        let stated = version.find(&text).map(|found| found.as_str().to_owned());
        assert_eq!(stated, None, "{file} states a version; write VERSION, or take that of Cargo.toml");
    }
}

/// One address in Cargo.toml, which `python3 packages repository URL` writes everywhere else.
#[test]
fn every_page_names_the_repository_of_cargo_toml() {
    let manifest = read("Cargo.toml");
    let line = manifest.lines().find_map(|line| line.strip_prefix("repository = \"")).expect("a repository");
    let (owner, name) = line.trim_end_matches('"').rsplit_once('/').expect("an address");
    let owner = owner.rsplit('/').next().expect("an owner");
    let named =
        regex::Regex::new(&format!(r"(?:github\.com|ghcr\.io)/([\w.-]+)/{name}\b")).expect("an expression");
    let mut seen = 0;
    for (page, text) in PAGES.iter() {
        for found in named.captures_iter(text) {
            // `NAME` is what a person has to put in.
            if &found[1] != "NAME" {
                seen += 1;
                assert!(found[1].eq_ignore_ascii_case(owner), "{page} names {}, and not {owner}", &found[0]);
            }
        }
    }
    assert!(seen > 5, "only {seen} addresses are found");
}

#[test]
fn every_metric_of_the_forwarder_is_documented() {
    use cwl2le_forwarder::function::metrics::{METRICS, NAMESPACE};
    let page = read("docs/metrics.md");
    assert!(page.contains(&format!("in the namespace `{NAMESPACE}`, with the dimension `FunctionName`")));
    let section = page.split("## The forwarder's metrics\n").nth(1).expect("the section");
    let table = section.lines().skip_while(|line| !line.starts_with("| ---")).skip(1);
    let documented: Vec<(String, String)> = table
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            (cells[1].trim_matches('`').to_owned(), cells[2].to_owned())
        })
        .collect();
    let real = METRICS.iter().map(|(name, unit)| (name.to_string(), unit.unwrap_or("none").to_owned()));
    assert_eq!(documented, real.collect::<Vec<_>>());
}
