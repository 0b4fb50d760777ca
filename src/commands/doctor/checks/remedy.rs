//! What to do about each kind of failure of a delivery.

use cwl2le_forwarder::config::Destination;
use cwl2le_forwarder::net::FailureKind;
use cwl2le_forwarder::secret::reference::{Keeper, Reference};

use super::super::finding::{Command, Finding};

/// What a remedy depends on besides the failure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The destination's name.
    pub(super) name: &'a str,
    /// Its settings, as the forwarder has them.
    pub(super) settings: &'a Destination,
    /// The path of the configuration file, if that says where logs go.
    pub(super) file: Option<&'a str>,
    /// The timeout of the function that serves it, in seconds.
    pub(super) timeout: u32,
    /// How many invocations serve a shard at the same time.
    pub(super) at_once: u32,
}

/// Maximum timeout of a Lambda function, in seconds.
const LONGEST_TIMEOUT: u32 = 900;
/// What tells the service from the network of the function.
const FROM_HERE: [&str; 4] = ["doctor", "--only", "service-answers", "--probe"];

impl Place<'_> {
    /// Adds to a finding what a failure of this kind means and which command helps.
    pub(super) fn remedy(&self, kind: FailureKind, finding: Finding) -> Finding {
        use FailureKind as Kind;
        let vpc = "a function in a VPC needs";
        match kind {
            Kind::Dns => finding
                .advise(format!("check the host name in {}; {vpc} a resolver that knows it", self.setting("endpoint")))
                .fix(Command::own(FROM_HERE)),
            Kind::Connect => finding
                .advise(format!(
                    "start the service, or correct {}; {vpc} a NAT gateway and a security group that lets it out",
                    self.setting("endpoint")
                ))
                .fix(Command::own(FROM_HERE)),
            Kind::Handshake => finding
                .advise(format!(
                    "see that the port of {} speaks TLS, and that nothing on the way takes TLS apart",
                    self.setting("endpoint")
                ))
                .fix(Command::own(FROM_HERE)),
            Kind::Certificate => self.change(
                finding,
                "ca_file",
                "have the service renew its certificate, or name the file with the authority to trust",
                &["--logentries-ca-file", "FILE"],
            ),
            Kind::Reset | Kind::Closed => finding
                .advise(format!(
                    "see in the service's own log why it ends connections: a wrong port or protocol in {}, a limit of \
                     connections, a restart",
                    self.setting("endpoint")
                ))
                .fix(Command::own(FROM_HERE)),
            Kind::Stalled => finding
                .advise("the service or something on the way to it takes no bytes: see whether it is overloaded")
                .fix(Command::own(FROM_HERE)),
            Kind::Deadline => {
                let timeout = self.timeout.saturating_mul(2).min(LONGEST_TIMEOUT);
                let finding = finding.advise("the service is too slow for the time of an invocation");
                if timeout == self.timeout {
                    return finding.advise("the service is too slow, and the function has all the time there is");
                }
                finding.fix(Command::own(["setup", "--timeout", &timeout.to_string(), "--yes"]))
            }
            Kind::Throttled if self.at_once > 1 => finding
                .advise("the service limits the rate: ask for a higher limit, or send to it from fewer invocations at once")
                .fix(Command::own(["setup", "--parallelization", &(self.at_once / 2).to_string(), "--yes"])),
            Kind::Throttled => finding.advise(
                "the service limits the rate: ask for a higher limit, or drop or sample events with `[[routes]]`",
            ),
            Kind::Unavailable => finding
                .advise("the service fails: see its status page; the forwarder tries again by itself until records expire")
                .fix(Command::own(["status"])),
            Kind::Unauthorized => self.rotate(finding),
            Kind::Refused => finding.advise(format!(
                "the service refuses the request itself and no single event: its answer above says why; correct {}",
                self.setting("the address and headers")
            )),
            Kind::Unsupported => finding
                .advise(format!("correct {}", self.setting("the settings")))
                .fix(Command::own(["plan"])),
        }
    }

    /// Where a setting of the destination stands.
    fn setting(&self, key: &str) -> String {
        match self.file {
            Some(file) => format!("{key} of [destinations.{}] in {file}", self.name),
            None => format!("{key} of destination `{}`", self.name),
        }
    }

    /// A new value for a setting: in the file, or by a flag.
    fn change(&self, finding: Finding, key: &str, why: &str, flag: &[&str]) -> Finding {
        match self.file {
            Some(file) => finding
                .advise(format!("{why}: `{key}` of [destinations.{}] in {file}; then", self.name))
                .fix(Command::setup()),
            None => finding.advise(why).fix(Command::own([&["setup"], flag, &["--yes"]].concat())),
        }
    }

    /// A new secret, where it is kept.
    fn rotate(&self, finding: Finding) -> Finding {
        let why = "the service does not accept the token: put a valid one in place of FILE";
        let mut kept = self.settings.secrets().into_iter().filter_map(|(_, reference)| reference);
        match kept.next() {
            Some(reference) => finding.advise(why).fix(put(&reference)),
            None if self.file.is_some() => self.change(
                finding,
                "token",
                "the service does not accept the token or key; give a valid one",
                &[],
            ),
            None => finding.advise(why).fix(Command::own(["setup", "--token-file", "FILE", "--yes"])),
        }
    }
}

