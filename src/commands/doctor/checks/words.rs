//! Numbers and texts as findings show them.

/// A number with a space between thousands.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(" ")
}

/// Maximum number of characters that are shown of a text that something else wrote.
const SHOWN: usize = 200;

/// The beginning of a text that something else wrote, on one line.
pub(super) fn one_line(text: &str) -> String {
    let plain: String =
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    if text.trim().chars().nth(SHOWN).is_some() { format!("{plain}…") } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_short() {
        assert_eq!(
            [0, 999, 1000, 41_204, 1_000_000].map(count),
            ["0", "999", "1 000", "41 204", "1 000 000"]
        );
        assert_eq!(one_line(" a\nb "), "a b");
        assert_eq!(one_line(&"x".repeat(300)).chars().count(), SHOWN + 1);
    }
}
