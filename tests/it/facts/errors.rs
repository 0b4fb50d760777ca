//! The documentation says what the code does.

use cwl2le::error::Code;

const ERRORS: &str = include_str!("../../../docs/errors.md");

fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let section = ERRORS.split(&format!("## {heading}\n")).nth(1).expect("the section exists");
    section
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            line.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('|').trim()).collect()
        })
        .collect()
}

#[test]
fn every_error_is_documented_with_its_exit_code() {
    let documented: Vec<(String, String)> =
        rows("Errors").iter().map(|row| (row[0].trim_matches('`').to_owned(), row[1].to_owned())).collect();
    let real: Vec<(String, String)> =
        Code::ALL.iter().map(|code| (code.name().to_owned(), code.exit().code().to_string())).collect();
    assert_eq!(documented, real);
}