/// The command that puts another value where a secret is kept.
fn put(reference: &Reference) -> Command {
    let name = reference.name.as_str();
    match reference.keeper {
        Keeper::Ssm => {
            let args = ["ssm", "put-parameter", "--name", name, "--type", "SecureString", "--overwrite"];
            Command::aws([&args[..], &["--value", "file://FILE"]].concat())
        }
        Keeper::SecretsManager => {
            let args = ["secretsmanager", "put-secret-value", "--secret-id", name];
            Command::aws([&args[..], &["--secret-string", "file://FILE"]].concat())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(token: serde_json::Value) -> Destination {
        let keys = json!({"type": "logentries", "region": "eu", "token": token});
        serde_json::from_value(keys).expect("a destination")
    }

    fn of(kind: FailureKind, change: impl Fn(&mut Place<'_>)) -> (String, Vec<String>) {
        let settings = settings(json!("01234567-89ab-cdef-0123-456789abcdef"));
        let mut place = Place { name: "app", settings: &settings, file: None, timeout: 60, at_once: 1 };
        change(&mut place);
        told(&place.remedy(kind, Finding::fault("x")))
    }

    fn told(finding: &Finding) -> (String, Vec<String>) {
        let fix = finding.fix.iter().map(|command| match command {
            Command::Own(args) => format!("cwl2le {}", args.join(" ")),
            Command::Aws(args) => format!("aws {}", args.join(" ")),
            Command::OnCallPolicy => "the policy".to_owned(),
        });
        (finding.advice.clone().unwrap_or_default(), fix.collect())
    }

    #[test]
    fn every_kind_of_failure_has_its_remedy() {
        let all = FailureKind::ALL.map(|kind| {
            let (advice, fix) = of(kind, |_| ());
            assert!(!advice.is_empty(), "{}", kind.name());
            format!("{}: {advice}\n  {}", kind.name(), fix.join("\n  "))
        });
        insta::assert_snapshot!("remedies", all.join("\n"));
    }

    #[test]
    fn a_secret_is_put_where_it_is_kept() {
        let fix = |token: serde_json::Value, file: Option<&str>| {
            let settings = settings(token);
            let place = Place { name: "app", settings: &settings, file, timeout: 60, at_once: 1 };
            told(&place.remedy(FailureKind::Unauthorized, Finding::fault("x"))).1
        };
        assert_eq!(
            fix(json!({"ssm": "/app/token"}), Some("cwl2le.toml")),
            ["aws ssm put-parameter --name /app/token --type SecureString --overwrite --value file://FILE"]
        );
        assert_eq!(
            fix(json!({"secretsmanager": "app#token"}), None),
            ["aws secretsmanager put-secret-value --secret-id app --secret-string file://FILE"]
        );
        let inline = json!("01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!(fix(inline.clone(), None), ["cwl2le setup --token-file FILE --yes"]);
        assert_eq!(fix(inline, Some("cwl2le.toml")), ["cwl2le setup --yes"]);
    }

    #[test]
    fn time_and_rate_are_changed_as_far_as_they_go() {
        let deadline = |timeout| of(FailureKind::Deadline, |place| place.timeout = timeout).1;
        assert_eq!(deadline(60), ["cwl2le setup --timeout 120 --yes"]);
        assert_eq!(deadline(600), ["cwl2le setup --timeout 900 --yes"]);
        assert_eq!(deadline(900), [""; 0]);
        let throttled = |at_once| of(FailureKind::Throttled, |place| place.at_once = at_once).1;
        assert_eq!(throttled(4), ["cwl2le setup --parallelization 2 --yes"]);
        assert_eq!(throttled(1), [""; 0]);
    }
}
