//! Whether the log services of a stack close their side of a connection, probed from the machine that runs `setup`.

use std::time::Duration;

use cwl2le_forwarder::config::{Config, Destination};
use cwl2le_forwarder::destination::probe::{Probe, probe};
use cwl2le_forwarder::destination::{Receipt, Timeouts};
use futures_util::future::join_all;
use tokio::time::Instant;

/// Maximum time for all log services together. The function may reach a service that this machine does not, so `setup`
/// does not wait long for one.
const LIMIT: Duration = Duration::from_secs(4);

/// A line for each destination whose receipt is `auto`: what its log service does, and which setting fits. A service
/// that cannot be reached from here, or whose certificate file exists only in the function, gets no line.
pub(super) async fn advice(config: &Config) -> Vec<String> {
    let until = Instant::now() + LIMIT;
    let probes = config.destinations.iter().filter(|(_, destination)| is_auto(destination)).map(
        async |(name, destination)| {
            let timeouts = Timeouts { connect: LIMIT / 2, handshake: LIMIT / 2, ..Timeouts::default() };
            let found = probe(destination, timeouts, until).await.ok().flatten()?;
            Some(format!("destination `{name}`: {}", words(found)))
        },
    );
    join_all(probes).await.into_iter().flatten().collect()
}

fn is_auto(destination: &Destination) -> bool {
    let receipt = match destination {
        Destination::Logentries(logentries) => logentries.receipt,
        Destination::Syslog(syslog) => syslog.receipt,
        _ => return false,
    };
    receipt == Receipt::Auto
}

fn words(found: Probe) -> &'static str {
    match found {
        Probe::Closes(_) => {
            "the log service proves what it has read by closing its side of the connection; set `receipt = \"closed\"` in \
             cwl2le.toml to accept nothing less"
        }
        Probe::Resets => {
            "the log service resets the connection when the forwarder closes its side, so deliveries fail; set \
             `receipt = \"acknowledged\"` in cwl2le.toml to deliver without proof"
        }
        Probe::StaysOpen => {
            "the log service does not close its side of the connection, so nothing proves that it has read a line; such \
             deliveries count in the metric `ReceiptsUnproven`"
        }
    }
}

#[cfg(test)]
mod tests {
    use cwl2le_local::ReservedPort;
    use cwl2le_local::log_service::{Fault, LogService, Options, Transport};

    use super::*;

    fn config(destinations: &[(&str, &str, &str)]) -> Config {
        let destinations: Vec<_> = destinations
            .iter()
            .map(|(name, endpoint, receipt)| {
                format!(
                    r#""{name}":{{"type":"logentries","endpoint":"{endpoint}","tls":false,"receipt":"{receipt}",
                    "token":"01234567-89ab-cdef-0123-456789abcdef"}}"#
                )
            })
            .collect();
        Config::from_json(&format!(r#"{{"destinations":{{{}}}}}"#, destinations.join(","))).unwrap()
    }

    #[tokio::test]
    async fn each_log_service_that_can_be_reached_gets_its_advice_and_no_line() {
        let service = || LogService::start(Options::with_transport(Transport::Plain)).unwrap();
        let (closes, stays_open, nobody) = (service(), service(), ReservedPort::new().unwrap());
        stays_open.set_fault(Fault::NeverClose);
        let [first, second] = [&closes, &stays_open].map(|service| service.address().to_string());
        let nobody = nobody.url().trim_start_matches("http://").to_owned();
        let all = [
            ("closes", first.as_str(), "auto"),
            ("decided", &first, "closed"),
            ("nobody", &nobody, "auto"),
            ("open", &second, "auto"),
        ];
        let advice = advice(&config(&all)).await;
        assert_eq!(advice.len(), 2, "{advice:?}");
        assert!(advice[0].starts_with("destination `closes`: the log service proves"), "{advice:?}");
        assert!(advice[1].starts_with("destination `open`: the log service does not close"), "{advice:?}");
        assert_eq!((closes.line_count(), stays_open.line_count()), (0, 0), "nothing is sent");
    }
}
