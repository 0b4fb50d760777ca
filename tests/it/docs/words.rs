//! Words that make a text read translated. The plain one stands beside each.

use std::sync::LazyLock;

use regex::Regex;

use super::pages::{PAGES, prose};
use super::texts;

/// What not to write, as a regular expression of whole words, and what to write in its place.
const WORDS: [(&str, &str); 23] = [
    ("mend(s|ed|ing)?", "fix, repair"),
    ("for ever", "forever, without limit"),
    ("in vain", "timed out"),
    ("anew", "again"),
    ("somebody('s)?", "someone, or who it is"),
    ("nobody is there", "there is no terminal"),
    ("(is|are|was|were) meant", "matches, selects"),
    ("(lead|leads|led) into", "feeds, sends to"),
    ("ours", "managed by this stack"),
    ("belongs? into", "belongs in"),
    ("(is|are) to go", "will be deleted"),
    ("is there already", "already exists"),
    ("gives any", "has any"),
    ("how (it|they) (is|are)", "its state"),
    ("(stands?|stood) (behind|beside|in|at|alone|there|first|before|above|below)", "is"),
    ("whosever", "whoever's"),
    ("so (many|few|long) [a-z]+ at most", "maximum number of"),
    ("otherwise than", "other than, differently"),
    ("(is|are|be|puts?|it|them) right again|(is|are|be) put right", "restored"),
    ("(in|takes?|taking) the place of", "instead of, replaces"),
    ("all the same", "anyway, still"),
    ("nevertheless", "anyway"),
    ("none is ever assumed", "there is no default"),
];

static FORBIDDEN: LazyLock<Regex> = LazyLock::new(|| {
    let words = WORDS.map(|(word, _)| format!("(?:{word})")).join("|");
    Regex::new(&format!(r"(?i)\b(?:{words})\b")).expect("an expression")
});

/// Each such word of the documentation and of what the program shows, as `file: word in its text`.
fn found() -> Vec<(String, String)> {
    // Pages of what the sources say are in the sources, too.
    let written =
        PAGES.iter().filter(|(page, _)| !["docs/flags.md", "docs/settings.md"].contains(&page.as_str()));
    let pages = written.map(|(page, text)| {
        // A line may end within an expression. Code is another matter.
        let prose: Vec<&str> = prose(text).map(|(_, line)| line.trim()).collect();
        (page.clone(), vec![prose.join(" ").split('`').step_by(2).collect::<Vec<_>>().join("`")])
    });
    let mut found = Vec::new();
    for (file, texts) in pages.chain(texts::SOURCES.clone()) {
        for text in texts {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for word in FORBIDDEN.find_iter(&text) {
                let near = |at: usize| text.floor_char_boundary(at);
                let part =
                    &text[near(word.start().saturating_sub(30))..near((word.end() + 30).min(text.len()))];
                found.push((file.clone(), format!("`{}` in: {part}", word.as_str())));
            }
        }
    }
    found
}

#[test]
fn texts_use_plain_words() {
    let found = found();
    let faults: Vec<String> = found.iter().map(|(file, word)| format!("{file}: {word}")).collect();
    assert!(
        faults.is_empty(),
        "words to replace, see WORDS in tests/it/docs/words.rs:\n{}",
        faults.join("\n")
    );
}

#[test]
fn the_expression_finds_words_and_leaves_parts_of_words_alone() {
    for text in ["`setup` mends its policy", "for ever", "Somebody's filter", "which stands behind a #"] {
        assert!(FORBIDDEN.is_match(text), "{text}");
    }
    for text in ["recommended", "forever", "yours", "`?` stands for what is not known", "amend"] {
        assert!(!FORBIDDEN.is_match(text), "{text}");
    }
}
