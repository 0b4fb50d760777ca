//! Every link leads somewhere: in the documentation, in what the program prints, and in the book.

use super::pages::{PAGES, beside, fault, links, prose, read, root};
use super::texts;

/// Maximum width of a line of prose; tables and addresses may be wider.
const WIDTH: usize = 120;
/// Maximum number of lines of the README.
const README: usize = 130;

fn assert_none(faults: &[String], what: &str) {
    assert!(faults.is_empty(), "{what}:\n{}", faults.join("\n"));
}

fn is_elsewhere(link: &str) -> bool {
    link.contains("://") || link.starts_with("mailto:")
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut faults = Vec::new();
    let mut seen = 0;
    for (page, text) in PAGES.iter().filter(|(page, _)| !page.starts_with("src/")) {
        for link in links(text).iter().filter(|link| !is_elsewhere(link)) {
            seen += 1;
            faults.extend(fault(page, link));
            // The book is made of `docs` alone.
            let target = beside(page, link.split('#').next().unwrap_or_default()).unwrap_or_default();
            if page.starts_with("docs/") && !target.starts_with("docs/") && !link.starts_with('#') {
                faults.push(format!("{page}: {link}: leads out of the book"));
            }
        }
    }
    assert_none(&faults, "links that lead nowhere");
    assert!(seen > 100, "only {seen} links are found");
}

/// The program names a page by `page("NAME.md#SECTION")` or, in texts that it fills, as `docs/NAME.md`.
#[test]
fn every_page_that_the_sources_name_exists() {
    let mut faults = Vec::new();
    let mut seen = 0;
    for (file, _) in texts::SOURCES.iter() {
        let source = read(file);
        let by_call = source.split("page(\"").skip(1).filter_map(|rest| rest.split('"').next());
        let ends = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '#' | '_' | '/'));
        let by_text = source.split("docs/").skip(1).filter_map(|rest| rest.split(ends).next());
        for name in by_call.chain(by_text).map(|name| name.trim_end_matches('.')) {
            // A section that the code puts in, and text that is no page.
            let name = name.split('{').next().unwrap_or_default().trim_end_matches('#');
            if name.contains(".md") {
                seen += 1;
                faults.extend(fault("src", &format!("docs/{name}")).map(|fault| format!("{file}: {fault}")));
            }
        }
    }
    assert_none(&faults, "pages that do not exist");
    assert!(seen > 10, "only {seen} names are found");
}

/// mdBook leaves out what its summary does not list.
#[test]
fn the_book_has_every_page_once() {
    let mut listed = links(&PAGES["docs/SUMMARY.md"]);
    listed.sort();
    let pages =
        PAGES.keys().filter_map(|page| page.strip_prefix("docs/")).filter(|page| *page != "SUMMARY.md");
    assert_eq!(listed, pages.collect::<Vec<_>>());
    assert!(read("book.toml").contains("src = \"docs\"") && root().join("docs").exists());
}

#[test]
fn the_readme_is_short() {
    let lines = PAGES["README.md"].lines().count();
    assert!(lines <= README, "{lines} lines, over {README}: move something to docs/");
}

#[test]
fn the_readme_counts_the_faults_that_have_a_test() {
    let rows = PAGES["docs/faults.md"].lines().filter(|line| line.ends_with("` |")).count();
    assert!(PAGES["README.md"].contains(&format!("**{rows} faults, each with a test")), "{rows} faults");
}

#[test]
fn lines_of_prose_are_not_wide() {
    let mut faults = Vec::new();
    // What tests write is as wide as it comes.
    for (page, text) in PAGES.iter().filter(|(page, _)| *page != "docs/flags.md") {
        let wide = prose(text).filter(|(_, line)| {
            let is_free =
                line.starts_with('|') || line.trim_start().starts_with("- [") || line.contains("://");
            !is_free && line.chars().count() > WIDTH
        });
        faults.extend(wide.map(|(number, line)| format!("{page}:{number}: {}", line.chars().count())));
    }
    assert_none(&faults, "lines of prose over 120 columns");
}
