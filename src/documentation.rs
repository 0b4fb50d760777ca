//! Where the pages of the documentation are, for hints that name one.

/// The folder of the pages. A release is built with its URL, since its user has only the binary. Whoever builds from a
/// checkout has the files.
const FOLDER: &str = match option_env!("CWL2LE_DOCS") {
    Some(url) => url,
    None => "docs",
};

/// A page such as `plans.md`, or a section of it such as `plans.md#reading-a-plan`.
pub(crate) fn page(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

/// A text of a file with the pages that it names as `docs/NAME`.
pub(crate) fn with_pages(text: &str) -> String {
    text.replace("docs/", &page(""))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The anchor of a heading, as GitHub makes it.
    fn anchor(heading: &str) -> String {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    }

    fn named(source: &str) -> Vec<String> {
        let by_hint = source.split("page(\"").skip(1).filter_map(|rest| rest.split('"').next());
        let by_text =
            source.split("docs/").skip(1).filter_map(|rest| rest.split([' ', ',', ';', '.']).next());
        let by_text: Vec<String> =
            by_text.filter(|name| !name.is_empty()).map(|name| format!("{name}.md")).collect();
        by_hint.filter(|name| name.contains(".md")).map(ToOwned::to_owned).chain(by_text).collect()
    }

    #[test]
    fn every_page_and_section_that_is_named_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let texts = [
            include_str!("settings/check.rs"),
            include_str!("settings/service.rs"),
            include_str!("workflow/deployed.rs"),
            &crate::settings::template(),
        ];
        let mut seen = 0;
        for name in texts.into_iter().flat_map(named) {
            let (file, section) = name.split_once('#').unwrap_or((&name, ""));
            let page =
                std::fs::read_to_string(root.join("docs").join(file)).unwrap_or_else(|_| panic!("{name}"));
            let mut headings = page.lines().filter(|line| line.starts_with('#'));
            let found = headings.any(|line| anchor(line.trim_start_matches('#').trim()) == section);
            assert!(section.is_empty() || found, "{name}");
            seen += 1;
        }
        assert!(seen >= 7, "{seen}");
    }

    #[test]
    fn a_checkout_names_its_files() {
        assert_eq!(page("plans.md#reading-a-plan"), "docs/plans.md#reading-a-plan");
        assert_eq!(with_pages("see docs/a.md"), "see docs/a.md");
    }
}
