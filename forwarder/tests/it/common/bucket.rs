//! A stand-in for S3 that fails on demand.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use cwl2le_forwarder::aws::Aws;
use cwl2le_forwarder::net::http::Client;

use crate::common::PATIENCE;

/// What the stand-in does with the next requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It takes what comes.
    Takes,
    /// It refuses so many requests with this status and code, then it takes what comes.
    Refuses(u32, u16, &'static str),
    /// It is busy for keys with this end, and takes all others.
    RefusesKey(&'static str),
    /// It belongs to this account, and takes what is meant for a bucket of that account or of anybody, as S3 does.
    BelongsTo(&'static str),
    /// It reads so many requests and hangs up on them.
    HangsUp(u32),
    /// It reads requests and never answers.
    Hangs,
}

/// An object: its bytes, and its metadata by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub body: Vec<u8>,
    pub metadata: BTreeMap<String, String>,
}

struct State {
    mood: Mood,
    objects: BTreeMap<String, Stored>,
    heads: Vec<String>,
}

pub struct Bucket {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Bucket {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = State { mood: Mood::Takes, objects: BTreeMap::new(), heads: Vec::new() };
        let bucket = Self { url, state: Arc::new(Mutex::new(state)) };
        let state = Arc::clone(&bucket.state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&state);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        bucket
    }

    pub fn set(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// What is there, by `/BUCKET/KEY`.
    pub fn objects(&self) -> BTreeMap<String, Stored> {
        self.state.lock().unwrap().objects.clone()
    }

    /// The heads of all requests, in order.
    pub fn heads(&self) -> Vec<String> {
        self.state.lock().unwrap().heads.clone()
    }

    /// A client whose S3 this is.
    pub fn aws(&self) -> Aws {
        let variable = |name: &str| {
            Some(if name.starts_with("AWS_ENDPOINT") { &self.url } else { "eu-west-1" }.to_owned())
        };
        Aws::new(Client::new(None).unwrap(), &variable).unwrap()
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    stream.set_read_timeout(Some(2 * PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let mut body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let mut state = state.lock().unwrap();
        state.heads.push(head.clone());
        let answer = match state.mood {
            Mood::Hangs => continue,
            Mood::HangsUp(times) if times > 0 => {
                state.mood = Mood::HangsUp(times - 1);
                return;
            }
            Mood::Refuses(times, status, code) if times > 0 => {
                state.mood = Mood::Refuses(times - 1, status, code);
                let text = format!(
                    "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>told to</Message></Error>"
                );
                format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n{text}", text.len())
            }
            Mood::RefusesKey(end) if head.split(' ').nth(1).unwrap().ends_with(end) => {
                "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n".to_owned()
            }
            Mood::BelongsTo(account)
                if header("x-amz-expected-bucket-owner").is_some_and(|owner| owner != account) =>
            {
                let text = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
                format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\n\r\n{text}", text.len())
            }
            _ => {
                let key = head.split(' ').nth(1).unwrap().to_owned();
                let metadata =
                    head.lines().filter_map(|line| line.strip_prefix("x-amz-meta-")?.split_once(": "));
                let metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                assert!(
                    head.starts_with("PUT ") && header("authorization").unwrap().contains("/s3/aws4_request")
                );
                state.objects.insert(key, Stored { body, metadata });
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned()
            }
        };
        drop(state);
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
