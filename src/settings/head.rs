//! What the head of a plan shows of flags and file: the log services, where their secrets are, and every setting that
//! was given.

use cwl2le_forwarder::config::{Config, Destination};
use serde_json::{Value, json};

use super::destinations::{TOKEN, is_default, token_place};
use super::file::File;
use super::merge;
use super::origin::{first, flag};
use super::secrets::Source;
use super::service::URLS;
use super::wanted::Wanted;
use crate::flags::{DestinationArgs, TOKEN_VARIABLE};
use crate::resources::Stack;
use crate::resources::{Head, HeadRow, Observed, Origin, Over, whole_config};

/// The head of the plan of a stack, behind `first_rows`.
pub(crate) fn head(
    first_rows: Vec<HeadRow>,
    args: &Wanted,
    file: Option<&File>,
    stack: &Stack,
    observed: &Observed,
) -> Head {
    let mut rows = first_rows;
    let is = whole_config(observed).ok().flatten().map(|whole| whole.config);
    if let Some(config) = stack.function.config.as_ref().or(is.as_ref()) {
        for (name, destination) in &config.destinations {
            rows.extend(log_service(name, destination, config, &args.destination, file, is.as_ref()));
        }
    }
    rows.extend(merge::with_file(args, file).1);
    Head(rows)
}

/// A destination, and each of its secrets.
fn log_service(
    name: &str,
    destination: &Destination,
    config: &Config,
    args: &DestinationArgs,
    file: Option<&File>,
    is: Option<&Config>,
) -> Vec<HeadRow> {
    let is_the_flags = match file.filter(|file| file.has_destinations()) {
        Some(file) => is_default(file, name),
        None => config.default_destination().is_none_or(|default| default == name),
    };
    let section = file.and_then(|file| {
        let service = file.contents.destinations.as_ref()?.get(name)?;
        Some((file, service))
    });
    let in_file = section.map(|(file, _)| {
        Origin::File(file.document.place(&file.document.span(&format!("destinations.{name}"))))
    });
    let was = is.and_then(|config| config.destinations.get(name));
    let otherwise = in_file.clone().or_else(|| was.map(|_| Origin::Account)).unwrap_or(Origin::Default);
    let given = |is: bool| (is && is_the_flags).then_some(());
    let address = [
        (flag("logentries-endpoint"), given(args.logentries_endpoint.is_some())),
        (flag("logentries-region"), given(args.logentries_region.is_some())),
        (otherwise.clone(), Some(())),
    ];
    let origin = first(address).map_or(Origin::Default, |((), origin)| origin);
    let value = Some(what_and_where(destination));
    let lost = |origin: &Origin| Some(Over { value: None, origin: origin.clone() });
    let over = in_file.as_ref().filter(|place| **place != origin).and_then(lost);
    let mut rows = vec![HeadRow { name: format!("destination {name}"), value, origin, over }];
    for (key, reference) in destination.secrets() {
        let by_flag = token_place(args).filter(|_| is_the_flags && key == TOKEN).map(|(_, origin)| origin);
        let in_file = section.and_then(|(file, service)| {
            let secret = service.secrets().find(|secret| secret.key == key)?;
            Some(match secret.source {
                Source::Env(name) => Origin::Variable(name),
                Source::File(path) => Origin::SecretFile(path.display().to_string()),
                Source::Kept(kept) => Origin::Store(kept.reference.to_string()),
                Source::Inline(_) => Origin::File(file.document.place(&file.document.span_of(name, &key))),
            })
        });
        let kept = reference.map(|reference| Origin::Store(reference.to_string()));
        // A URL that stands here is shown above, as far as it may be.
        let is_kept = kept.is_some() || !matches!(in_file, None | Some(Origin::File(_)));
        if URLS.contains(&key.as_str()) && !is_kept {
            continue;
        }
        let variable = Origin::Variable(TOKEN_VARIABLE.to_owned());
        let by_variable = args.token_variable.as_ref().map(|_| &variable);
        let by_variable = by_variable.filter(|_| by_flag.as_ref().is_some_and(|origin| *origin != variable));
        let over = by_flag.as_ref().and(by_variable.or(in_file.as_ref())).and_then(lost);
        let origin = by_flag.or(in_file).or(kept).unwrap_or_else(|| otherwise.clone());
        rows.push(HeadRow { name: format!("{key} of {name}"), value: None, origin, over });
    }
    rows
}

