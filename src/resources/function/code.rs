//! Whether the code of a function is the one that is wanted.
//!
//! A function's tags record the version and the source that its code was built from, and the `CodeSha256` that was
//! deployed. They are written before the code: an update that was interrupted leaves a function whose tags name the
//! new release and whose `CodeSha256` is not the recorded one. The next run uploads again, and an older cwl2le leaves
//! it alone. The other way round, an interrupted update would look like an edit of the old release, and an older
//! cwl2le would undo it.

use crate::error::Code;
use crate::resources::{FunctionSpec, ObservedFunction, Recorded, Release};

/// What is to be done about the code of a function that exists.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CodeChange {
    /// Nothing. Of a release that is known, the description follows.
    None(Option<Release>),
    /// The code is the wanted one, and the tags are to say so.
    Record,
    /// The code is uploaded, for this reason.
    Upload(String),
    /// The code stays though it is not the wanted one; why, for the notes of the plan.
    Keep(Option<Release>, String),
}

/// Why the code of a function can neither stay nor be replaced: an error, its reason, and what to do.
pub(crate) type Refused = (Code, String, String);

/// Decides about the code of a function that exists.
///
/// # Errors
/// `downgrade` where a newer version deployed it, another build of this version or one that is not known; `no-bundle`
/// where it was edited and this run has nothing to put in its place.
pub(crate) fn code_change(want: &FunctionSpec, is: &ObservedFunction) -> Result<CodeChange, Refused> {
    let (recorded, release) = (Recorded::read(&is.tags), &want.release);
    let age = recorded.version.as_ref().map(|version| version.cmp_precedence(&release.version));
    if age.is_some_and(std::cmp::Ordering::is_gt) && !want.allow_downgrade {
        return Err(newer(&recorded, release));
    }
    let is_wanted = want.bundle.as_ref().is_some_and(|bundle| bundle.sha256 == is.code_sha256);
    if recorded.lacks_version() && !is_wanted && !want.allow_downgrade {
        return Err(unknown(&recorded, release));
    }
    let is_edited = recorded.differs(&is.code_sha256);
    let moves = want.arch.change_from(&is.arch).is_some();
    let is_foreign = recorded.release().is_some_and(|release| release.is_zip())
        && !want.is_own_zip
        && !want.allow_downgrade;
    if want.bundle.is_none() {
        return match is_edited {
            true => Err(cannot_restore(&recorded)),
            false if age.is_some_and(std::cmp::Ordering::is_lt) => {
                let why =
                    format!("this build of cwl2le {} has no forwarder for {}", release.version, is.arch);
                Ok(CodeChange::Keep(None, format!("keeps the code of {recorded}: {why}")))
            }
            false => Ok(CodeChange::None(None)),
        };
    }
    let is_this_version = age.is_some_and(std::cmp::Ordering::is_eq);
    if is_wanted {
        // The same bytes are the same code, whatever either build calls its source.
        let known =
            recorded.release().filter(|_| is_this_version && !is_edited && recorded.code_sha256.is_some());
        return Ok(known.map_or(CodeChange::Record, |release| CodeChange::None(Some(release))));
    }
    if is_foreign {
        return match is_edited || moves {
            true => Err(cannot_restore(&recorded)),
            false => Ok(CodeChange::Keep(
                recorded.release(),
                "keeps the forwarder deployed with --forwarder-zip; --allow-downgrade replaces it with the bundled one"
                    .to_owned(),
            )),
        };
    }
    let is_this_source = recorded.source.as_ref() == Some(&release.source);
    if is_this_version && is_this_source && !moves {
        return Ok(match (is_edited, &recorded.code_sha256) {
            (false, Some(_)) => CodeChange::None(recorded.release()),
            (true, _) => CodeChange::Upload(
                "changed since it was deployed, by hand or by an update that was interrupted".to_owned(),
            ),
            (false, None) => CodeChange::Upload("not recorded".to_owned()),
        });
    }
    // Neither of two builds of one version is known to be the newer one.
    let is_other_build = is_this_version && recorded.source.is_some() && !is_this_source;
    if is_other_build && !want.is_own_zip && !want.allow_downgrade {
        return Err(other_build(&recorded, release));
    }
    Ok(CodeChange::Upload(recorded.to_string()))
}

fn newer(recorded: &Recorded, release: &Release) -> Refused {
    let reason = format!(
        "cwl2le {recorded} deployed it, and this is the older {release}, whose settings the newer forwarder may not read"
    );
    let hint = "install that version or a newer one; to go back to this one, run the same command again with --allow-downgrade";
    (Code::Downgrade, reason, hint.to_owned())
}

fn unknown(recorded: &Recorded, release: &Release) -> Refused {
    let reason = format!(
        "its tags do not say which version of cwl2le deployed it ({recorded}), and its code is not that of this {release}, which \
         may be older"
    );
    let hint = "put its tag `cwl2le:version` back as it was; to replace the code with this one, run the same command again with \
        --allow-downgrade";
    (Code::Downgrade, reason, hint.to_owned())
}

fn other_build(recorded: &Recorded, release: &Release) -> Refused {
    let reason = format!(
        "another build of this version deployed it: {recorded}; this is {release}, and neither is known to be newer"
    );
    let hint = "to replace it with this build, run the same command again with --allow-downgrade; a release never needs that";
    (Code::Downgrade, reason, hint.to_owned())
}

fn cannot_restore(recorded: &Recorded) -> Refused {
    let reason =
        format!("its code is not the one that was deployed, {recorded}, and this run does not have that one");
    let hint = "give the zip again with --forwarder-zip, or replace it with the bundled forwarder: --allow-downgrade";
    (Code::NoBundle, reason, hint.to_owned())
}
