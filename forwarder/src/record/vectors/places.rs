//! The table for a shuffle that leaves bytes out.

/// For each set of kept bytes among eight: their places, the first ones first.
pub(super) static PLACES: [[u8; 8]; 256] = places();

const fn places() -> [[u8; 8]; 256] {
    let mut table = [[0; 8]; 256];
    let mut keep = 0;
    while keep < 256 {
        let (mut bit, mut at) = (0, 0);
        while bit < 8 {
            if keep >> bit & 1 != 0 {
                table[keep][at] = bit;
                at += 1;
            }
            bit += 1;
        }
        keep += 1;
    }
    table
}
