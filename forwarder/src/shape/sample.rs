//! Keeps a share of the events: all of what has one key, or none of it.
//!
//! The key is the name of the log stream or the value of a JSON field. It is kept when the first eight bytes of
//! its SHA-256, as a big-endian number, are below the rate times 2^64. So every process and every version decides
//! alike, and a larger rate keeps everything that a smaller one keeps.

use ring::digest::{SHA256, digest};

use super::config::{Rate, Sample};
use super::expression::InvalidRule;
use super::json;

/// Refuses what types cannot.
pub(super) fn check(sample: &Sample) -> Result<(), InvalidRule> {
    match &sample.field {
        Some(field) if field.is_empty() => {
            Err(InvalidRule::new("sample.field", "give the name of a JSON field, or leave it out"))
        }
        _ => Ok(()),
    }
}

/// Whether everything with this key is kept.
pub fn is_kept(key: &str, rate: Rate) -> bool {
    let mut first = [0; 8];
    first.copy_from_slice(&digest(&SHA256, key.as_bytes()).as_ref()[..8]);
    u128::from(u64::from_be_bytes(first)) * 1_000_000 < u128::from(rate.millionths()) << 64
}

/// Whether a message is kept by the field that decides; what does not have it is.
pub(super) fn is_message_kept(message: &str, field: &str, rate: Rate) -> bool {
    json::lookup(message, field).is_none_or(|key| is_kept(&key, rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(share: f64) -> Rate {
        share.try_into().unwrap()
    }

    /// These may never change: a service that keeps half of a request's lines has lost the request.
    #[test]
    fn who_is_kept_is_fixed() {
        // The first bytes of SHA-256 of `abc` are ba7816bf8f01cfea, 0.7283949 of the whole range.
        assert!(is_kept("abc", rate(0.728395)) && !is_kept("abc", rate(0.728394)));
        // Of the empty text they are e3b0c44298fc1c14, 0.889415.
        assert!(is_kept("", rate(0.889416)) && !is_kept("", rate(0.889415)));
    }

    #[test]
    fn about_the_share_is_kept() {
        for share in [0.01, 0.1, 0.5, 0.9] {
            let kept = (0..10_000).filter(|key| is_kept(&format!("stream/{key}"), rate(share))).count();
            let wanted = share * 10_000.0;
            #[allow(clippy::cast_precision_loss, reason = "a count of at most 10,000")]
            let off = (kept as f64 - wanted).abs();
            assert!(off < 4.0 * (wanted * (1.0 - share)).sqrt(), "{share}: {kept}");
        }
    }
}
