//! A configuration file as a plan file has it: what it says with the chosen environment, without any secret.

use std::path::Path;

use serde_json::{Value, json};

use super::file::File;
use super::secrets::Source;
use super::service::is_telling;
use crate::error::{Code, Error, Result};

/// How to keep a secret elsewhere.
const ELSEWHERE: &str = "keep it elsewhere: { env = \"NAME\" }, { file = \"PATH\" }, { ssm = \"/NAME\" } or { secretsmanager = \"NAME\" }";

impl File {
    /// What it says.
    ///
    /// # Errors
    /// [`Code::Config`]: a secret is in it.
    pub(crate) fn to_json(&self) -> Result<Value> {
        for (name, service) in self.contents.destinations.iter().flatten() {
            let is_here = |source: &Source, key: &str| match source {
                Source::Inline(text) => is_telling(key, text.expose()),
                _ => false,
            };
            let secret = service.secrets().find(|secret| is_here(&secret.source, &secret.key));
            if let Some(secret) = secret {
                let problem = format!(
                    "`{}` of `{name}` is in the file itself, and no plan file holds a secret",
                    secret.key
                );
                return Err(self.error(&self.document.span_of(name, &secret.key), &problem, ELSEWHERE));
            }
        }
        Ok(json!(self.document.table().unwrap_or_default()))
    }

    /// The file at `path` that says this. Its lines are not known, and a path in it counts from where `path` does.
    ///
    /// # Errors
    /// [`Code::Config`]: it says what cannot be.
    pub(crate) fn of_json(path: &Path, environment: Option<&str>, settings: &Value) -> Result<Self> {
        let unusable = || Error::new(Code::Config, "the configuration in the plan file cannot be read");
        let table = toml::Table::try_from(settings).map_err(|_| unusable())?;
        let text = toml::to_string(&table).map_err(|_| unusable())?;
        let mut file = Self::parse(path, text).map_err(|_| unusable())?;
        file.document.environment = environment.map(ToOwned::to_owned);
        file.document.has_lines = false;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;
    use super::*;

    #[test]
    fn a_file_says_the_same_when_it_is_read_again() {
        let text = "stack = \"blue\"\nregion = \"eu-west-1\"\n[stream]\nshards = 2\n[tags]\nteam = \"a\"\n\
                    [destinations.app]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = { env = \"NOT_SET\" }\n\
                    [[subscriptions]]\nmatch = [\"/aws/*\"]\n[env.prod]\nstack = \"prod\"\n";
        let file = parse(text).expect("a file");
        let settings = file.to_json().expect("no secret");
        assert!(settings.get("env").is_none(), "{settings}");
        let again = File::of_json(Path::new("../cwl2le.toml"), Some("prod"), &settings).expect("a file");
        assert_eq!(again.to_json(), Ok(settings));
        assert_eq!((again.environment(), again.stack()), (Some("prod"), file.stack()));
        assert_eq!(again.document.place(&again.document.span("stream.shards")), "../cwl2le.toml");
        for broken in [json!({"stream": {"shards": "many"}}), json!([1])] {
            let error = File::of_json(Path::new("cwl2le.toml"), None, &broken).expect_err("refused");
            assert_eq!(error.code, Code::Config);
        }
    }

    #[test]
    fn a_secret_in_the_file_is_refused_by_its_place() {
        let secret = "0e2b1d54-95a3-4a08-9b5e-d8c2a2a3a4b5";
        let file = parse(&format!(
            "[destinations.app]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = \"{secret}\"\n"
        ));
        let error = file.expect("a file").to_json().expect_err("refused");
        assert!(
            error.message.starts_with("cwl2le.toml:4:9: `token` of `app` is in the file itself"),
            "{error}"
        );
        assert!(!format!("{error:?}").contains(secret));
        let plain = "[destinations.a]\ntype = \"http\"\nurl = \"https://h/x\"\nheaders = { X-Scope-OrgID = \"one\" }\n";
        assert!(parse(plain).expect("a file").to_json().is_ok());
    }
}
