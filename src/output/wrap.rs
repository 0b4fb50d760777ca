//! Lines that fit.

/// A text in lines of at most `width` columns, as far as its words allow; at least one line.
pub fn wrapped(text: &str, width: usize) -> impl Iterator<Item = String> {
    wrapped_but(text, width, |_| false)
}

/// The same, but no line begins with a word that `stays` says is to stay behind the one before it.
pub fn wrapped_but(text: &str, width: usize, stays: impl Fn(&str) -> bool) -> impl Iterator<Item = String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let fits = |line: &String| line.chars().count() + 1 + word.chars().count() <= width;
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if stays(word) || fits(line) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_long_words_stay_whole() {
        assert!(wrapped("one two three", 7).eq(["one two", "three"]));
        assert!(wrapped("a-long-word in", 4).eq(["a-long-word", "in"]));
        assert!(wrapped("", 4).eq([""]));
        assert!(wrapped_but("one two - three", 7, |word| word == "-").eq(["one two -", "three"]));
    }
}
