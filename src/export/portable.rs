//! Texts of a template that say where it was planned for, as texts that mean wherever it is deployed.

use std::borrow::Cow;

use super::template::Parameter;
use crate::stack::Target;

/// What is found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// As it is.
    Text(Cow<'a, str>),
    /// The account id.
    Account,
    /// The region.
    Region,
    /// The partition.
    Partition,
    /// The value of a parameter, by its place in the list.
    Parameter(usize),
}

/// Takes a text apart. The account, region and partition are looked for where an ARN has them, in hosts of AWS, in
/// commands of this tool, and as whole texts, the region also in patterns such as `kinesis.eu-west-1.*`.
pub(super) fn pieces<'a>(text: &'a str, target: &Target, parameters: &[Parameter]) -> Vec<Piece<'a>> {
    if text == target.account {
        return vec![Piece::Account];
    }
    if text == target.region.as_str() {
        return vec![Piece::Region];
    }
    let service = text.strip_suffix(&format!(".{}.*", target.region.as_str()));
    if let Some(service) =
        service.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
    {
        let begin = Piece::Text(Cow::Owned(format!("{service}.")));
        return vec![begin, Piece::Region, Piece::Text(Cow::Borrowed(".*"))];
    }
    let (region, account) = (target.region.as_str(), target.account.as_str());
    let arn = format!("arn:{}:", target.region.partition());
    let place = format!(":{region}:{account}:");
    let global = format!("::{account}:");
    // The log groups of other accounts, which send from the region of the stack. The partition is taken already.
    let senders = format!("logs:{region}:");
    let host = format!(".{region}.amazonaws.com");
    let flag = format!(" --region {region}");
    let mut found: Vec<Piece<'a>> = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let mut take = |pieces: &[Piece<'a>], length: usize, rest: &mut &'a str| {
            if !plain.is_empty() {
                found.push(Piece::Text(Cow::Owned(std::mem::take(&mut plain))));
            }
            found.extend(pieces.iter().cloned());
            *rest = &rest[length..];
        };
        let text = |text: &'static str| Piece::Text(Cow::Borrowed(text));
        if rest.starts_with(&arn) {
            take(&[text("arn:"), Piece::Partition, text(":")], arn.len(), &mut rest);
        } else if rest.starts_with(&place) {
            take(&[text(":"), Piece::Region, text(":"), Piece::Account, text(":")], place.len(), &mut rest);
        } else if rest.starts_with(&global) {
            take(&[text("::"), Piece::Account, text(":")], global.len(), &mut rest);
        } else if rest.strip_prefix(senders.as_str()).is_some_and(|of| !of.starts_with(account)) {
            take(&[text("logs:"), Piece::Region, text(":")], senders.len(), &mut rest);
        } else if rest.starts_with(&host) {
            take(&[text("."), Piece::Region, text(".amazonaws.com")], host.len(), &mut rest);
        } else if rest.starts_with(&flag) {
            take(&[text(" --region "), Piece::Region], flag.len(), &mut rest);
        } else if let Some(at) = parameters.iter().position(|p| rest.starts_with(&p.stand_in)) {
            take(&[Piece::Parameter(at)], parameters[at].stand_in.len(), &mut rest);
        } else {
            plain.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    if !plain.is_empty() || found.is_empty() {
        found.push(Piece::Text(Cow::Owned(plain)));
    }
    found
}
