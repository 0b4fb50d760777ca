//! Numbers and spans of time, as people read them.

/// A span of time in at most two units, such as `48 ms`, `2 s`, `2 h 14 min`, `3 days`.
pub fn span(seconds: f64) -> String {
    if seconds < 0.9995 {
        return if seconds < 0.0005 { "0 s".to_owned() } else { format!("{:.0} ms", seconds * 1000.0) };
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let seconds = seconds.round() as u64;
    let two = |large: u64, one: &str, small: u64, other: &str| match small {
        0 => format!("{large} {one}"),
        _ => format!("{large} {one} {small} {other}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..600 => two(seconds / 60, "min", seconds % 60, "s"),
        600..3600 => format!("{} min", seconds / 60),
        3600..86_400 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        // A time of 24 hours is a day, and records are kept for 24 h.
        86_400..172_800 => two(seconds / 3600, "h", 0, ""),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// How long something took: tenths below a minute, such as `9.8 s`, then as [`span`].
pub fn stopwatch(seconds: f64) -> String {
    if seconds < 59.95 { format!("{seconds:.1} s") } else { span(seconds) }
}

/// A whole number with its thousands apart, such as `41 204`.
pub fn count(number: f64) -> String {
    let digits = format!("{:.0}", number.abs().round());
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A number of things, such as `1 call`, `12 calls`. Of a thing whose plural ends in `s`.
pub fn plural(number: u64, thing: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{s}")
}

/// How many a second, with as many digits as say something, such as `137`, `4.4`, `0.02`.
pub fn rate(a_second: f64) -> String {
    match a_second {
        0.0 => "0".to_owned(),
        rate if rate < 0.095 => format!("{:.2}", rate.max(0.01)),
        rate if rate < 9.95 => format!("{rate:.1}"),
        rate => count(rate),
    }
}

/// A size in bytes, such as `812 bytes`, `9.1 MB`: powers of a thousand, as AWS bills.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return plural(bytes, "byte");
    }
    #[expect(clippy::cast_precision_loss, reason = "it is rounded")]
    let mut size = bytes as f64;
    let mut unit = "bytes";
    for larger in UNITS {
        // What is rounded up to a thousand is one of the next unit.
        if size < 999.5 {
            break;
        }
        (size, unit) = (size / 1000.0, larger);
    }
    if size < 9.95 { format!("{size:.1} {unit}") } else { format!("{size:.0} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_at_most_two_units() {
        let spans = [0.0, 0.048, 0.9999, 2.4, 61.0, 599.6, 2700.0, 8041.0, 86_400.0, 259_200.0, f64::MAX];
        let shown = spans.map(span);
        let wanted =
            ["0 s", "48 ms", "1 s", "2 s", "1 min 1 s", "10 min", "45 min", "2 h 14 min", "24 h", "3 days"];
        assert_eq!(shown[..10], wanted);
        assert!(shown[10].ends_with(" days"));
        assert_eq!([0.04, 9.84, 59.94, 71.2].map(stopwatch), ["0.0 s", "9.8 s", "59.9 s", "1 min 11 s"]);
    }

    #[test]
    fn sizes_have_the_largest_unit_that_fits() {
        let sizes = [0, 1, 999, 1000, 9_140_000, 41_204_331, 999_900_000, u64::MAX].map(size);
        let wanted = ["0 bytes", "1 byte", "999 bytes", "1.0 KB", "9.1 MB", "41 MB", "1.0 GB", "18446744 TB"];
        assert_eq!(sizes, wanted);
    }

    #[test]
    fn numbers_are_read_at_a_glance() {
        assert_eq!([0.0, 999.0, 41_204.0, 1_204_331.4].map(count), ["0", "999", "41 204", "1 204 331"]);
        assert_eq!(
            [0.0, 0.001, 0.02, 4.36, 9.97, 137.2].map(rate),
            ["0", "0.01", "0.02", "4.4", "10", "137"]
        );
    }
}
