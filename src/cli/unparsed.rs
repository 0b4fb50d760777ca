//! What is printed of flags that do not parse.

use crate::error::{Code, Error};
use crate::exit::Exit;

/// Prints what clap says of flags that do not parse, or help and version, where it belongs; as JSON where the flags ask
/// for JSON, though they could not be parsed.
pub fn unparsed(error: &clap::Error, stdout: &mut dyn std::io::Write) -> Exit {
    if !error.use_stderr() {
        // A closed pipe, as with `| head`, is no error.
        let _ = error.print();
        return Exit::Success;
    }
    if asks_for_json(std::env::args(), std::env::var("CWL2LE_OUTPUT").ok().as_deref()) {
        let text = error.render().to_string();
        let text = text.trim().strip_prefix("error: ").unwrap_or(text.trim());
        let (message, rest) = text.split_once("\n\n").unwrap_or((text, "see `cwl2le --help`"));
        let document =
            serde_json::json!({"error": Error::new(Code::Usage, message.trim()).hint(rest.trim())});
        let _ = writeln!(stdout, "{document:#}");
    }
    let _ = error.print();
    Exit::Usage
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
    use super::*;

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
