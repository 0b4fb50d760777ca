//! What `--keep` says: how to look around in what keeps running.

use cwl2le_local::Credentials;

use super::application::BUNYAN_GROUP;
use crate::output::style::{BOLD, DIM, TYPED};
use crate::output::{Next, wrapped};

/// The commands that point another shell at the local AWS, and what to try there. Text wraps at `width`; the commands
/// do not, so that they can be copied.
pub(super) fn how_to_look_around(endpoint: &str, region: &str, keys: &Credentials, width: usize) -> String {
    let exports = [
        // The local AWS does not know them, and some tools prefer them to the keys below.
        "unset AWS_PROFILE AWS_SESSION_TOKEN".to_owned(),
        // They would choose another stack or another file.
        "unset CWL2LE_STACK CWL2LE_CONFIG_FILE CWL2LE_ENV".to_owned(),
        format!("export AWS_ENDPOINT_URL={endpoint}"),
        format!("export AWS_REGION={region}"),
        format!("export AWS_DEFAULT_REGION={region}"),
        format!("export AWS_ACCESS_KEY_ID={}", keys.access_key_id),
        format!("export AWS_SECRET_ACCESS_KEY={}", keys.secret_access_key),
    ];
    let exports = exports.map(|line| format!("{TYPED}{line}{TYPED:#}")).join("\n");
    let next = Next::new()
        .then("cwl2le status", "see whether logs flow")
        .then("cwl2le test", "send a line; it appears below")
        .then(format!("cwl2le preview -g {BUNYAN_GROUP}"), "see what is sent of a log group");
    let text = |text: &str| wrapped(text, width).collect::<Vec<_>>().join("\n");
    let intro = text(&format!(
        "{BOLD}Everything keeps running.{BOLD:#} To look around, open another terminal in an empty folder and paste:"
    ));
    let tools = text("The AWS CLI works there, too. Ctrl-C here stops the demo and deletes everything.");
    let warning = text(&format!(
        "{DIM}Do not share these keys: functions run as processes of yours, so whoever has the keys can run programs \
         as you.{DIM:#}"
    ));
    format!("{intro}\n\n{exports}\n\n{warning}\n\n{next}\n\n{tools}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_that_are_shown_can_be_copied() {
        let keys = Credentials { access_key_id: "test".to_owned(), secret_access_key: "x".repeat(40) };
        let text = how_to_look_around("http://127.0.0.1:40123", "ap-northeast-1", &keys, 60);
        let plain = text.replace(&TYPED.to_string(), "").replace(&format!("{TYPED:#}"), "");
        let exports: Vec<_> = plain.lines().filter(|line| line.starts_with("export ")).collect();
        assert_eq!(exports.len(), 5, "{plain}");
        for export in exports {
            let words = shlex::split(export).unwrap_or_default();
            assert!(words.len() == 2 && words[1].contains('='), "{export}");
        }
        // What comes next fits the window of the test.
        let prose = plain.lines().take_while(|line| !line.contains("Next"));
        for line in prose.filter(|line| !line.starts_with("export ")) {
            assert!(crate::output::columns(line) <= 60, "{line}");
        }
    }
}