/// Its type, and its region or address. A path may hold a secret, and so may what stands before an `@`.
pub(crate) fn what_and_where(destination: &Destination) -> String {
    let keys = json!(destination);
    let place = ["region", "endpoint", "url"].iter().find_map(|key| keys.get(key).and_then(Value::as_str));
    let place = place.map(|place| {
        let (scheme, rest) = place.split_once("://").unwrap_or(("", place));
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
    });
    [Some(destination.type_name().to_owned()), place].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::describe_tests::account;
    use super::super::tests::{TOKEN as UUID, flags as wanted, parse, stack};
    use super::*;

    fn shown(flags: &[&str], text: &str, observed: &Observed) -> String {
        let file = parse(text).expect("a file");
        let stack = stack(flags, text, observed).expect("a stack");
        let head = head(Vec::new(), &wanted(flags), Some(&file), &stack, observed);
        let json = serde_json::to_string(&head).expect("JSON");
        assert!(!json.contains(UUID) && !head.to_string().contains(UUID));
        head.to_string()
    }

    #[test]
    fn every_value_is_shown_with_its_place_and_no_secret_with_its_value() {
        let none = Observed::default();
        let text = "[destinations.app]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = { ssm = \"/app\" }\n\
                    [destinations.audit]\ntype = \"http\"\nurl = \"https://audit.example.com/hunter2?key=hunter3\"\n\
                    headers = { Authorization = { secretsmanager = \"audit#key\" }, X-Team = \"payments\" }\n\
                    [stream]\nshards = 2\n[function]\nmemory = 512\n[tags]\nteam = \"a\"\n";
        let of_file = shown(&["--shards", "4"], &format!("default_destination = \"app\"\n{text}"), &none);
        insta::assert_snapshot!("of_the_file", of_file);
        let by_flags = shown(&["--token", UUID, "--logentries-region", "au", "--on-demand"], "", &none);
        insta::assert_snapshot!("of_flags", by_flags);
        // The file's variable need not be set then.
        let text = "[destinations.app]\ntype = \"logentries\"\nregion = \"eu\"\ntoken = { env = \"NOT_SET\" }\n\
                    [stream]\nshards = 2\n[tags]\nteam = \"a\"\n";
        let flags = ["--token", UUID, "--logentries-region", "au", "--shards", "4", "--tag", "team=b"];
        insta::assert_snapshot!("of_flags_over_the_file", shown(&flags, text, &none));
        let (there, _) = account(&stack(&["--token", UUID], "", &none).expect("a stack"));
        insta::assert_snapshot!("of_the_account", shown(&[], "", &there));
        insta::assert_snapshot!("of_the_default", shown(&["--token", UUID], "", &none));
    }

    #[test]
    fn a_header_that_a_file_gives_is_shown_with_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let secret = folder.path().join("sso.json");
        std::fs::write(&secret, "hunter2hunter").expect("a file");
        let text = format!(
            "[destinations.audit]\ntype = \"http\"\nurl = \"https://h/x\"\nheaders = {{ X-Team = {{ file = '{}' }} }}\n",
            secret.display()
        );
        let shown = shown(&[], &text, &Observed::default());
        let row = shown.lines().find(|line| line.contains("headers.X-Team of audit")).expect("a row");
        assert!(row.contains("sso.json") && !shown.contains("hunter2hunter"), "{shown}");
    }
}
