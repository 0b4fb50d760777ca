//! AWS behind a proxy that inspects TLS: certificates of an authority that the system does not know.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::{Ran, TOKEN, cwl2le};

/// An authority, and a server's certificate of it for this machine.
struct Authority {
    pem: String,
    chain: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "inspecting proxy");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("an authority").pem();
        let (issuer, key) = (Issuer::new(params, key), KeyPair::generate().expect("a key"));
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let signed =
            CertificateParams::new(names).expect("names").signed_by(&key, &issuer).expect("a certificate");
        Self { pem, chain: signed.der().clone(), key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() }
    }

    /// A certificate that is its own authority, as appliances make them.
    fn self_signed() -> Self {
        let names = vec!["127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let signed = params.self_signed(&key).expect("a certificate");
        let der = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        Self { pem: signed.pem(), chain: signed.der().clone(), key: der }
    }
}

/// What little of AWS these tests need, and the operations it was asked for.
struct Aws {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Aws {
    fn start(authority: Option<&Authority>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let scheme = if authority.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().expect("an address"));
        let config = authority.map(|authority| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
            let builder = builder.expect("versions").with_no_client_auth();
            let chain = vec![authority.chain.clone()];
            Arc::new(builder.with_single_cert(chain, authority.key.clone_key()).expect("a certificate"))
        });
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let asked = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let (config, heard) = (config.clone(), Arc::clone(&heard));
                std::thread::spawn(move || match config {
                    Some(config) => {
                        let tls = ServerConnection::new(config).expect("TLS");
                        answer(&mut StreamOwned::new(tls, stream), &heard);
                    }
                    None => answer(&mut { stream }, &heard),
                });
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("no panic"))
    }
}

/// Answers requests until the client hangs up.
fn answer(stream: &mut (impl Read + Write), asked: &Mutex<Vec<String>>) {
    loop {
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return,
            }
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        let request = format!("{head}{}", String::from_utf8_lossy(&body));
        let operation = ["GetCallerIdentity", "AssumeRole", "GetParameter"]
            .into_iter()
            .find(|operation| request.contains(operation) || request.contains(&operation.to_lowercase()));
        let operation = operation.unwrap_or("unknown");
        asked.lock().expect("no panic").push(operation.to_owned());
        let answer = match operation {
            "GetCallerIdentity" => {
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>\
                 <Arn>arn:aws:iam::123456789012:user/me</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"
                    .to_owned()
            }
            "AssumeRole" => "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>a</AccessKeyId>\
                 <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                 <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
                .to_owned(),
            "GetParameter" => format!("{{\"Parameter\":{{\"Value\":\"{TOKEN}\"}}}}"),
            _ => "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>".to_owned(),
        };
        let status = if operation == "unknown" { "403 Forbidden" } else { "200 OK" };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
        if stream.write_all(answer.as_bytes()).and_then(|()| stream.flush()).is_err() {
            return;
        }
    }
}

/// A folder with the bundle, a configuration of AWS, and what `forward` needs.
struct Place(tempfile::TempDir);

impl Place {
    fn new(authority: &Authority) -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        // A bundle may hold more than can be read.
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        place.write("bundle.pem", &format!("{broken}{}", authority.pem));
        let keys = "aws_access_key_id = a\naws_secret_access_key = s\n";
        let bundle = place.path("bundle.pem").display().to_string();
        place.write(
            "config",
            &format!(
                "[profile plain]\n{keys}[profile trusting]\n{keys}ca_bundle = {bundle}\n\
                 [profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = plain\nca_bundle = {bundle}\n"
            ),
        );
        place
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn write(&self, file: &str, content: &str) {
        std::fs::write(self.path(file), content).expect("written");
    }

    fn command(&self, aws: &Aws, args: &[&str]) -> Command {
        let mut command = cwl2le();
        command
            .env("AWS_CONFIG_FILE", self.path("config"))
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ENDPOINT_URL", &aws.url)
            .current_dir(self.0.path())
            .args(["--output", "json"])
            .args(args);
        command
    }
}

fn run(command: &mut Command) -> Ran {
    command.output().expect("cwl2le runs").into()
}

const POLICIES: [&str; 2] = ["policies", "operator"];

/// The run has learnt from AWS who the caller is, after these calls. What comes then is denied.
#[track_caller]
fn reached(aws: &Aws, command: &mut Command, calls: &[&str]) {
    let (ran, asked) = (run(command), aws.asked());
    assert!(asked.len() > calls.len() && asked[..calls.len()] == *calls, "{asked:?}: {ran:?}");
}

