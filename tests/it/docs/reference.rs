//! The reference pages say what the code does. `CWL2LE_WRITE_DOCS=1` writes what can be written.

use std::fs;

use cwl2le::error::Exit;

use super::pages::{read, root};

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
