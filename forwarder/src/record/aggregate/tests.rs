use proptest::prelude::*;

use super::*;

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn bytes(field: u64, value: &[u8], out: &mut Vec<u8>) {
    varint(field << 3 | 2, out);
    varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

fn seal(message: &[u8]) -> Vec<u8> {
    [&MAGIC[..], message, &Md5::digest(message)[..]].concat()
}

/// As the library writes it, with keys and tags.
fn packed(records: &[Vec<u8>]) -> Vec<u8> {
    let mut message = Vec::new();
    bytes(1, b"partition key", &mut message);
    bytes(2, b"340282366920938463463374607431768211455", &mut message);
    for data in records {
        let mut record = vec![1 << 3, 0, 2 << 3, 0];
        bytes(3, data, &mut record);
        bytes(4, b"\x0a\x03key", &mut record);
        bytes(3, &record, &mut message);
    }
    seal(&message)
}

fn unpacked(data: &[u8]) -> Result<Vec<Vec<u8>>, Damage> {
    parts(data).unwrap().map(|parts| parts.into_iter().map(|range| data[range].to_vec()).collect())
}

#[test]
fn what_is_not_aggregated_is_left_alone() {
    for data in [&b""[..], b"\x1f\x8b\x08", b"\xf3\x89\x9a", b"text"] {
        assert_eq!(parts(data), None);
    }
}

#[test]
fn damage_is_named() {
    let one = packed(&[b"data".to_vec()]);
    let mut record = vec![];
    bytes(3, &[1 << 3, 0], &mut record);
    let many: Vec<_> = vec![Vec::new(); MOST_PARTS + 1];
    for (data, damage) in [
        (MAGIC.to_vec(), Damage::Truncated),
        (one[..19].to_vec(), Damage::Truncated),
        (one[..one.len() - 1].to_vec(), Damage::WrongSum),
        ([&one[..], b"x"].concat(), Damage::WrongSum),
        (seal(b""), Damage::Empty),
        (seal(b"\x0a\x01k"), Damage::Empty),
        // A record without data, one of a wrong type, one that is longer than the message, a group, a varint
        // of eleven bytes, the field 0.
        (seal(&record), Damage::Malformed),
        (seal(b"\x18\x01"), Damage::Malformed),
        (seal(b"\x1a\x7f\x1a\x00"), Damage::Malformed),
        (seal(b"\x1b\x1c"), Damage::Malformed),
        (seal(&[0xff; 11]), Damage::Malformed),
        (seal(b"\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), Damage::Malformed),
        (packed(&many), Damage::TooMany),
    ] {
        assert_eq!(unpacked(&data), Err(damage), "{:?}", &data[..data.len().min(40)]);
    }
    assert_eq!(unpacked(&packed(&many[1..])).unwrap().len(), MOST_PARTS);
}

proptest! {
    #[test]
    fn what_was_packed_comes_out(records in proptest::collection::vec(any::<Vec<u8>>(), 1..20)) {
        prop_assert_eq!(unpacked(&packed(&records)), Ok(records));
    }

    #[test]
    fn a_changed_byte_is_seen(
        records in proptest::collection::vec(any::<Vec<u8>>(), 1..5), at in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        let mut data = packed(&records);
        let at = MAGIC.len() + at.index(data.len() - MAGIC.len());
        data[at] ^= 1 << bit;
        prop_assert_eq!(unpacked(&data), Err(Damage::WrongSum));
    }

    #[test]
    fn any_message_with_the_right_sum_ends_in_parts_or_damage(message in any::<Vec<u8>>()) {
        let data = seal(&message);
        if let Some(Ok(parts)) = parts(&data) {
            prop_assert!(parts.iter().all(|part| part.start >= MAGIC.len() && part.end <= data.len() - 16));
        }
    }
}
