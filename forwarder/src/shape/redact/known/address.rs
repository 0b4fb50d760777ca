//! Addresses of IPv4 and IPv6.

use std::net::Ipv6Addr;
use std::ops::Range;

use super::candidates::{candidates, captured, expression, stands_alone};

expression!(IPV4, r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}");
// As in the names that AWS gives to hosts.
expression!(HOST, r"(?:ip|ec2)-([0-9]{1,3}(?:-[0-9]{1,3}){3})");
expression!(IPV6, r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

/// Calls `found` with the place of each address of IPv4.
pub(super) fn find_ipv4(text: &str, mut found: impl FnMut(Range<usize>)) {
    candidates(&IPV4, text).filter(|at| is_ipv4(text, at)).for_each(&mut found);
    captured(&HOST, text).filter(|at| is_host(text, at)).for_each(found);
}

/// Calls `found` with the place of each address of IPv6.
pub(super) fn find_ipv6(text: &str, found: impl FnMut(Range<usize>)) {
    candidates(&IPV6, text).filter_map(|at| ipv6_in(text, at)).for_each(found);
}

/// Four numbers up to 255, and not a part of something with more numbers. A fifth one may be a port, as tcpdump writes
/// it: in versions and object identifiers it is rarely above 255.
fn is_ipv4(text: &str, at: &Range<usize>) -> bool {
    let (before, after) = (&text.as_bytes()[..at.start], &text.as_bytes()[at.end..]);
    let goes_on = match (before, after) {
        ([.., digit], _) | (_, [digit, ..]) if digit.is_ascii_digit() => true,
        ([.., digit, b'.'], _) if digit.is_ascii_digit() => true,
        (_, [b'.', digit, ..]) if digit.is_ascii_digit() => !is_port(&text[at.end + 1..]),
        _ => false,
    };
    !goes_on && are_octets(&text[at.clone()], '.')
}

fn are_octets(text: &str, separator: char) -> bool {
    text.split(separator).all(|part| part.parse::<u8>().is_ok())
}

/// Whether a text begins with a number from 256 to 65,535 that is not followed by another.
fn is_port(text: &str) -> bool {
    let digits = text.bytes().take(6).take_while(u8::is_ascii_digit).count();
    let goes_on = matches!(text.as_bytes()[digits..], [b'.', b'0'..=b'9', ..]);
    !goes_on && text[..digits].parse::<u16>().is_ok_and(|port| port > 255)
}

/// Whether the numbers of `ip-10-0-0-1` are an address, and no more follow.
fn is_host(text: &str, at: &Range<usize>) -> bool {
    let name = if text[..at.start].ends_with("ip-") { "ip-" } else { "ec2-" };
    let goes_on = matches!(text.as_bytes()[at.end..], [b'0'..=b'9', ..] | [b'-', b'0'..=b'9', ..]);
    !goes_on && stands_alone(text, at.start - name.len()) && are_octets(&text[at.clone()], '-')
}

/// The address in a run of hexadecimal digits, colons and dots.
fn ipv6_in(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    // What follows a name and a colon begins after the colon.
    let after_colon = text[at.clone()].find(':').map(|colon| at.start + colon + 1);
    let whole = stands_alone(text, at.start).then(|| address_at(text, at.clone())).flatten();
    let behind_name = after_colon.and_then(|start| address_at(text, start..at.end));
    match (whole, behind_name) {
        // With nine groups the first may be a name, or the last a port.
        (Some(whole), Some(behind)) => Some(whole.start..whole.end.max(behind.end)),
        (one, other) => one.or(other),
    }
}

/// The address that a run begins with, without what may follow it: the dot of a sentence, the colon of a prefix, a
/// port.
fn address_at(text: &str, run: Range<usize>) -> Option<Range<usize>> {
    let (start, mut end, mut has_port) = (run.start, run.end, false);
    while end > start {
        let address = &text[start..end];
        let goes_on = text.as_bytes().get(end).is_some_and(u8::is_ascii_alphanumeric);
        if !goes_on && is_ipv6(address) {
            return Some(start..end);
        }
        let last = address.rfind([':', '.'])?;
        let group = &address[last + 1..];
        let is_port = (1..=5).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_digit());
        end = match group {
            "" => end - 1,
            _ if is_port && !has_port => start + last,
            _ => return None,
        };
        has_port |= !group.is_empty();
    }
    None
}

/// Whether a text is an address. `a::b` and `dead::beef` could be, and are names of C++, Rust and Perl far more often.
fn is_ipv6(text: &str) -> bool {
    let is_name = || {
        let groups = text.split(':').filter(|group| !group.is_empty()).count();
        groups < 4 && !text.bytes().any(|byte| byte.is_ascii_digit())
    };
    text != "::" && text.parse::<Ipv6Addr>().is_ok() && !is_name()
}
