//! What a check found.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::health::Unknown;

/// What a check says of what it looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It is as it should be.
    Ok,
    /// Somebody should look at it; lines arrive.
    Warn,
    /// Lines do not arrive, are late or get lost, or soon will.
    Fault,
    /// It was not judged, because a check that it needs has failed.
    Skipped,
    /// It could not be judged, because AWS did not let it be read.
    Unknown,
}

/// A command that fixes what was found. The flags of the run that say which stack and where are added to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// `cwl2le` with this verb and these flags.
    Own(Vec<String>),
    /// AWS's `aws` with these arguments.
    Aws(Vec<String>),
    /// `cwl2le` with what prints the policy of whoever is on call.
    OnCallPolicy,
}

impl Command {
    /// `cwl2le`, with the verb first.
    pub(super) fn own<T: Into<String>>(args: impl IntoIterator<Item = T>) -> Self {
        Self::Own(args.into_iter().map(Into::into).collect())
    }

    /// `aws`, with the service first.
    pub(super) fn aws<T: Into<String>>(args: impl IntoIterator<Item = T>) -> Self {
        Self::Aws(args.into_iter().map(Into::into).collect())
    }

    /// `cwl2le setup --yes`: brings back what the plan of a stack says.
    pub(super) fn setup() -> Self {
        Self::own(["setup", "--yes"])
    }
}

/// What a check found out about one thing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    /// How it is.
    pub(super) state: State,
    /// Which of several things it is about, such as a destination; none where there is only one.
    pub(super) subject: Option<String>,
    /// What was found, in words and with numbers.
    pub(super) found: String,
    /// The numbers and names in it as data.
    pub(super) data: Map<String, Value>,
    /// Since when it is so, in seconds since 1970.
    pub(super) since: Option<u64>,
    /// What else is known, one line each: who did it, what the log says.
    pub(super) details: Vec<String>,
    /// What to do, where no command does all of it.
    pub(super) advice: Option<String>,
    /// The commands that fix it, in their order.
    pub(super) fix: Vec<Command>,
    /// The check that it needs and that has failed, if it was skipped for that.
    pub(super) needs: Option<&'static str>,
    /// The IAM action that is denied, if that is why it is unknown.
    pub(super) action: Option<String>,
}

impl Finding {
    fn new(state: State, found: impl Into<String>) -> Self {
        Self {
            state,
            subject: None,
            found: found.into(),
            data: Map::new(),
            since: None,
            details: Vec::new(),
            advice: None,
            fix: Vec::new(),
            needs: None,
            action: None,
        }
    }

    /// All is well.
    pub(super) fn ok(found: impl Into<String>) -> Self {
        Self::new(State::Ok, found)
    }

    /// Somebody should look at it.
    pub(super) fn warn(found: impl Into<String>) -> Self {
        Self::new(State::Warn, found)
    }

    /// It keeps lines from arriving.
    pub(super) fn fault(found: impl Into<String>) -> Self {
        Self::new(State::Fault, found)
    }

    /// It could not be judged, and why.
    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self::new(State::Unknown, why)
    }

    /// It was not judged because this check has failed.
    pub(super) fn skipped(needs: &'static str) -> Self {
        Self { needs: Some(needs), ..Self::new(State::Skipped, format!("needs {needs}")) }
    }

    /// Which of several things it is about.
    #[must_use]
    pub(super) fn about(self, subject: Option<&str>) -> Self {
        Self { subject: subject.map(ToOwned::to_owned), ..self }
    }

    /// A number or a name as data, in lower case with underscores and the unit at the end.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.data.insert(name.to_owned(), value.into());
        self
    }

    /// Since when, in seconds since 1970.
    #[must_use]
    pub(super) fn since(self, since: Option<u64>) -> Self {
        Self { since, ..self }
    }

    /// One more line.
    #[must_use]
    pub(super) fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// What to do, where no command does all of it.
    #[must_use]
    pub(super) fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// One more command that fixes it.
    #[must_use]
    pub(super) fn fix(mut self, command: Command) -> Self {
        self.fix.push(command);
        self
    }
}

impl From<&Unknown> for Finding {
    /// It could not be judged, because this could not be read.
    fn from(unknown: &Unknown) -> Self {
        Self { action: unknown.action.clone(), ..Self::unknown(unknown.why.clone()) }
    }
}
