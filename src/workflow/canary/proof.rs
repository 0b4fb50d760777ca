//! What the receipt of a log service proves, and what it does not.

use cwl2le_forwarder::config::Destination;

/// What a receipt of this destination proves, in words.
pub(super) fn of_receipt(destination: &Destination) -> &'static str {
    match destination.type_name() {
        "logentries" => "logentries over TCP: bytes received; a hung service or a wrong token looks the same",
        "syslog" => "syslog over TCP: bytes received; a hung service looks the same",
        "insight-webhook" => "insight-webhook: the request was answered, as one with a wrong token is",
        _ => "the service answered that it accepts this very request",
    }
}

/// Whether a wrong token would go unnoticed.
pub(super) fn hides_a_wrong_token(destination: &Destination) -> bool {
    matches!(destination.type_name(), "logentries" | "insight-webhook")
}
