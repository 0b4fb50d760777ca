//! Why a function does not start, in words, and what to do about it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::aws::error::CANNOT_START;
use crate::error::{Code, Error};

/// An invocation that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    /// The type of the error, such as `Runtime.ExitError`.
    pub(crate) kind: String,
    /// What the forwarder or Lambda says.
    pub(crate) message: String,
    /// The end of the invocation's log: up to 4 KB.
    tail: String,
}

impl Failed {
    /// Reads Lambda's answer: `{"errorType": ..., "errorMessage": ...}`, and the end of the log in base64.
    pub(crate) fn read(payload: &[u8], log: &str) -> Self {
        let answer: Value = serde_json::from_slice(payload).unwrap_or_default();
        let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        let tail = STANDARD.decode(log).unwrap_or_default();
        let tail = String::from_utf8_lossy(&tail).into_owned();
        let message = Some(text("errorMessage")).filter(|message| !message.is_empty());
        let message = message.unwrap_or_else(|| "Lambda gave no reason".to_owned());
        Self { kind: text("errorType"), message, tail }
    }

    /// The forwarder's own last words in the log. Where the process ends by itself, Lambda knows no more than that.
    fn last_error(&self) -> Option<&str> {
        let of_ours = |line: &&str| line.starts_with("ERROR ") || line.contains("\"level\":\"ERROR\"");
        self.tail.lines().map(str::trim).rfind(of_ours)
    }

    /// What Lambda says and, where that is little, what the forwarder's log says.
    pub(crate) fn reason(&self) -> String {
        let own = self.last_error().filter(|line| !line.contains(&self.message) && self.kind != CANNOT_START);
        let own = own.map(|line| format!("; its log says: {line}")).unwrap_or_default();
        let kind = match self.kind.as_str() {
            "" | CANNOT_START => String::new(),
            kind => format!("{kind}: "),
        };
        format!("{kind}{}{own}", self.message)
    }

    fn says(&self, fragment: &str) -> bool {
        // Where the forwarder itself gives the reason, earlier lines of the log do not matter.
        let tail = if self.kind == CANNOT_START { "" } else { &self.tail };
        [&self.kind, &self.message, tail].iter().any(|text| text.contains(fragment))
    }
}

/// What Lambda or the forwarder says, and what helps. The first that matches decides.
const HINTS: &[(&str, &str)] = &[
    (
        "AccessDenied",
        "let the function's role read it: give the ARN of the customer-managed key that encrypts it as `kms_key`, and look \
         for a permissions boundary, a policy of the secret or key, or a policy of the organization that denies it",
    ),
    ("NotFound", "create it in the function's region, or fix its name in the configuration"),
    (
        "exec format error",
        "the forwarder was built for another processor than the function has: leave out --arch and --forwarder-zip, or give those that \
         belong together",
    ),
    (
        "GLIBC",
        "the forwarder needs a newer C library than Lambda has: use the one bundled with cwl2le, or build it with \
         `cargo zigbuild --target x86_64-unknown-linux-gnu.2.34`",
    ),
    ("signal: killed", "the function ran out of memory: give it more with --memory"),
    ("OutOfMemory", "the function ran out of memory: give it more with --memory"),
    (
        "a function in a VPC needs",
        "`cwl2le doctor --pre --only network`, with the same flags, names the route or the endpoint that is missing",
    ),
    (
        "timed out",
        "give the function more time with --timeout; in a VPC it needs a NAT gateway, or interface endpoints of the services \
         that it reads secrets from",
    ),
    (
        "failed: connect",
        "in a VPC the function needs a NAT gateway, or interface endpoints of the services that it reads secrets from",
    ),
    (
        "ca_file",
        "the file must be inside the function's zip; `ca = { file = \"ca.pem\" }` in cwl2le.toml needs none",
    ),
    (CANNOT_START, "fix what the message says"),
];

/// The error to end with; `tail` is the command that shows the function's log.
pub(crate) fn error(function: &str, failed: &Failed, tail: &str) -> Error {
    let hint = HINTS.iter().find(|(fragment, _)| failed.says(fragment)).map(|(_, hint)| (*hint).to_owned());
    let hint = hint.unwrap_or_else(|| format!("read its log with `{tail}`"));
    Error::new(Code::CannotStart, format!("the function `{function}` cannot start: {}", failed.reason()))
        .on(function)
        .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(payload: &str, log: &str) -> (String, String) {
        let failed = Failed::read(payload.as_bytes(), &STANDARD.encode(log));
        let error = error("f", &failed, "cwl2le logs --since 10m");
        assert_eq!((error.code, error.resource.as_deref()), (Code::CannotStart, Some("f")));
        (error.message, error.hint.unwrap_or_default())
    }

    /// Payloads as Lambda sends them: see "Troubleshoot invocation issues in Lambda" in AWS's guide.
    #[test]
    fn every_reason_has_its_words_and_what_helps() {
        for (payload, log, message, hint) in [
            (
                r#"{"errorType":"Cwl2le.InvalidConfiguration","errorMessage":"CWL2LE_CONFIG is not valid: x"}"#,
                "ERROR CWL2LE_CONFIG is not valid: x\n",
                "cannot start: CWL2LE_CONFIG is not valid: x",
                "fix what the message says",
            ),
            (
                r#"{"errorType":"Cwl2le.InvalidConfiguration","errorMessage":"SSM parameter `/t` cannot be read: AccessDeniedException"}"#,
                "",
                "SSM parameter `/t` cannot be read",
                "`kms_key`",
            ),
            (
                r#"{"errorType":"Cwl2le.InvalidConfiguration","errorMessage":"SSM parameter `/t` cannot be read: ParameterNotFound"}"#,
                "",
                "ParameterNotFound",
                "create it",
            ),
            (
                r#"{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: 1 Error: fork/exec /var/task/bootstrap: exec format error"}"#,
                "",
                "Runtime.InvalidEntrypoint: RequestId: 1",
                "another processor",
            ),
            (
                r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 1 Error: Runtime exited with error: exit status 1"}"#,
                "START\n/var/task/bootstrap: /lib64/libc.so.6: version `GLIBC_2.38' not found\nEND\n",
                "exit status 1",
                "newer C library",
            ),
            (
                r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 1 Error: Runtime exited with error: signal: killed"}"#,
                "",
                "signal: killed",
                "--memory",
            ),
            (
                r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 1 Error: Task timed out after 10.00 seconds"}"#,
                "",
                "timed out after 10.00 seconds",
                "--timeout",
            ),
            (
                r#"{"errorType":"Runtime.ExitError","errorMessage":"Runtime exited"}"#,
                "START\nERROR internal error; please report this place=\"x\"\nEND\n",
                "Runtime exited; its log says: ERROR internal error",
                "cwl2le logs --since 10m",
            ),
            ("null", "", "Lambda gave no reason", "cwl2le logs"),
        ] {
            let (found, helps) = said(payload, log);
            assert!(found.contains(message) && helps.contains(hint), "{found} / {helps}");
        }
    }

    #[test]
    fn what_the_forwarder_says_is_said_once() {
        let reason = "CWL2LE_CONFIG is not valid: x";
        let payload = format!(r#"{{"errorType":"{CANNOT_START}","errorMessage":"{reason}"}}"#);
        let (found, _) = said(&payload, &format!("ERROR {reason}\n"));
        assert_eq!(found.matches(reason).count(), 1, "{found}");
    }
}
