//! Notes of the format text: `LEVEL message name=value name=value`, where values are JSON.

use serde_json::{Deserializer, Map, Value};

use super::note::{Level, Note};

/// Maximum number of places at which the fields of a line are looked for: a line made to be read slowly is not.
const PLACES: usize = 64;

/// Reads a note; none where the line does not begin with a level.
pub(super) fn note(line: &str) -> Option<Note> {
    let (level, rest) = line.split_once(' ').unwrap_or((line, ""));
    let level = Level::named(level)?;
    let (message, fields) = fields(rest);
    Some(Note { level, message: message.trim_end().to_owned(), function_version: None, fields })
}

/// The message, and the fields that make up the rest of the line.
fn fields(text: &str) -> (&str, Map<String, Value>) {
    let mut from = 0;
    for _ in 0..PLACES {
        let Some(start) = text[from..].find('=').map(|at| from + at) else { break };
        // The name goes back to the space before it.
        let name = text[..start].rfind(' ').map_or(0, |space| space + 1);
        let (fields, end) = run(&text[name..]);
        if name + end == text.len() {
            return (&text[..name], fields);
        }
        // Whatever began within the part that was read would have failed at the same place.
        from = (name + end).max(start) + 1;
        while !text.is_char_boundary(from) {
            from += 1;
        }
        if from >= text.len() {
            break;
        }
    }
    (text, Map::new())
}

/// Reads fields from the beginning of a text for as long as there are any. Returns them and where they end.
fn run(text: &str) -> (Map<String, Value>, usize) {
    let (mut fields, mut end) = (Map::new(), 0);
    while let Some((name, value)) = text[end..].split_once('=') {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            break;
        }
        let mut values = Deserializer::from_str(value).into_iter::<Value>();
        let Some(Ok(read)) = values.next() else { break };
        let after = end + name.len() + 1 + values.byte_offset();
        if !text[after..].is_empty() && !text[after..].starts_with(' ') {
            break;
        }
        fields.insert(name.to_owned(), read);
        end = after;
        if text[end..].starts_with(' ') {
            end += 1;
        }
    }
    (fields, end)
}
