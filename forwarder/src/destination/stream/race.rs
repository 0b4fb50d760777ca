//! Which of several addresses of a host answers first.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long one address may be silent before the next is tried beside it: the value that RFC 8305 recommends.
const STAGGER: Duration = Duration::from_millis(250);

/// No address answered.
#[derive(Debug)]
pub(super) struct NoneAnswered {
    /// The last that failed, and how; `None` where there was no address, or all were cut off by the deadline.
    pub(super) last: Option<(SocketAddr, io::Error)>,
}

/// Connects to the first address that takes it. One that refuses is followed by the next at once, one that is silent
/// after a quarter of a second; each has the time `patience`.
pub(super) async fn connect(
    addresses: Vec<SocketAddr>,
    patience: Duration,
    until: Instant,
) -> Result<TcpStream, NoneAnswered> {
    let mut waiting = in_turns(addresses).into_iter();
    let mut trying = FuturesUnordered::new();
    let mut last = None;
    let mut next_at = Instant::now();
    loop {
        if trying.is_empty() || Instant::now() >= next_at {
            if let Some(address) = waiting.next() {
                trying.push(attempt(address, until.min(Instant::now() + patience)));
                next_at = Instant::now() + STAGGER;
            } else if trying.is_empty() {
                return Err(NoneAnswered { last });
            }
        }
        let more = waiting.len() > 0;
        tokio::select! {
            Some((address, result)) = trying.next() => match result {
                Ok(socket) => return Ok(socket),
                Err(error) => {
                    last = Some((address, error));
                    next_at = Instant::now();
                }
            },
            () = sleep_until(next_at), if more => {}
        }
        if Instant::now() >= until {
            return Err(NoneAnswered { last: None });
        }
    }
}

async fn attempt(address: SocketAddr, until: Instant) -> (SocketAddr, io::Result<TcpStream>) {
    let result = timeout_at(until, TcpStream::connect(address)).await;
    (address, result.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))))
}

/// The addresses in the order of the resolver, but for one of each family in turn.
fn in_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let mut second = second.into_iter();
    let mut turns: Vec<_> =
        first.into_iter().flat_map(|address| [Some(address), second.next()]).flatten().collect();
    turns.extend(second);
    turns
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn families_take_turns_and_the_first_of_the_resolver_begins() {
        let all = ["[::1]:1", "[::2]:1", "[::3]:1", "127.0.0.1:1"].map(address);
        let turns = ["[::1]:1", "127.0.0.1:1", "[::2]:1", "[::3]:1"].map(address);
        assert_eq!(in_turns(all.to_vec()), turns);
        assert_eq!(in_turns(Vec::new()), []);
    }

    /// A listener whose queue is full is as silent as a host that is not there.
    #[tokio::test]
    async fn addresses_that_are_silent_do_not_take_their_time_one_after_the_other() {
        let silent: Vec<_> = (0..4)
            .map(|_| {
                let socket = tokio::net::TcpSocket::new_v4().unwrap();
                socket.bind(address("127.0.0.1:0")).unwrap();
                socket.listen(0).unwrap()
            })
            .collect();
        // The kernel takes one more than the queue holds.
        let mut kept = Vec::new();
        for listener in &silent {
            let to = listener.local_addr().unwrap();
            while let Ok(Ok(socket)) =
                tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(to)).await
            {
                kept.push(socket);
            }
        }
        let answers = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut addresses: Vec<_> = silent.iter().map(|listener| listener.local_addr().unwrap()).collect();
        addresses.push(answers.local_addr().unwrap());
        // Were they tried one after the other, the first alone would take longer than there is.
        let until = Instant::now() + Duration::from_secs(60);
        let socket = connect(addresses, Duration::from_secs(120), until).await.unwrap();
        assert_eq!(socket.peer_addr().unwrap(), answers.local_addr().unwrap());
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_followed_by_the_next_at_once_and_the_last_is_named() {
        let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let answers = TcpListener::bind("127.0.0.1:0").unwrap();
        let long = Duration::from_secs(60);
        let both = vec![gone, answers.local_addr().unwrap()];
        connect(both, long, Instant::now() + long).await.unwrap();
        let none = connect(vec![gone], long, Instant::now() + long).await.unwrap_err();
        assert_eq!(none.last.unwrap().1.kind(), io::ErrorKind::ConnectionRefused);
        assert!(connect(Vec::new(), long, Instant::now() + long).await.unwrap_err().last.is_none());
    }
}
