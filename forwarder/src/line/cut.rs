//! A line that is too long for its service is cut into parts.

/// Ends the line that began at `start` of `out`. When it has more than `limit` bytes, its end included, it is
/// replaced by parts within the limit.
///
/// A line is a `head` of `head_len` bytes, repeated on every part, and the text. Each part says which it is,
/// of how many, and of which event: `HEADpart=2/5 id=ID text`. Parts are cut between characters, and the
/// texts of all parts one after the other are the text.
pub fn end_line(out: &mut Vec<u8>, start: usize, head_len: usize, id: &str, limit: usize) {
    if out.len() - start < limit {
        out.push(b'\n');
        return;
    }
    let line = out.split_off(start);
    let (head, text) = line.split_at(head_len);
    for part in parts(text, id, limit.saturating_sub(head.len() + 1)) {
        for piece in [head, part.mark.as_bytes(), part.text, b"\n"] {
            out.extend_from_slice(piece);
        }
    }
}

/// A part of a text that is too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'t> {
    /// Which it is, of how many, and of which event: `part=2/5 id=ID `; nothing when it is the whole.
    pub mark: String,
    /// Its text.
    pub text: &'t [u8],
}

/// Cuts a text between characters into parts of at most `room` bytes with their marks, or leaves it whole when it is
/// no longer than that. The texts of all parts one after the other are the text.
pub fn parts<'t>(text: &'t [u8], id: &str, room: usize) -> Vec<Part<'t>> {
    if text.len() <= room {
        return vec![Part { mark: String::new(), text }];
    }
    // The numbers take room too. Enough for any count, so that the mark never has to be fitted again.
    let widest_mark = "part=/ id= ".len() + 2 * decimal_len(text.len()) + id.len();
    // A limit that leaves no room for text is none; configuration does not allow one that small.
    let room = room.saturating_sub(widest_mark).max(64);
    let mut cuts = vec![0];
    while text.len() - cuts[cuts.len() - 1] > room {
        cuts.push(boundary_before(text, cuts[cuts.len() - 1] + room));
    }
    cuts.push(text.len());
    let count = cuts.len() - 1;
    let part = |(number, ends): (usize, &[usize])| Part {
        mark: format!("part={}/{count} id={id} ", number + 1),
        text: &text[ends[0]..ends[1]],
    };
    cuts.windows(2).enumerate().map(part).collect()
}

fn decimal_len(number: usize) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

/// The last place at or before `at` where a UTF-8 character begins.
fn boundary_before(text: &[u8], at: usize) -> usize {
    let continues = |byte: u8| byte & 0xc0 == 0x80;
    (0..4).map(|back| at - back).find(|at| !continues(text[*at])).unwrap_or(at)
}

#[cfg(test)]
mod tests;
