//! Just enough of protocol buffers to write a message.

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
