//! A key that chooses the stack, written by mistake into a table that takes any key.

use crate::aws::Options;
use crate::commands::Facts;
use crate::error::{Code, Error, Result};
use crate::output::visible;
use crate::settings::{self, File};

/// The warnings for such keys. `options` and `env` are what is given besides the file.
///
/// # Errors
/// [`Code::Config`] for verbs that remove resources: they might remove those of another stack.
pub(super) fn check(
    facts: &Facts<'_>,
    file: &File,
    options: &Options,
    env: &impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>> {
    let names_stack = facts.stack.is_some_and(|args| args.stack.is_some());
    let mut warnings = Vec::new();
    for key in file.slipped() {
        let is_given = (key == "stack" && names_stack) || settings::is_chosen(options, key, env);
        if is_given {
            continue;
        }
        let problem = format!(
            "{}: `{key}` is set inside a section, where it does not choose the {key}, and nothing else does",
            visible(file.path().display())
        );
        let hint = format!("put `{key}` before the first section, or give --{key}");
        if facts.removes {
            return Err(Error::new(Code::Config, problem).hint(hint));
        }
        warnings.push(format!("warning: {problem}; {hint}"));
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    fn checked(args: &[&str], text: &str) -> std::result::Result<usize, Code> {
        let cli = Cli::try_parse_from([&["cwl2le"], args].concat()).expect("arguments");
        let file = File::parse(Path::new("cwl2le.toml"), text.to_owned()).expect("a file");
        let (region, profile) = (cli.global.region.clone(), cli.global.profile.clone());
        let options = Options { region, profile, ..Options::default() };
        let checked = check(&cli.command.facts(), &file, &options, &|_| None);
        checked.map(|warnings| warnings.len()).map_err(|error| error.code)
    }

    #[test]
    fn what_may_mean_another_stack_removes_nothing() {
        let http = "[destinations.app]\ntype = \"http\"\nurl = \"https://logs.example.com/\"\n";
        let otlp = "[destinations.app]\ntype = \"otlp\"\nendpoint = \"https://logs.example.com\"\n";
        for (key, value, text) in [
            ("stack", "a2", "[tags]\nteam = \"x\"\nstack = \"a2\"\n".to_owned()),
            ("stack", "a2", format!("{http}[destinations.app.headers]\nstack = \"a2\"\n")),
            ("profile", "work", format!("{otlp}[destinations.app.headers]\nprofile = \"work\"\n")),
            ("region", "eu-west-1", "[tags]\nregion = \"eu-west-1\"\n".to_owned()),
            ("stack", "a2", "[[subscriptions]]\ntags = { stack = \"a2\" }\n".to_owned()),
        ] {
            for removes in [&["teardown"][..], &["unsubscribe", "--all"]] {
                assert_eq!(checked(removes, &text), Err(Code::Config), "{text}");
                let flag = format!("--{key}");
                assert_eq!(checked(&[removes, &[&flag, value]].concat(), &text), Ok(0), "{text}");
                assert_eq!(checked(removes, &format!("{key} = \"{value}\"\n{text}")), Ok(0), "{text}");
            }
            assert_eq!(checked(&["status"], &text), Ok(1), "{text}");
            assert_eq!(checked(&["setup"], &text), Ok(1), "{text}");
        }
        let other = "[tags]\nregion = \"emea\"\n[destinations.stack]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = { env = \"X\" }\n";
        assert_eq!(checked(&["teardown"], other), Ok(0));
    }
}
