//! Just enough of protocol buffers to write a message, and to find a field in one.

/// A varint.
fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        #[allow(clippy::cast_possible_truncation, reason = "the lowest seven bits")]
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    #[allow(clippy::cast_possible_truncation, reason = "below 128")]
    out.push(value as u8);
}

/// A field of whole numbers.
pub(super) fn number(field: u32, value: u64, out: &mut Vec<u8>) {
    varint(u64::from(field << 3), out);
    varint(value, out);
}

/// A field of eight bytes, `fixed64`.
pub(super) fn fixed64(field: u32, value: u64, out: &mut Vec<u8>) {
    varint(u64::from(field << 3 | 1), out);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A field of text, bytes or a message that is written already.
pub(super) fn bytes(field: u32, value: &[u8], out: &mut Vec<u8>) {
    head(field, value.len(), out);
    out.extend_from_slice(value);
}

/// What stands before a field of so many bytes.
pub(super) fn head(field: u32, length: usize, out: &mut Vec<u8>) {
    varint(u64::from(field << 3 | 2), out);
    varint(length as u64, out);
}

/// A field with a message that `write` appends.
pub(super) fn message(field: u32, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    write(out);
    let length = out.len() - start;
    let mut before = Vec::with_capacity(12);
    head(field, length, &mut before);
    out.splice(start..start, before);
}

/// How many bytes [`head`] writes for a field below 16.
pub(super) fn head_len(length: usize) -> usize {
    2 + (length | 1).ilog2() as usize / 7
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'m> {
    Number(u64),
    Bytes(&'m [u8]),
    /// Four or eight bytes that nobody here asks for.
    Fixed,
}

impl<'m> Value<'m> {
    pub(super) fn number(self) -> Option<u64> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    pub(super) fn bytes(self) -> Option<&'m [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

/// The first value of a field; `None` when there is none, or the message is damaged before it.
pub(super) fn find(mut message: &[u8], field: u32) -> Option<Value<'_>> {
    while !message.is_empty() {
        let (number, value) = read_field(&mut message)?;
        if number == u64::from(field) {
            return Some(value);
        }
    }
    None
}

/// Whether bytes are a message from their beginning to their end. What is inside of its fields is not looked at.
pub(super) fn check(mut message: &[u8]) -> bool {
    while !message.is_empty() {
        if read_field(&mut message).is_none_or(|(number, _)| number == 0) {
            return false;
        }
    }
    true
}

/// The number and value of the next field.
fn read_field<'m>(message: &mut &'m [u8]) -> Option<(u64, Value<'m>)> {
    let key = read_varint(message)?;
    let value = match key & 7 {
        0 => Value::Number(read_varint(message)?),
        1 => message.split_off(..8).map(|_| Value::Fixed)?,
        2 => {
            let length = usize::try_from(read_varint(message)?).ok()?;
            Value::Bytes(message.split_off(..length)?)
        }
        5 => message.split_off(..4).map(|_| Value::Fixed)?,
        _ => return None,
    };
    Some((key >> 3, value))
}

fn read_varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *message.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_found(value: u64, text: Vec<u8>, garbage: Vec<u8>) {
            let mut out = Vec::new();
            fixed64(1, 7, &mut out);
            bytes(2, &text, &mut out);
            number(3, value, &mut out);
            prop_assert_eq!(find(&out, 3), Some(Value::Number(value)));
            prop_assert_eq!(find(&out, 2), Some(Value::Bytes(&text)));
            prop_assert_eq!(find(&out, 4), None);
            prop_assert!(check(&out) && !check(&out[..out.len() - 1]));
            // Whatever comes, it ends.
            let _ = check(&garbage);
            let _ = find(&garbage, 1);
        }
    }
}
