//! A stand-in for SSM Parameter Store and Secrets Manager.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// What is kept, by name; a text of `!CODE` is refused with this error.
type Texts = BTreeMap<String, String>;

#[derive(Default)]
struct State {
    texts: Texts,
    /// The head of every request, and the name that it asked for.
    asked: Vec<(String, String)>,
}

/// Answers `GetParameter` and `GetSecretValue`, also as an HTTP proxy.
pub struct Keeper {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Keeper {
    pub fn start(texts: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let keeper = Self { url, state: Arc::default() };
        texts.iter().for_each(|(name, text)| keeper.set(name, text));
        let state = Arc::clone(&keeper.state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&state);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        keeper
    }

    pub fn set(&self, name: &str, text: &str) {
        self.state.lock().unwrap().texts.insert(name.to_owned(), text.to_owned());
    }

    /// The names that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.iter().map(|(_, name)| name.clone()).collect()
    }

    /// The heads of the requests, in order.
    pub fn heads(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.iter().map(|(head, _)| head.clone()).collect()
    }

    /// What Lambda gives a function, with this as the endpoint.
    pub fn environment(&self) -> Vec<(&'static str, &str)> {
        [&CREDENTIALS[..], &[("AWS_ENDPOINT_URL", &self.url)]].concat()
    }
}

pub const CREDENTIALS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    ("AWS_SESSION_TOKEN", "session"),
    ("AWS_REGION", "eu-west-1"),
];

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let asked: Value = serde_json::from_slice(&body).unwrap();
        let name = asked["Name"].as_str().or(asked["SecretId"].as_str()).unwrap().to_owned();
        let mut state = state.lock().unwrap();
        let (status, answer) = match state.texts.get(&name).map(|text| text.strip_prefix('!').ok_or(text)) {
            None => (400, json!({"__type": "ParameterNotFound"})),
            Some(Ok(code)) => (400, json!({"__type": code, "message": "as the test wishes"})),
            Some(Err(text)) if asked["Name"].is_string() => (200, json!({"Parameter": {"Value": text}})),
            Some(Err(text)) => (200, json!({ "SecretString": text })),
        };
        state.asked.push((head, name));
        drop(state);
        let answer = answer.to_string();
        let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
