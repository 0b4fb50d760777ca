//! The forwarder's configuration, out of the file, the flags and what the function has.

use std::collections::BTreeSet;

use cwl2le_forwarder::config::{self as forwarder, Config, DEFAULT_DESTINATION, Logentries, Region};
use cwl2le_forwarder::destination::Certificates;
use cwl2le_forwarder::secret::reference::{Keeper, Reference};
use cwl2le_forwarder::secret::{Secret, Token, redact_uuids};
use serde_json::{Value, json};

use super::build::Builder;
use super::file::File;
use super::origin::{first, flag};
use super::outline;
pub(crate) use super::outline::anywhere;
use super::placeholder::{self, is_placeholder};
use super::secrets::{Kept, can_be_read_again, named, parameter_arn, read_token, secret_arn};
use super::service::{self, CA, is_telling};
use super::stand_ins::StandIns;
use crate::error::{Code, Error, Result, listed};
use crate::flags::{DestinationArgs, TOKEN_VARIABLE};
use crate::resources::role::documents::{self, Grants};
use crate::resources::{NO_TOKEN, NO_TOKEN_HINT, Observed, Origin, current_config, whole_config};
use crate::stack::{Names, Target};

/// The key whose secret the flags can give.
pub(super) const TOKEN: &str = "token";

/// What the function has now, where that can be read.
pub(crate) fn current(observed: &Observed) -> Option<Config> {
    whole_config(observed).ok().flatten().map(|whole| whole.config)
}

/// The destinations that are to have a function of their own: as the file has it, else as it is.
pub(super) fn isolated(file: Option<&File>, observed: &Observed) -> BTreeSet<String> {
    let Some(services) = file.and_then(|file| file.contents.destinations.as_ref()) else {
        return whole_config(observed).ok().flatten().map(|whole| whole.isolated).unwrap_or_default();
    };
    let isolated = services.iter().filter(|(_, service)| service.is_isolated());
    isolated.map(|(name, _)| name.clone()).collect()
}

/// What the file wants the function to do, without any token: for looking at it. `None` where the file says nothing
/// of it.
pub(crate) fn outline(file: &File) -> Result<Option<Config>> {
    if file.contents.destinations.is_none() {
        return Ok(None);
    }
    let mut config = Config::default();
    outline::describe(&file.document, &file.contents, &mut config, |_, secret| {
        outline::stand_in(&file.document, secret)
    })?;
    Ok(Some(config))
}

