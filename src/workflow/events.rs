//! `--output jsonl`: what happens to a plan, line by line as it happens.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::apply::{Event, What};
use crate::output::Live;
use crate::resources::Plan;

/// Writes events to standard output, where they are wanted.
#[derive(Clone, Copy)]
pub(crate) struct Events<'a> {
    live: Live<'a>,
}

impl<'a> Events<'a> {
    pub(crate) const fn new(live: Live<'a>) -> Self {
        Self { live }
    }

    /// A plan that was made.
    pub(crate) fn planned(self, plan: &Plan) {
        self.tell("planned", json!({"changes": plan.steps, "losses": plan.losses, "refused": plan.refused}));
    }

    /// What happens to a step of it.
    pub(crate) fn step(self, event: &Event<'_>) {
        let (name, more) = match event.what {
            What::Started => ("started", json!({})),
            What::Waiting { why, elapsed } => {
                ("waiting", json!({"waiting_for": why, "seconds": seconds(elapsed.as_secs_f64())}))
            }
            What::GivesWay { restore } => ("gives-way", json!({"restore_with": restore})),
            What::Done { elapsed } => ("done", json!({"seconds": seconds(elapsed.as_secs_f64())})),
            What::Failed { error } => ("failed", json!({"error": error})),
        };
        let mut value = json!({"verb": event.step.verb, "resource": event.step.resource});
        if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
            value.extend(more);
        }
        self.tell(name, value);
    }

    /// Whether anybody still reads does not matter: the work goes on, and the exit code tells how it ended.
    fn tell(self, name: &str, value: Value) {
        let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        let _ = self.live.event(name, &time, value);
    }
}

/// Rounded to the millisecond.
fn seconds(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;
    use crate::error::{Code, Error};
    use crate::output::{OutputFormat, Printer};
    use crate::resources::{Kind, ResourceId, Stage, Step, Verb};

    fn told(format: OutputFormat) -> String {
        let written = Mutex::new(Vec::new());
        let write = |bytes: &[u8]| {
            written.lock().expect("no panic").extend_from_slice(bytes);
            Ok(())
        };
        let events = Events::new(Live::new(Printer::plain(format), false, &write));
        let step = Step {
            stage: Stage::Foundations,
            resource: ResourceId::new(Kind::LOG_GROUP, "/a"),
            verb: Verb::Create,
            fields: Vec::new(),
            actions: Vec::new(),
        };
        events.planned(&Plan::default());
        let error = Error::new(Code::Throttled, "AWS throttles");
        let elapsed = Duration::from_micros(1_234_567);
        for what in [
            What::Started,
            What::Waiting { why: "the role", elapsed },
            What::GivesWay { restore: "aws logs" },
            What::Done { elapsed },
            What::Failed { error: &error },
        ] {
            events.step(&Event { index: 0, step: &step, what });
        }
        String::from_utf8(written.into_inner().expect("no panic")).expect("UTF-8")
    }

    #[test]
    fn each_event_is_a_line_with_its_time_and_what_it_is_about() {
        let lines_of = told(OutputFormat::Jsonl);
        let mut lines: Vec<Value> =
            lines_of.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        for line in &mut lines {
            let time = line.as_object_mut().and_then(|line| line.remove("time"));
            assert!(
                time.is_some_and(|time| time.as_str().is_some_and(|time| time.ends_with('Z'))),
                "{lines_of}"
            );
        }
        let about = |more: Value| {
            let mut event = json!({"verb": "create", "resource": {"kind": "log-group", "name": "/a"}});
            event.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            event
        };
        let wanted = [
            json!({"event": "planned", "changes": [], "losses": [], "refused": []}),
            about(json!({"event": "started"})),
            about(json!({"event": "waiting", "waiting_for": "the role", "seconds": 1.235})),
            about(json!({"event": "gives-way", "restore_with": "aws logs"})),
            about(json!({"event": "done", "seconds": 1.235})),
            about(json!({"event": "failed", "error": {"code": "throttled", "message": "AWS throttles"}})),
        ];
        assert_eq!(lines, wanted);
        assert!(lines_of.starts_with(r#"{"event":"planned","time":""#), "{lines_of}");
        assert_eq!(told(OutputFormat::Json) + &told(OutputFormat::Text), "");
    }
}
