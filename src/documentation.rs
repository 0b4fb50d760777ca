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
    use super::*;

    #[test]
    fn a_checkout_names_its_files() {
        assert_eq!(page("plans.md#reading-a-plan"), "docs/plans.md#reading-a-plan");
        assert_eq!(with_pages("see docs/plans.md"), "see docs/plans.md");
    }
}