#[test]
fn an_unknown_authority_is_named_as_the_cause_and_trusted_where_the_bundle_has_it() {
    let authority = Authority::new();
    let (aws, place) = (Aws::start(Some(&authority)), Place::new(&authority));
    let ran = run(place.command(&aws, &POLICIES).env("AWS_PROFILE", "plain")).failed(5, "unreachable");
    let error = ran.json()["error"].clone();
    assert!(
        error["message"].as_str().is_some_and(|said| said.contains("the certificate is not trusted")),
        "{error}"
    );
    assert!(error["hint"].as_str().is_some_and(|said| said.contains("AWS_CA_BUNDLE")), "{error}");
    assert_eq!(aws.asked(), [""; 0]);

    let (bundle, caller) = (place.path("bundle.pem"), &["GetCallerIdentity"]);
    reached(
        &aws,
        place.command(&aws, &POLICIES).env("AWS_PROFILE", "plain").env("AWS_CA_BUNDLE", &bundle),
        caller,
    );
    // The setting of the profile, which the variable overrules.
    reached(&aws, place.command(&aws, &POLICIES).env("AWS_PROFILE", "trusting"), caller);
    reached(&aws, place.command(&aws, &POLICIES).args(["--profile", "trusting"]), caller);
    // Credentials come by the same connections.
    let role = &["AssumeRole", "GetCallerIdentity"];
    reached(&aws, place.command(&aws, &POLICIES).args(["--profile", "role"]), role);

    let ran = run(place
        .command(&aws, &POLICIES)
        .env("AWS_PROFILE", "trusting")
        .env("AWS_CA_BUNDLE", "nowhere.pem"));
    let error = ran.failed(11, "environment").json()["error"].clone();
    assert!(error["message"].as_str().is_some_and(|said| said.starts_with("AWS_CA_BUNDLE names")), "{error}");
}

#[test]
fn a_self_signed_certificate_is_explained() {
    let authority = Authority::self_signed();
    let (aws, place) = (Aws::start(Some(&authority)), Place::new(&authority));
    let ran = run(place.command(&aws, &POLICIES).args(["--profile", "trusting"])).failed(5, "unreachable");
    let said = ran.json()["error"]["message"].as_str().expect("a message").to_owned();
    assert!(said.contains("self-signed") && !said.contains("Other("), "{said}");
}

#[test]
fn secrets_are_read_by_the_same_connections() {
    let authority = Authority::new();
    let (sts, ssm, place) = (Aws::start(None), Aws::start(Some(&authority)), Place::new(&authority));
    let service = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = service.local_addr().expect("an address");
    place.write(
        "cwl2le.toml",
        &format!(
            "[destinations.app]\ntype = \"logentries\"\nendpoint = \"{address}\"\ntls = false\ntoken = {{ ssm = \"/t\" }}\n"
        ),
    );
    place.write(
        "saved.json",
        r#"{"messageType":"DATA_MESSAGE","logGroup":"/g","logEvents":[{"id":"1","timestamp":1,"message":"saved"}]}"#,
    );
    let forward = |bundle: bool| {
        let mut command = place.command(&sts, &["forward", "--input", "saved.json", "--to", "app"]);
        command.env("AWS_ENDPOINT_URL_SSM", &ssm.url).env("AWS_PROFILE", "plain");
        if bundle {
            command.env("AWS_CA_BUNDLE", place.path("bundle.pem"));
        }
        command
    };
    let error = run(&mut forward(false)).failed(5, "unreachable").json()["error"].clone();
    let said = error["message"].as_str().expect("a message");
    assert!(said.contains("ssm:GetParameter on /t failed") && said.contains("not trusted"), "{error}");

    let received = std::thread::spawn(move || {
        let (mut stream, _) = service.accept().expect("a connection");
        let mut lines = String::new();
        // What was read when the client has closed its side, and ours closes then, is received.
        stream.read_to_string(&mut lines).expect("lines");
        lines
    });
    run(&mut forward(true)).ok();
    assert_eq!(received.join().expect("a line"), format!("{TOKEN} saved\n"));
    assert_eq!(ssm.asked(), ["GetParameter"]);
}

/// A proxy that lets nobody through, and the hosts that it was asked for.
fn closed_proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let heard = Arc::<Mutex<Vec<String>>>::default();
    let asked = Arc::clone(&heard);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let host = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
            heard.lock().expect("no panic").extend(host.map(ToOwned::to_owned));
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        }
    });
    (url, asked)
}

#[test]
fn the_endpoints_that_environment_or_profile_ask_for_are_called() {
    let authority = Authority::new();
    let (aws, place) = (Aws::start(None), Place::new(&authority));
    let keys = "aws_access_key_id = a\naws_secret_access_key = s\n";
    place.write(
        "config",
        &format!(
            "[profile plain]\n{keys}[profile both]\n{keys}use_fips_endpoint = true\nuse_dualstack_endpoint = true\n"
        ),
    );
    for (profile, variables, host) in [
        ("plain", &[][..], "sts.eu-west-1.amazonaws.com"),
        ("plain", &["AWS_USE_FIPS_ENDPOINT"], "sts-fips.eu-west-1.amazonaws.com"),
        ("plain", &["AWS_USE_DUALSTACK_ENDPOINT"], "sts.eu-west-1.api.aws"),
        ("both", &[], "sts-fips.eu-west-1.api.aws"),
    ] {
        let (proxy, asked) = closed_proxy();
        let mut command = place.command(&aws, &POLICIES);
        command.env_remove("AWS_ENDPOINT_URL").env("AWS_PROFILE", profile);
        command.env("HTTPS_PROXY", proxy).env("CWL2LE_PATIENCE", "1");
        command.envs(variables.iter().map(|name| (name, "true")));
        let ran = run(&mut command).failed(5, "unreachable");
        assert!(ran.stdout.contains("AWS_USE_FIPS_ENDPOINT"), "the hint: {ran:?}");
        let asked = asked.lock().expect("no panic").clone();
        assert!(asked.contains(&format!("{host}:443")), "{host}: {asked:?} {ran:?}");
    }
}
