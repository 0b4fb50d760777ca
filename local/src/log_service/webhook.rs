//! The rules of Rapid7's webhook, `https://REGION.webhook.logs.insight.rapid7.com/v1/noformat/TOKEN`.
//!
//! The vendor documents none of them. They were measured on the live EU endpoint in July and October 2026 by the
//! authors of `Geekibo/rapid7-logger`, who queried what had been stored.

use super::http::Request;

/// Maximum number of bytes of an entry. A longer one is split there without a mark, in mid-character.
const LONGEST_ENTRY: usize = 32_767;

/// Minimum size of a body that is refused, in bytes, its last line feed left out.
const TOO_LARGE: usize = 65_536;

/// What the webhook answers, and what it stores: only the first line of a body, and that only for a token of a log.
/// `known` are the tokens of logs; without any, every token is one. A token that is well-formed is answered with 204
/// in any case.
pub(super) fn judge(request: &Request, known: Option<&[String]>) -> (u16, Vec<Vec<u8>>) {
    let path = request.line.split(' ').nth(1).unwrap_or_default();
    let token = path.rsplit('/').next().unwrap_or_default();
    if !path.starts_with("/v1/noformat/") || !is_uuid(token) {
        return (404, Vec::new());
    }
    let body = request.body.strip_suffix(b"\n").unwrap_or(&request.body);
    if body.len() >= TOO_LARGE {
        return (413, Vec::new());
    }
    if known.is_some_and(|known| known.iter().all(|known| known != token)) {
        return (204, Vec::new());
    }
    // A line ends with LF or CRLF; a CR alone stays in its entry.
    let line = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_cut = line.len() < body.len();
    let line = if is_cut { line.strip_suffix(b"\r").unwrap_or(line) } else { line };
    let entries = if line.is_empty() { vec![Vec::new()] } else { chunks(line) };
    (204, entries)
}

fn chunks(line: &[u8]) -> Vec<Vec<u8>> {
    line.chunks(LONGEST_ENTRY).map(<[u8]>::to_vec).collect()
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "01234567-89ab-cdef-0123-456789abcdef";

    fn posted(path: &str, body: &[u8], known: Option<&[String]>) -> (u16, Vec<Vec<u8>>) {
        let request = Request { line: format!("POST {path}"), body: body.to_vec(), ..Request::default() };
        judge(&request, known)
    }

    /// The table of the measurements.
    #[test]
    fn it_answers_and_stores_as_measured() {
        let path = format!("/v1/noformat/{TOKEN}");
        let stored = |body: &[u8]| posted(&path, body, None);
        for body in [&b"A\nB\n"[..], b"A\r\nB\r\n", b"A\n", b"A"] {
            assert_eq!(stored(body), (204, vec![b"A".to_vec()]), "{body:?}");
        }
        assert_eq!(stored(b"A\rB\n"), (204, vec![b"A\rB".to_vec()]));
        let lengths = |length| {
            let (status, entries) = stored(&[vec![b'x'; length], b"\n".to_vec()].concat());
            (status, entries.iter().map(Vec::len).collect::<Vec<_>>())
        };
        assert_eq!(lengths(32_767), (204, vec![32_767]));
        assert_eq!(lengths(65_535), (204, vec![32_767, 32_767, 1]));
        assert_eq!(lengths(65_536), (413, vec![]));
        let known = ["fedcba98-7654-3210-fedc-ba9876543210".to_owned()];
        assert_eq!(posted(&path, b"A\n", Some(&known)), (204, vec![]), "a token that no log has");
        for path in ["/v1/noformat/hunter2", "/v1/other/01234567-89ab-cdef-0123-456789abcdef", "/"] {
            assert_eq!(posted(path, b"A\n", None), (404, vec![]));
        }
    }
}
