//! A stand-in for Lambda's runtime API, for one function.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The deadline of an invocation, and the timeout for the function's next request: long enough under valgrind.
const PATIENCE: Duration = Duration::from_secs(300);

/// A request of the function.
enum News {
    /// It asks for the next event.
    Asks(Instant),
    /// It answers: the path and the body of the request.
    Answers(String, Vec<u8>),
}

/// The API of one function.
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    events: Sender<Option<Arc<Vec<u8>>>>,
    news: Receiver<News>,
}

impl RuntimeApi {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (events, waiting) = channel();
        let (tell, news) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (waiting, tell) = (Arc::clone(&waiting), tell.clone());
                std::thread::spawn(move || serve(stream, &waiting, &tell));
            }
        });
        Ok(Self { address, events, news })
    }

    /// Waits until the function asks for its next event; the time when it did.
    pub(crate) fn asked(&self) -> Result<Instant, String> {
        match self.next()? {
            News::Asks(at) => Ok(at),
            News::Answers(path, body) => {
                Err(format!("the function answers unasked: {path}: {}", String::from_utf8_lossy(&body)))
            }
        }
    }

    /// Hands over the event that the function has asked for.
    pub(crate) fn hand_over(&self, event: &Arc<Vec<u8>>) -> Result<(), String> {
        self.events.send(Some(Arc::clone(event))).map_err(|_| "the runtime API has ended".to_owned())
    }

    /// Waits for the answer, which must be success for every record.
    pub(crate) fn answered(&self) -> Result<(), String> {
        match self.next()? {
            News::Answers(path, body)
                if path.ends_with("/response")
                    && matches!(&body[..], b"null" | b"{\"batchItemFailures\":[]}") =>
            {
                Ok(())
            }
            News::Answers(path, body) => {
                Err(format!("the function failed: {path}: {}", String::from_utf8_lossy(&body)))
            }
            News::Asks(_) => Err("the function asks for an event before it has answered".to_owned()),
        }
    }

    /// Ends the function by closing the connection on which it waits for an event.
    pub(crate) fn end(&self) {
        // The function may try again on new connections; each is closed.
        for _ in 0..16 {
            let _ = self.events.send(None);
        }
    }

    fn next(&self) -> Result<News, String> {
        self.news.recv_timeout(PATIENCE).map_err(|why| match why {
            RecvTimeoutError::Timeout => "the function does nothing".to_owned(),
            RecvTimeoutError::Disconnected => "the function has ended".to_owned(),
        })
    }
}

fn serve(
    mut stream: TcpStream,
    events: &Mutex<Receiver<Option<Arc<Vec<u8>>>>>,
    tell: &Sender<News>,
) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (path, body) = read_request(&mut reader)?;
        if path.ends_with("/invocation/next") {
            tell.send(News::Asks(Instant::now())).ok()?;
            let event = events.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()?;
            let Some(event) = event else {
                stream.shutdown(std::net::Shutdown::Both).ok()?;
                return None;
            };
            let deadline = (SystemTime::now() + PATIENCE).duration_since(UNIX_EPOCH).ok()?.as_millis();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: 1\r\n\
                 Lambda-Runtime-Deadline-Ms: {deadline}\r\nLambda-Runtime-Trace-Id: Root=1\r\n\
                 Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:r:1:function:f\r\nContent-Length: {}\r\n\r\n",
                event.len()
            );
            // The head and the beginning of the event in one write: two would wake the function twice.
            let (first, rest) = event.split_at(event.len().min(64 << 10));
            stream.write_all(&[head.as_bytes(), first].concat()).ok()?;
            stream.write_all(rest).ok()?;
        } else {
            // Answer first, so that the function has nothing left to do when its CPU time is read.
            stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").ok()?;
            tell.send(News::Answers(path, body)).ok()?;
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let (mut path, mut length, mut line) = (None, 0, String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let text = line.trim_end();
        if let Some((name, value)) = text.split_once(':').filter(|_| path.is_some()) {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        } else if text.is_empty() {
            break;
        } else {
            path = text.split(' ').nth(1).map(str::to_owned);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path?, body))
}
