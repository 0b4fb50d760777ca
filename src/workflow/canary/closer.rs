//! A closer look: each destination by an invocation of its function, past whatever waits in the stream.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};

use super::direct::{self, Direct};
use super::hop::{Hop, Leg, State};
use super::notes::Function;
use super::outcome::Outcome;
use super::rows::Rows;
use crate::aws::Session;
use crate::resources::Stack;

/// Maximum number of invocations at once: they take turns of the function's concurrency.
const AT_ONCE: usize = 4;

/// What a closer look found, by destination; none for a function whose destinations are not known.
pub(super) type Found = Vec<(Option<String>, Outcome)>;

/// Invokes the function of each destination. A row comes as each invocation ends; of a function that does not work,
/// only the first.
pub(super) async fn look(
    session: &Session,
    stack: &Stack,
    functions: &[Function],
    destinations: &[Option<String>],
    id: &str,
    rows: &mut Rows<'_>,
) -> Found {
    let of = |destination: Option<&String>| {
        let serves = |name: &String| functions.iter().find(|function| function.destinations.contains(name));
        destination.and_then(serves).or_else(|| functions.iter().find(|function| function.isolated.is_none()))
    };
    let asked = destinations.iter().filter_map(|name| Some((name.clone(), of(name.as_ref())?)));
    let mut asked = stream::iter(asked)
        .map(|(destination, function)| async move {
            let name = destination.as_deref();
            let direct = direct::ask(session, stack, &function.invoked_as, name, id, function.timeout).await;
            (destination, function, direct)
        })
        .buffer_unordered(AT_ONCE);
    let (mut found, mut broken) = (Vec::new(), BTreeSet::new());
    rows.wait_for("invoking the function for each destination");
    while let Some((destination, function, Direct { seconds, version, outcome })) = asked.next().await {
        let hop = match (&outcome, &destination) {
            (Outcome::Broken(what), _) => {
                let hop =
                    Hop::new(Leg::Forwarder, State::Fault, seconds, format!("{}: {what}", function.name));
                broken.insert(function.name.clone()).then_some(hop)
            }
            (outcome, Some(destination)) => Some(outcome.hop(destination, seconds)),
            (_, None) => {
                let version = version.map(|version| format!(" (version {version})")).unwrap_or_default();
                let found = format!("{} answers{version}", function.name);
                Some(Hop::new(Leg::Forwarder, State::Ok, seconds, found))
            }
        };
        if let Some(hop) = hop {
            rows.add(Hop { direct: true, ..hop });
        }
        found.push((destination, outcome));
        rows.wait_for("invoking the function for each destination");
    }
    found
}
