//! The environments of the configuration file that a run is for.

use cwl2le_forwarder::glob::Glob;

use super::Cli;
use crate::error::{Code, Error, Result, listed};
use crate::settings::File;

/// The environments of a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// At most one, as every command always could.
    One(Option<String>),
    /// Those that run side by side: several were named, or a pattern was given, whatever it matches.
    Several(Vec<String>),
}

/// The environments that flags and variables choose.
///
/// # Errors
/// [`Code::Config`]: there is no file, or it has none that a pattern matches.
pub(super) fn selection(cli: &Cli) -> Result<Selection> {
    let all = || File::names(cli.global.config.as_deref(), "*");
    let given: Vec<&str> = cli.global.env.iter().map(String::as_str).collect();
    let given = if cli.global.all_envs { vec!["*"] } else { given };
    if given.iter().any(|name| is_pattern(name)) { chosen(&given, &all()?) } else { chosen(&given, &[]) }
}

fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '[', '{'])
}

/// Names as they are given, patterns in the order of the alphabet; each name once.
fn chosen(given: &[&str], known: &[String]) -> Result<Selection> {
    let mut names: Vec<String> = Vec::new();
    for one in given {
        let mut found = vec![(*one).to_owned()];
        if is_pattern(one) {
            let glob = Glob::new(one).map_err(|problem| {
                Error::usage(format!("--env {one}: {problem}"), "give a name, or a pattern such as 'prod-*'")
            })?;
            found = known.iter().filter(|name| glob.matches(name)).cloned().collect();
            if found.is_empty() {
                let hint = match known {
                    [] => "add sections [env.NAME], or leave out --env, --all-envs and CWL2LE_ENV".to_owned(),
                    known => format!("it has {}", listed(known.iter().map(String::as_str))),
                };
                let message = format!("the configuration file has no environment that `{one}` matches");
                return Err(Error::new(Code::Config, message).hint(hint));
            }
        }
        for name in found {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let is_one = names.len() < 2 && !given.iter().any(|name| is_pattern(name));
    Ok(if is_one { Selection::One(names.pop()) } else { Selection::Several(names) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &[&str]) -> std::result::Result<Selection, Code> {
        let known = ["dev", "prod-eu", "prod-us"].map(ToOwned::to_owned);
        chosen(given, &known).map_err(|error| error.code)
    }

    fn several(names: &[&str]) -> std::result::Result<Selection, Code> {
        Ok(Selection::Several(names.iter().map(|name| (*name).to_owned()).collect()))
    }

    #[test]
    fn names_stay_in_their_order_and_each_is_taken_once() {
        assert_eq!(of(&[]), Ok(Selection::One(None)));
        assert_eq!(of(&["dev"]), Ok(Selection::One(Some("dev".to_owned()))));
        assert_eq!(of(&["dev", "dev"]), Ok(Selection::One(Some("dev".to_owned()))));
        assert_eq!(of(&["prod-us", "dev"]), several(&["prod-us", "dev"]));
        assert_eq!(of(&["*"]), several(&["dev", "prod-eu", "prod-us"]));
        assert_eq!(of(&["prod-us", "prod-*"]), several(&["prod-us", "prod-eu"]));
        // A script that reads the documents of several gets those of one in the same form.
        assert_eq!(of(&["d*"]), several(&["dev"]));
        assert_eq!(of(&["dev", "test-*"]), Err(Code::Config));
        assert_eq!(of(&["prod-["]), Err(Code::Usage));
    }
}