/// Which secrets are read that the function is handed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Secrets<'a> {
    /// All.
    Read,
    /// Those of this destination; those of the others need not be there.
    ReadOf(&'a str),
    /// None: others stand for them.
    StoodFor(&'a StandIns),
}

/// The configuration that is wanted: the file's destinations and routes, else what the function has, with the default
/// destination replaced where flags say so.
pub(crate) fn wanted(
    args: &DestinationArgs,
    file: Option<&File>,
    observed: &Observed,
    secrets: Secrets<'_>,
) -> Result<Option<Config>> {
    // Read once: it may come from standard input.
    let describes_none = file.is_none_or(|file| file.contents.destinations.is_none());
    let token = match secrets {
        Secrets::StoodFor(stand_ins) => stood_for(stand_ins, args, describes_none)?,
        Secrets::Read | Secrets::ReadOf(_) => flag_token(args)?,
    };
    let whole = whole_config(observed);
    let describes = file.filter(|file| file.contents.destinations.is_some());
    let mut base = match (&whole, describes) {
        (Ok(whole), _) => whole.as_ref().map(|whole| whole.config.clone()),
        // The file gives the destinations; what stands beside them is kept as far as the main function knows it.
        (Err(_), Some(_)) => observed.function.as_ref().and_then(current_config).map(|main| Config {
            elsewhere: BTreeSet::new(),
            schedules: Default::default(),
            ..main
        }),
        // The plan refuses to replace what nobody can read by what flags say of one destination.
        (Err(_), None) => return Ok(None),
    };
    if let Some(file) = describes {
        let config = base.get_or_insert_default();
        outline::describe(&file.document, &file.contents, config, |name, secret| match secrets {
            Secrets::ReadOf(only) if only != name => Ok(json!(anywhere())),
            // Certificates are public.
            Secrets::StoodFor(stand_ins) if secret.key != CA => Ok(stand_ins.of_file(name, secret)),
            _ => resolve(file, name, secret, token.as_ref()),
        })?;
    }
    let mut config = with_flags(args, token, base)?;
    if let (Some(config), Some(metrics)) = (&mut config, file.and_then(|file| file.contents.function.metrics))
    {
        config.metrics = metrics;
    }
    if let (Some(config), Some(endpoints)) =
        (&mut config, file.and_then(|file| file.contents.function.endpoints))
    {
        config.endpoints = endpoints;
    }
    Ok(config)
}

fn resolve(file: &File, name: &str, secret: &service::Secret, flag: Option<&Secret<Token>>) -> Result<Value> {
    // A token that a flag replaces need not be there.
    if let Some(token) = flag.filter(|_| secret.key == TOKEN && is_default(file, name)) {
        return Ok(json!(token));
    }
    let value = secret.source.resolve(file.document.folder()).map_err(|problem| {
        let key = secret.key.rsplit('.').next().unwrap_or_default();
        let place = format!("set it, or give another place: {key} = {{ env = \"NAME\" }}, {{ file = \"PATH\" }}, {{ ssm = \"/NAME\" }} or {{ secretsmanager = \"NAME\" }}");
        file.error(&file.document.span_of(name, &secret.key), &format!("{problem} (`{}` of destination `{name}`)", secret.key), place)
    })?;
    if value.as_str().is_some_and(|value| is_placeholder(value) && is_telling(&secret.key, value)) {
        let problem = format!(
            "`{}` of `{name}` is the placeholder of an example, in {}, and no secret of yours",
            secret.key, secret.source
        );
        return Err(file.error(
            &file.document.span_of(name, &secret.key),
            &problem,
            "copy it from the settings of the log service",
        ));
    }
    Ok(value)
}

/// Whether a destination of the file is the one that the flags speak of.
pub(super) fn is_default(file: &File, name: &str) -> bool {
    let contents = &file.contents;
    let only = contents.destinations.as_ref().is_some_and(|all| all.len() == 1);
    match &contents.default_destination {
        Some(default) => default == name,
        None => name == DEFAULT_DESTINATION || only,
    }
}

fn with_flags(
    args: &DestinationArgs,
    token: Option<Secret<Token>>,
    base: Option<Config>,
) -> Result<Option<Config>> {
    let name = base.as_ref().and_then(Config::default_destination).unwrap_or(DEFAULT_DESTINATION).to_owned();
    let before = base.as_ref().and_then(|config| config.destinations.get(&name));
    if args.logentries_ca_file.as_ref().is_some_and(|file| file.parse::<Token>().is_ok()) {
        let message = "--logentries-ca-file is given a token, and takes the name of a file";
        return Err(Error::new(Code::Usage, message).hint("give the token with --token-file or CWL2LE_TOKEN"));
    }
    let moves = args.logentries_region.is_some()
        || args.logentries_endpoint.is_some()
        || args.logentries_plain
        || args.logentries_ca_file.is_some()
        || args.logentries_ca.is_some();
    let before = match before {
        Some(forwarder::Destination::Logentries(logentries)) => Some(logentries.clone()),
        Some(other) => return of_another_type(&name, &other.clone(), moves, token, base),
        None => None,
    };
    // A variable may be set for another stack: it adds no destination to those that are described.
    let only_set = matches!(token_place(args), Some((_, Origin::Variable(_)))) && !moves;
    let describes_others = base.as_ref().is_some_and(|config| !config.destinations.is_empty());
    let destination = match (before, token) {
        (None, Some(_)) if only_set && describes_others => return Ok(base),
        (None, Some(_)) if describes_others && !moves => {
            let names = base.iter().flat_map(|config| config.destinations.keys().map(String::as_str));
            let message =
                format!("a token is given by a flag, and no destination is the default: {}", listed(names));
            let hint = "set `default_destination` in cwl2le.toml, or give the token in [destinations.NAME]";
            return Err(Error::new(Code::Usage, message).hint(hint));
        }
        (None, None) if moves => {
            return Err(Error::new(Code::Usage, NO_TOKEN).hint(NO_TOKEN_HINT));
        }
        (_, None) if !moves => return Ok(base),
        (before, token) => {
            let asked = Logentries {
                endpoint: args.logentries_endpoint.clone(),
                region: args.logentries_region,
                tls: !args.logentries_plain,
                ca_file: args.logentries_ca_file.clone(),
                ca: args.logentries_ca.as_deref().map(certificates).transpose()?,
                receipt: Default::default(),
                token: token
                    .or_else(|| before.as_ref().map(|before| before.token.clone()))
                    .ok_or_else(|| Error::new(Code::Internal, "no token, though it was checked"))?,
            };
            match before {
                Some(before) if !moves => Logentries { token: asked.token, ..before },
                _ if asked.endpoint.is_none() && asked.region.is_none() => {
                    Logentries { region: Some(Region::Us), ..asked }
                }
                _ => asked,
            }
        }
    };
    let mut config = base.unwrap_or_default();
    config.destinations.insert(name, forwarder::Destination::Logentries(destination));
    config.validate().map_err(|error| {
        // What it quotes may be a token in the place of an address.
        Error::new(Code::Usage, redact_uuids(&error.to_string()))
            .hint("see `cwl2le setup --help`, section Log service")
    })?;
    Ok(Some(config))
}

/// The certificates in a file that a flag names.
fn certificates(file: &std::path::Path) -> Result<Secret<Certificates>> {
    let refused = |problem: String| {
        Error::new(Code::Usage, format!("the certificates cannot be used: {problem}"))
            .on(file.display().to_string())
            .hint("give a PEM file with the certificate of the authority that signed the log service's certificate")
    };
    let text = crate::text::read(file).map_err(|error| refused(error.to_string()))?;
    text.parse().map(Secret::Inline).map_err(refused)
}

/// What flags can say of a default destination that is no Logentries: its token, where its type has one.
fn of_another_type(
    name: &str,
    before: &forwarder::Destination,
    moves: bool,
    token: Option<Secret<Token>>,
    base: Option<Config>,
) -> Result<Option<Config>> {
    let kind = before.type_name();
    let refuse = |problem: String, hint: &str| Err(Error::new(Code::Usage, problem).hint(hint));
    if moves {
        let problem = format!(
            "the default destination `{name}` is of type `{kind}`, and the flags of the log service are for `logentries`"
        );
        return refuse(problem, "change the destination in cwl2le.toml, or leave the flags out");
    }
    let (Some(token), Some(mut config)) = (token, base.clone()) else { return Ok(base) };
    if !forwarder::Destination::secret_keys(kind).contains(&TOKEN) {
        let problem =
            format!("a token is given, and the default destination `{name}` of type `{kind}` has none");
        return refuse(
            problem,
            "leave out --token, --token-file, --token-ssm and --token-secret, and unset CWL2LE_TOKEN",
        );
    }
    let mut keys = json!(before);
    keys[TOKEN] = json!(token);
    let replaced = serde_json::from_value(keys)
        .map_err(|error| Error::new(Code::Usage, format!("the token cannot be used: {error}")))?;
    config.destinations.insert(name.to_owned(), replaced);
    Ok(Some(config))
}

/// Checks the token that the flags give.
pub(super) fn check_token(args: &DestinationArgs) -> Result<()> {
    flag_token(args).map(drop)
}

/// Whether the token comes from standard input or a pipe, so that reading it may take until somebody has typed it.
pub(super) fn token_is_awaited(args: &DestinationArgs) -> bool {
    matches!(token_place(args), Some((TokenPlace::File(file), _)) if !can_be_read_again(file))
}

/// The flag or variable that gives the token itself, and not where it is kept.
pub(crate) fn token_from(args: &DestinationArgs) -> Option<String> {
    match token_place(args)? {
        (TokenPlace::Kept(..), _) => None,
        (_, Origin::Flag(from) | Origin::Variable(from)) => Some(from),
        _ => None,
    }
}

/// Where a flag or the variable says that the token is.
pub(super) enum TokenPlace<'a> {
    /// In a store, by this name.
    Kept(Keeper, &'a str),
    /// Here.
    Text(&'a String),
    /// In a file.
    File(&'a std::path::Path),
}

/// The place of the token that the flags give, which win over the variable.
pub(super) fn token_place(args: &DestinationArgs) -> Option<(TokenPlace<'_>, Origin)> {
    let ssm = args.token_ssm.as_deref().map(|name| TokenPlace::Kept(Keeper::Ssm, name));
    let secret = args.token_secret.as_deref().map(|name| TokenPlace::Kept(Keeper::SecretsManager, name));
    first([
        (flag("token-ssm"), ssm),
        (flag("token-secret"), secret),
        (flag("token"), args.token.as_ref().map(TokenPlace::Text)),
        (flag("token-file"), args.token_file.as_deref().map(TokenPlace::File)),
        (Origin::Variable(TOKEN_VARIABLE.to_owned()), args.token_variable.as_ref().map(TokenPlace::Text)),
    ])
}

/// The token of the flags, which win over the variable.
fn flag_token(args: &DestinationArgs) -> Result<Option<Secret<Token>>> {
    let Some((place, origin)) = token_place(args) else { return Ok(None) };
    let (Origin::Flag(from) | Origin::Variable(from)) = &origin else { return Ok(None) };
    let text = match place {
        TokenPlace::Kept(keeper, name) => return kept_as(keeper, name, from).map(Secret::Kept).map(Some),
        TokenPlace::Text(token) => token.clone(),
        TokenPlace::File(file) => read_token(file)?,
    };
    placeholder::refuse(from, &text)?;
    let token = text.trim().parse();
    let hint = "copy the token from the settings of your log; in Logentries: Add Data, Token TCP";
    let token = token.map_err(|problem| unusable(from, &problem, hint))?;
    Ok(Some(Secret::Inline(token)))
}

/// What stands for the token of the flags; also where none is given and nothing else says where lines go, since whoever
/// exports a stack need not know it.
fn stood_for(
    stand_ins: &StandIns,
    args: &DestinationArgs,
    describes_none: bool,
) -> Result<Option<Secret<Token>>> {
    if let Some((TokenPlace::Kept(..), _)) = token_place(args) {
        return Ok(kept_by_flag(args)?.map(Secret::Kept));
    }
    // The file has another one in its place.
    if !describes_none {
        return Ok(None);
    }
    let token = stand_ins.of(DEFAULT_DESTINATION, TOKEN).parse();
    let token = token.map_err(|problem| Error::new(Code::Internal, format!("no token: {problem}")))?;
    Ok(Some(Secret::Inline(token)))
}

/// Where the token is kept that the function reads itself, if a flag says so.
fn kept_by_flag(args: &DestinationArgs) -> Result<Option<Reference>> {
    match token_place(args) {
        Some((TokenPlace::Kept(keeper, name), Origin::Flag(from))) => kept_as(keeper, name, &from).map(Some),
        _ => Ok(None),
    }
}

fn kept_as(keeper: Keeper, name: &str, from: &str) -> Result<Reference> {
    let hint = "give NAME, the ARN, or NAME#KEY for one key of a JSON object";
    named(keeper, name).map_err(|problem| unusable(from, &problem, hint))
}

fn unusable(from: &str, problem: &dyn std::fmt::Display, hint: &str) -> Error {
    Error::new(Code::Usage, format!("{from}: {problem}")).hint(hint)
}

/// What the forwarder's role has to allow for what the function reads itself, without reading any token.
pub(super) fn outlined_grants(
    args: &DestinationArgs,
    file: Option<&File>,
    observed: &Observed,
    builder: &Builder<'_>,
    grants: Grants,
) -> Result<Grants> {
    let target = builder.target;
    let of_flag = kept_by_flag(args)?;
    if let Some(file) = file.filter(|file| file.contents.destinations.is_some()) {
        let references = kept(file).map(|kept| kept.reference).chain(of_flag);
        return Ok(granted(references, keys(file), target, grants));
    }
    let config = current(observed).unwrap_or_default();
    let references = config.references().map(|(_, reference)| reference).chain(of_flag);
    let policy = Names::new(builder.name, &target.region, builder.scope).function_policy;
    let policy = observed.function_role.as_ref().and_then(|role| role.policies.get(&policy));
    let keys = policy.map(documents::secret_keys).unwrap_or_default();
    Ok(granted(references, keys, target, grants))
}

/// What the forwarder's role has to allow for the tokens, routes and keys that the function reads itself.
///
/// The keys of secrets stand in the file and in the role's policy, and nowhere else. Without the file, those that the
/// policy has are kept, as everything is that was not asked for.
pub(super) fn grants(
    config: Option<&Config>,
    file: Option<&File>,
    observed: &Observed,
    policy_name: &str,
    target: &Target,
    grants: Grants,
) -> Grants {
    let references = || config.into_iter().flat_map(Config::references).map(|(_, reference)| reference);
    let keys = match file.filter(|file| file.contents.destinations.is_some()) {
        Some(file) => keys(file),
        None if references().next().is_none() => Vec::new(),
        None => {
            let policy = observed.function_role.as_ref().and_then(|role| role.policies.get(policy_name));
            policy.map(documents::secret_keys).unwrap_or_default()
        }
    };
    granted(references(), keys, target, grants)
}

/// Everything in the file that the function reads itself.
fn kept(file: &File) -> impl Iterator<Item = Kept> {
    let services = file.contents.destinations.iter().flat_map(|all| all.values());
    let secrets = services.flat_map(|service| service.secrets());
    let others = [&file.contents.routes_from, &file.contents.hash_key];
    let others = others.into_iter().flatten().cloned();
    secrets.filter_map(|secret| secret.source.kept()).chain(others)
}

/// The customer keys that the file names for what the function reads itself.
fn keys(file: &File) -> Vec<String> {
    kept(file).filter_map(|kept| kept.kms_key).collect()
}

fn granted(
    references: impl Iterator<Item = Reference>,
    mut secret_keys: Vec<String>,
    target: &Target,
    grants: Grants,
) -> Grants {
    let (mut ssm_parameters, mut secrets) = (Vec::new(), Vec::new());
    for reference in references {
        match reference.keeper {
            Keeper::Ssm => ssm_parameters.push(parameter_arn(&reference.name, target)),
            Keeper::SecretsManager => secrets.push(secret_arn(&reference.name, target)),
        }
    }
    for list in [&mut ssm_parameters, &mut secrets, &mut secret_keys] {
        list.sort();
        list.dedup();
    }
    Grants { ssm_parameters, secrets, secret_keys, ..grants }
}
