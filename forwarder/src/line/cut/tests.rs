use proptest::prelude::*;

use super::*;

/// The lines that an event makes under a limit.
fn lines(head: &str, text: &str, id: &str, limit: usize) -> Vec<String> {
    let mut out = [b"before\n".as_slice(), head.as_bytes(), text.as_bytes()].concat();
    end_line(&mut out, 7, head.len(), id, limit);
    let text = String::from_utf8(out).unwrap();
    text.strip_prefix("before\n").unwrap().split_terminator('\n').map(str::to_owned).collect()
}

#[test]
fn a_line_at_the_limit_is_whole_and_one_byte_more_is_cut() {
    assert_eq!(lines("T ", &"x".repeat(197), "7", 200), [format!("T {}", "x".repeat(197))]);
    let parts = lines("T ", &"x".repeat(198), "7", 200);
    assert_eq!(parts.len(), 2);
    assert!(
        parts[0].starts_with("T part=1/2 id=7 x") && parts[1].starts_with("T part=2/2 id=7 x"),
        "{parts:?}"
    );
}

proptest! {
    #[test]
    fn parts_are_within_the_limit_and_concatenate_to_the_text(
        text in "[a-z é日😀]{0,2000}", id in "[0-9]{0,56}", limit in 220usize..600,
    ) {
        let head = "01234567-89ab-cdef-0123-456789abcdef ";
        let parts = lines(head, &text, &id, limit);
        prop_assert!(parts.iter().all(|part| part.len() < limit));
        let whole: String = if let [only] = &parts[..] {
            only[head.len()..].to_owned()
        } else {
            let count = parts.len();
            parts.iter().enumerate().map(|(at, part)| {
                part.strip_prefix(&format!("{head}part={}/{count} id={id} ", at + 1)).unwrap()
            }).collect()
        };
        prop_assert_eq!(whole, text);
    }
}
