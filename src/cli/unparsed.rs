//! What is printed of flags that do not parse.

use std::io::Write;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue};
use cwl2le_forwarder::secret::redact_uuids;

use super::Cli;
use crate::error::{Code, Error};
use crate::exit::Exit;

/// Prints what clap says of flags that do not parse, or help and version, where it belongs; as JSON where the flags ask
/// for JSON, though they could not be parsed.
///
/// Clap quotes what it refuses, and that may be a token in the wrong place.
pub fn unparsed(mut error: clap::Error, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Exit {
    if !error.use_stderr() {
        // A closed pipe, as with `| head`, is no error.
        let _ = error.print();
        return Exit::Success;
    }
    let args: Vec<String> = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    name_variable(&mut error, &args, |name| std::env::var_os(name).is_some());
    let said = error.render().to_string();
    let clean = redact_uuids(&said);
    if asks_for_json(args.into_iter(), std::env::var("CWL2LE_OUTPUT").ok().as_deref()) {
        let text = clean.trim().strip_prefix("error: ").unwrap_or(clean.trim());
        let (message, rest) = text.split_once("\n\n").unwrap_or((text, "see `cwl2le --help`"));
        let document =
            serde_json::json!({"error": Error::new(Code::Usage, message.trim()).hint(rest.trim())});
        let _ = writeln!(stdout, "{document:#}");
    }
    // Clap itself knows about colours.
    let _ = if clean == said { error.print() } else { stderr.write_all(clean.as_bytes()) };
    Exit::Usage
}

/// Names the variable where the value that does not parse comes from one: clap names the flag that it stands for.
fn name_variable(error: &mut clap::Error, args: &[String], is_set: impl Fn(&str) -> bool) {
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else { return };
    let mut command = Cli::command();
    command.build();
    let flags =
        command.get_arguments().chain(command.get_subcommands().flat_map(clap::Command::get_arguments));
    let Some(flag) = flags.into_iter().find(|flag| flag.get_env().is_some() && flag.to_string() == *named)
    else {
        return;
    };
    let is_given = |arg: &String| {
        let rest = arg.strip_prefix("--").zip(flag.get_long()).and_then(|(arg, long)| arg.strip_prefix(long));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    let variable = flag.get_env().and_then(std::ffi::OsStr::to_str).filter(|name| is_set(name));
    if let Some(variable) = variable.filter(|_| !args.iter().any(is_given)) {
        error.insert(ContextKind::InvalidArg, ContextValue::String(variable.to_owned()));
    }
}

/// Whether flags that do not parse ask for JSON: the last `--output` counts, then the environment.
fn asks_for_json(args: impl Iterator<Item = String>, environment: Option<&str>) -> bool {
    let args: Vec<String> = args.take_while(|arg| arg != "--").collect();
    let flag = args.iter().enumerate().rev().find_map(|(at, arg)| match arg.strip_prefix("--output") {
        Some("") => args.get(at + 1).map(String::as_str),
        Some(value) => value.strip_prefix('='),
        None => None,
    });
    flag.or(environment) == Some("json")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn a_value_of_a_variable_is_named_by_it() {
        let refused = |args: &[&str], is_set: bool| {
            let mut error = Cli::try_parse_from(args).expect_err("no number");
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            name_variable(&mut error, &args, |name| is_set && name == "CWL2LE_PATIENCE");
            error.render().to_string()
        };
        let by_flag = refused(&["cwl2le", "status", "--patience", "soon"], true);
        assert!(by_flag.contains("'soon' for '--patience <SECONDS>'"), "{by_flag}");
        let by_flag = refused(&["cwl2le", "status", "--patience=soon"], true);
        assert!(by_flag.contains("'soon' for '--patience <SECONDS>'"), "{by_flag}");
    }

    #[test]
    fn json_is_asked_for_by_the_last_flag_else_by_the_environment() {
        let asks =
            |args: &[&str], environment| asks_for_json(args.iter().map(|a| (*a).to_owned()), environment);
        assert!(asks(&["cwl2le", "--output", "json", "setup", "--nope"], None));
        assert!(asks(&["cwl2le", "setup", "--output=json"], Some("text")));
        assert!(asks(&["cwl2le", "setup", "--nope"], Some("json")));
        assert!(!asks(&["cwl2le", "--output=json", "--output", "text"], Some("json")));
        assert!(!asks(&["cwl2le", "setup", "--", "--output=json"], None));
        assert!(!asks(&["cwl2le", "setup", "--output"], None));
    }
}
