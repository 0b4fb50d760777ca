//! What documentation writes in the place of a secret. A log service would drop the lines of such a token without a
//! word.

use crate::error::{Code, Error, Result};

/// UUIDs that many examples have. The third is AWS's, the last is that of the article whose chain this is.
const UUIDS: [&str; 5] = [
    "123e4567-e89b-12d3-a456-426614174000",
    "550e8400-e29b-41d4-a716-446655440000",
    "1234abcd-12ab-34cd-56ef-1234567890ab",
    "12345678-1234-1234-1234-123456789012",
    "2bfbea1e-10c3-4419-bdad-7e6435882e1f",
];

/// Words that stand for a secret, and beginnings of such words; compared in upper case with `-` between words.
const WORDS: [&str; 9] = [
    "CHANGEME",
    "CHANGE-ME",
    "PLACEHOLDER",
    "REDACTED",
    "REPLACEME",
    "REPLACE-ME",
    "SECRET",
    "TODO",
    "TOKEN",
];
const BEGINNINGS: [&str; 5] = ["YOUR-", "MY-TOKEN", "REPLACE-WITH-", "INSERT-", "TOKEN-OF-"];

/// Whether a text is no secret but stands for one, alone or behind a word such as `Bearer`.
pub(super) fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    let enclosed = [("<", ">"), ("[", "]"), ("${", "}"), ("{{", "}}")];
    enclosed.iter().any(|(open, close)| text.starts_with(open) && text.ends_with(close))
        || text.split_whitespace().last().is_some_and(is_placeholder_word)
}

fn is_placeholder_word(word: &str) -> bool {
    let word = word.trim_matches(['<', '>', '[', ']', '{', '}', '$', '"', '\'']);
    let upper = word.to_ascii_uppercase().replace('_', "-");
    // 00000000-0000-0000-0000-000000000000, xxxxxxxx, ...
    let mut characters = upper.chars().filter(|c| *c != '-');
    let first = characters.next();
    let is_one_character = first.is_some() && upper.len() >= 3 && characters.all(|c| Some(c) == first);
    is_one_character
        || UUIDS.iter().any(|uuid| uuid.eq_ignore_ascii_case(word))
        || WORDS.contains(&upper.as_str())
        || BEGINNINGS.iter().any(|beginning| upper.starts_with(beginning))
}

/// Refuses a placeholder in the place of the token that a flag or a variable gives.
///
/// # Errors
/// [`Code::Usage`].
pub(super) fn refuse(from: &str, text: &str) -> Result<()> {
    if !is_placeholder(text) {
        return Ok(());
    }
    let message = format!("{from}: this is the placeholder of an example, not the token of your log");
    Err(Error::new(Code::Usage, message)
        .hint("copy the token from the settings of your log; in Logentries: Add Data, Token TCP"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::stack;
    use super::*;
    use crate::resources::Observed;

    #[test]
    fn what_examples_write_is_no_secret() {
        for text in [
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
            "2BFBEA1E-10c3-4419-bdad-7e6435882e1f",
            "YOUR-TOKEN",
            "your_token_here",
            "<token of your log>",
            "<YOUR TOKEN>",
            "${TOKEN}",
            "REPLACE-ME",
            "replace_me\n",
            "Bearer YOUR-API-KEY",
            "Bearer <token>",
            "...",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in [
            "01234567-89ab-cdef-0123-456789abcdef",
            "0000000a-0000-0000-0000-000000000000",
            "Bearer eyJhbGciOiJIUzI1NiJ9",
            "tokenize-this",
            "payments",
            "",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn a_placeholder_is_refused_wherever_a_secret_may_stand() {
        let none = Observed::default();
        for given in ["YOUR-TOKEN", "00000000-0000-0000-0000-000000000000"] {
            let error = stack(&["--token", given], "", &none).expect_err("a placeholder");
            assert_eq!(error.code, Code::Usage);
            assert_eq!(
                error.message,
                "--token: this is the placeholder of an example, not the token of your log"
            );
        }
        let text = "[destinations.a]\ntype = \"logentries\"\nregion = \"eu\"\n\
                    token = \"00000000-0000-0000-0000-000000000000\"\n";
        let error = stack(&[], text, &none).expect_err("a placeholder");
        assert_eq!(error.code, Code::Config);
        let message = error.message;
        assert!(message.starts_with("cwl2le.toml:4:9: `token` of `a` is the placeholder"), "{message}");
        let header = |value: &str| {
            format!(
                "[destinations.a]\ntype = \"otlp\"\nendpoint = \"https://otlp.example.com:4318\"\n\
                 headers = {{ Api-Key = \"{value}\", X-Team = \"token\" }}\n"
            )
        };
        assert!(stack(&[], &header("<your key>"), &none).is_err());
        assert!(stack(&[], &header("a1b2c3d4"), &none).is_ok());
    }

    /// Whatever somebody pastes from our own documentation as a token is refused.
    #[test]
    fn no_token_of_the_documentation_is_accepted() {
        let mut found = 0;
        for text in [
            include_str!("../../README.md"),
            include_str!("../../docs/configuration.md"),
            include_str!("../../docs/secrets.md"),
            include_str!("../../docs/start.md"),
            include_str!("../../docs/destinations.md"),
            include_str!("../../docs/delivery.md"),
            include_str!("../../docs/preview.md"),
            include_str!("../../docs/permissions.md"),
            &super::super::template(),
        ] {
            for line in text.lines().filter(|line| line.to_ascii_lowercase().contains("token")) {
                let is_uuid = |word: &&str| word.parse::<cwl2le_forwarder::secret::Token>().is_ok();
                let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
                for uuid in words.filter(is_uuid) {
                    assert!(is_placeholder(uuid), "{line}");
                }
                let value =
                    ["CWL2LE_TOKEN=", "--token ", "--value "].iter().find_map(|start| line.split_once(start));
                // A flag may be named in a sentence.
                let value = value.filter(|_| !line.contains('|') && !line.contains('`'));
                if let Some(value) = value.and_then(|(_, rest)| rest.split_whitespace().next()) {
                    found += 1;
                    assert!(is_placeholder(value), "{line}");
                }
            }
        }
        assert!(found >= 2, "README and guide give a token");
    }
}
