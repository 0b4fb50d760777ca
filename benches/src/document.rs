//! The generated parts of `docs/performance.md`.

use std::path::Path;

/// Replaces the text between `<!-- PART: begin -->` and `<!-- PART: end -->` in a file.
pub(crate) fn replace(file: &Path, part: &str, text: &str) -> Result<(), String> {
    let [begin, end] = [format!("<!-- {part}: begin -->\n"), format!("<!-- {part}: end -->")];
    let failed = |error: std::io::Error| format!("`{}`: {error}", file.display());
    let document = std::fs::read_to_string(file).map_err(failed)?;
    let parts = document.split_once(&begin).and_then(|(head, rest)| Some((head, rest.split_once(&end)?.1)));
    let (head, tail) = parts.ok_or_else(|| format!("`{}` has no marks {begin}{end}", file.display()))?;
    std::fs::write(file, format!("{head}{begin}{text}{end}{tail}")).map_err(failed)
}
