//! `[env.NAME]`: whether the environments of a file can be used, and whether the chosen one is there.

use toml::de::DeTable;

use super::document::Document;
use super::overlay::{KEY, table};
use super::problems::Problems;
use super::words;
use crate::error::{Code, Error, Result};

/// Adds what is wrong with the environments as such. What stands in them is checked as a part of the whole file.
pub(super) fn check(document: &Document, tree: &DeTable<'_>, problems: &mut Problems) {
    let Some(environments) = tree.get(KEY) else { return };
    let hint = "an environment is a section [env.NAME], and its parts are [env.NAME.stream] and so on";
    let Some(all) = table(environments) else {
        return problems.add(document, environments.span(), "`env`: expected a table", hint.to_owned());
    };
    for (name, environment) in all {
        let known = name.get_ref();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if known.is_empty() || !known.chars().all(is_name) {
            let problem = format!("`{known}` cannot be the name of an environment");
            problems.add(document, name.span(), &problem, "use letters, digits, `-` and `_`".to_owned());
        }
        match table(environment) {
            None => {
                let problem = format!("`env.{known}`: expected a table");
                problems.add(document, environment.span(), &problem, hint.to_owned());
            }
            Some(keys) => {
                if let Some((key, _)) = keys.get_key_value(KEY) {
                    let problem = format!("unknown key `env` in `env.{known}`");
                    let hint = "an environment cannot hold another one".to_owned();
                    problems.add(document, key.span(), &problem, hint);
                }
            }
        }
    }
}

/// Checks that the chosen environment is there.
///
/// # Errors
/// [`Code::Config`], with the environments that there are.
pub(super) fn must_have(document: &Document, chosen: Option<&str>) -> Result<()> {
    let Some(name) =
        chosen.filter(|name| document.is_toml && !document.environments.iter().any(|one| one == name))
    else {
        return Ok(());
    };
    let known: Vec<&str> = document.environments.iter().map(String::as_str).collect();
    let hint = match &known[..] {
        [] => format!("add a section [env.{name}], or leave out --env and CWL2LE_ENV"),
        known => words::value_hint(name, known),
    };
    let message = format!("{} has no environment `{name}`", document.path.display());
    Err(Error::new(Code::Config, message).hint(hint))
}
