//! Destinations and an S3 that fail at random.

use std::time::Duration;

use cwl2le_local::log_service::{Answer, Fault, Transport};
use fastrand::Rng;

use super::bucket::Mood;
use super::sink::Sink;
use super::stream::is_unwanted;

/// An S3 that fails for the whole of an invocation.
pub const AWAY: Mood = Mood::Refuses(u32::MAX, 503, "ServiceUnavailable");

/// One destination of the forwarder.
pub struct Service {
    pub sink: Sink,
    transport: Transport,
    /// What the last invocation called delivered here.
    pub claimed: Vec<String>,
    /// Whether the fault that is set may reset a connection at any time.
    may_reset: bool,
}

impl Service {
    pub fn start(kind: &'static str, transport: Transport) -> Self {
        Self { sink: Sink::start(kind, transport), transport, claimed: Vec::new(), may_reset: false }
    }

    /// From now on answers like this, or refuses for good what holds an event that it does not want.
    fn answer(&self, answer: Answer) {
        self.sink.service.answer_with(move |request| {
            let is_unwanted = is_unwanted(&String::from_utf8_lossy(&request.body));
            if is_unwanted { Answer::status(400).body(request.body.clone()) } else { answer.clone() }
        });
    }

    /// Ends the fault, and checks that everything that was called delivered is there.
    ///
    /// What its kernel has acknowledged a service reads before it dies, and a reset of an idle connection is seen
    /// before the next bytes go out: on TCP nobody can do better, see docs/delivery.md.
    pub async fn recover(&mut self, seed: u64) {
        self.sink.service.set_fault(Fault::None);
        self.answer(Answer::status(200));
        let (_, missing) = self.sink.wait_for_all(&self.claimed.iter().collect::<Vec<_>>()).await;
        assert!(missing.is_empty(), "seed {seed}: lost {} like {:?}", missing.len(), &missing[0][..30]);
        self.claimed.clear();
        if std::mem::take(&mut self.may_reset) {
            self.sink.service.close_connections();
        }
    }

    /// Makes something go wrong, or right.
    pub fn fail(&mut self, rng: &mut Rng) {
        if self.sink.is_http() && rng.u8(0..3) == 0 {
            let answers = [
                Answer::status(500),
                Answer::status(503).header("Retry-After", "0"),
                Answer::status(429),
                Answer::status(408),
                Answer::status(401),
                Answer::status(404),
            ];
            self.answer(rng.choice(answers).unwrap());
            return;
        }
        let service = &self.sink.service;
        match rng.u8(0..16) {
            0 => service.stop_listening(),
            1 => service.close_connections(),
            // What a kernel acknowledges for a process that never takes the connection is lost, and on a plain
            // connection no sender can know; with TLS there is no handshake then.
            2 | 3 if self.transport == Transport::Plain => service.stop_listening(),
            2 => {
                service.close_connections();
                service.set_fault(Fault::Refuse);
            }
            3 => {
                service.close_connections();
                service.set_fault_for(Fault::CloseAtOnce, rng.u32(1..4));
            }
            4 => {
                service.set_fault_for(Fault::ResetInPauseAfter(rng.u64(1..30_000)), rng.u32(1..3));
                self.may_reset = true;
            }
            5 => service.set_fault(Fault::HalfCloseAfter(rng.u64(0..30_000))),
            6 => {
                let most = if rng.bool() { 30_000 } else { 300_000 };
                service.set_fault_for(Fault::StallAfter(rng.u64(0..most)), 1);
            }
            7 => service.set_fault_for(Fault::HandshakeStuck, 1),
            8 => {
                let (bytes, every) = (rng.usize(2000..20_000), Duration::from_millis(1));
                service.set_fault(Fault::Trickle { bytes, every });
            }
            _ => {
                service.resume();
                service.set_fault(Fault::None);
            }
        }
    }
}

/// Makes S3 fail for a moment, or for the whole of the next invocation.
pub fn random_mood(rng: &mut Rng) -> Mood {
    match rng.u8(0..40) {
        0 | 1 => Mood::Refuses(rng.u32(1..3), 503, "SlowDown"),
        2 | 3 => Mood::HangsUp(rng.u32(1..3)),
        4 => AWAY,
        _ => Mood::Takes,
    }
}
