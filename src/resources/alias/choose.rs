//! Which versions a rollback goes back to.

use super::observed::{Before, ObservedAlias, ObservedVersion};
use crate::error::Code;
use crate::resources::ObservedFunction;
use crate::stack::Names;

/// A function of a stack that runs a published version.
#[derive(Debug, Clone)]
pub(crate) struct Live<'a> {
    /// Its names.
    pub(crate) names: Names,
    /// The function.
    pub(crate) is: &'a ObservedFunction,
    /// What is live.
    pub(crate) alias: &'a ObservedAlias,
    /// The number of the live version.
    pub(crate) number: u64,
}

/// Which version becomes live.
#[derive(Debug, Clone)]
pub(crate) struct Target<'a> {
    /// The function.
    pub(crate) live: Live<'a>,
    /// The version.
    pub(crate) version: &'a ObservedVersion,
}

/// What a rollback comes to.
#[derive(Debug)]
pub(crate) enum Choice<'a> {
    /// These functions change.
    Go(Vec<Target<'a>>),
    /// None does; why.
    Stay(String),
}

/// Why there is no such version: an error, its reason, and what to do.
pub(crate) type NoSuch = (Code, String, String);

/// Chooses by the number of a version of the main function, the first of `functions`; without one, the versions that
/// the last change replaced.
///
/// # Errors
/// There is no such version.
pub(crate) fn choose<'a>(functions: &[Live<'a>], to: Option<u64>) -> Result<Choice<'a>, NoSuch> {
    match to {
        Some(number) => exact(functions, number),
        None => last_change(functions),
    }
}

/// That version of the main function, and of the others the newest of the same release, where the release changes.
fn exact<'a>(functions: &[Live<'a>], number: u64) -> Result<Choice<'a>, NoSuch> {
    let Some((main, others)) = functions.split_first() else {
        return Ok(Choice::Stay("there is no function".to_owned()));
    };
    let Some(version) = main.is.version(number) else { return Err(no_version(main, number)) };
    let release = version.snapshot.release();
    let same = main.is.version(main.number).is_some_and(|live| live.snapshot.release() == release);
    let others = others.iter().filter(|_| !same && release.is_some()).filter_map(|other| {
        let mut versions = other.is.versions.iter().rev();
        let version = versions.find(|version| version.snapshot.release() == release)?;
        Some(Target { live: other.clone(), version })
    });
    let targets = [Target { live: main.clone(), version }].into_iter().chain(others);
    let targets: Vec<_> = targets.filter(|target| target.version.number != target.live.number).collect();
    Ok(match targets.is_empty() {
        true => Choice::Stay(format!("version {number} is live already")),
        false => Choice::Go(targets),
    })
}

/// What the functions ran before the last change of any of them. Functions that it did not change stay.
fn last_change<'a>(functions: &[Live<'a>]) -> Result<Choice<'a>, NoSuch> {
    let last = functions.iter().filter_map(|live| live.alias.run.as_deref()).max();
    let changed: Vec<&Live<'a>> = functions.iter().filter(|live| live.alias.run.as_deref() == last).collect();
    let is_back = |live: &&Live<'a>| matches!(live.alias.before, Some(Before::RolledBackFrom(_)));
    let (back, open): (Vec<&Live<'a>>, Vec<&Live<'a>>) = changed.into_iter().partition(is_back);
    if open.is_empty() {
        let texts = back.iter().filter_map(|live| match live.alias.before {
            Some(Before::RolledBackFrom(from)) => {
                let of =
                    if functions.len() > 1 { format!(" of {}", live.names.function) } else { String::new() };
                Some(format!("version {} is live instead of version {from}{of}", live.number))
            }
            _ => None,
        });
        return Ok(Choice::Stay(format!("already rolled back: {}", texts.collect::<Vec<_>>().join(", "))));
    }
    let targets = open.into_iter().map(|live| {
        let replaced = match live.alias.before {
            Some(Before::Replaced(number)) => live.is.version(number),
            _ => None,
        };
        let older = || live.is.versions.iter().rev().find(|version| version.number < live.number);
        let version = replaced.or_else(older).ok_or_else(|| none_before(live))?;
        Ok(Target { live: live.clone(), version })
    });
    Ok(Choice::Go(targets.collect::<Result<_, NoSuch>>()?))
}

fn no_version(main: &Live<'_>, number: u64) -> NoSuch {
    let known: Vec<String> = main.is.versions.iter().map(|version| version.number.to_string()).collect();
    let reason = format!("{} has no version {number}; it has {}", main.names.function, known.join(", "));
    (Code::NotFound, reason, "see the versions with `cwl2le versions`".to_owned())
}

fn none_before(live: &Live<'_>) -> NoSuch {
    let reason = format!("there is no version before version {}, which is live", live.number);
    let hint = "to go back to an older forwarder, install that version of cwl2le and run `cwl2le setup --allow-downgrade`";
    (Code::NotFound, reason, hint.to_owned())
}
