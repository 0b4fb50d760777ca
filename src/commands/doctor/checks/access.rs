//! Whether this machine may ask AWS at all, and what it is not let to read.

use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Judged};
use super::super::finding::{Command, Finding};
use crate::error::{Code, Error};
use crate::health::Unknown;

/// How far a clock may be off before signatures fail soon, in seconds. AWS refuses what is 15 minutes off.
const CLOCK: u64 = 300;

pub(in super::super) const CATEGORY: Category = Category {
    name: "access",
    title: "access",
    needs: &[],
    checks: &[
        Check::new("region", "a region is configured, and it exists", region),
        Check::new("credentials", "AWS accepts the credentials", credentials).needs(&["region"]),
        Check::new("clock", "the clock of this machine is right, as signatures need it", clock)
            .needs(&["credentials"]),
        Check::new("metrics-readable", "CloudWatch's metrics may be read", metrics_readable)
            .needs(&["credentials"]),
        Check::new("log-readable", "the forwarder's own log may be read", log_readable)
            .needs(&["credentials"]),
    ],
};

/// The same before there is a chain.
pub(in super::super) const BEFORE: Category = Category {
    checks: &[
        Check::new("region", "a region is configured, and it exists", region),
        Check::new("credentials", "AWS accepts the credentials", credentials).needs(&["region"]),
        Check::new("clock", "the clock of this machine is right, as signatures need it", clock)
            .needs(&["credentials"]),
    ],
    ..CATEGORY
};

fn region(evidence: &Evidence) -> Judged {
    Ok(vec![match &evidence.region {
        Ok(region) => Finding::ok(region.clone()).with("region", region.clone()),
        Err(error) => failed(error),
    }])
}

fn credentials(evidence: &Evidence) -> Judged {
    Ok(vec![match &evidence.caller {
        Ok(caller) => Finding::ok(format!("{} as {}", caller.account, caller.identity))
            .with("account", caller.account.clone())
            .with("identity", caller.identity.clone()),
        Err(error) => failed(error),
    }])
}

/// What AWS did not answer says nothing; whatever else it answers is a fault.
fn failed(error: &Error) -> Finding {
    let found = error.to_string();
    let finding = match error.code {
        Code::Unreachable | Code::Throttled | Code::Aws => Finding::unknown(found),
        _ => Finding::fault(found),
    };
    match &error.hint {
        Some(hint) => finding.advise(hint.clone()),
        None => finding,
    }
}

fn clock(evidence: &Evidence) -> Judged {
    let Ok(caller) = &evidence.caller else { return Ok(Vec::new()) };
    let off = caller.clock_ahead.unsigned_abs();
    let direction = if caller.clock_ahead > 0 { "behind" } else { "ahead of" };
    Ok(vec![if off > CLOCK {
        Finding::warn(format!("this machine's clock is {off} s {direction} AWS's")).advise(
            "set the clock, by NTP; AWS refuses signatures of programs that are 15 minutes off, and the times of this \
             machine's own logs are wrong",
        )
    } else {
        Finding::ok(format!("within {} s of AWS's clock", off.max(1)))
    }
    .with("clock_off_seconds", off)])
}

fn metrics_readable(evidence: &Evidence) -> Judged {
    let metrics = &evidence.signals()?.metrics;
    Ok(vec![match metrics {
        Ok(_) => Finding::ok("read"),
        Err(unknown) => {
            half_blind(unknown, "what depends on them is judged by the forwarder's log, or not at all")
        }
    }])
}

fn log_readable(evidence: &Evidence) -> Judged {
    let logs = &evidence.signals()?.logs;
    let findings = logs.iter().map(|log| {
        let finding = match &log.lines {
            Ok(lines) => Finding::ok(format!("{} lines of {} read", lines.lines.len(), log.log_group))
                .with("lines", lines.lines.len()),
            Err(unknown) => half_blind(unknown, "which destination fails, and why, is known from there only"),
        };
        finding.about(log.isolated.as_deref())
    });
    Ok(findings.collect())
}

/// Something that cannot be read, and what follows from that.
fn half_blind(unknown: &Unknown, what: &str) -> Finding {
    let finding = Finding::warn(unknown.why.clone()).detail(what.to_owned());
    match &unknown.action {
        Some(action) => finding
            .with("denied", action.clone())
            .advise(format!("ask whoever administers the account for {action}; this policy has it:"))
            .fix(Command::OnCallPolicy),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::evidence::Caller;
    use super::super::super::finding::State;
    use super::*;

    fn with_clock(ahead: i64) -> Finding {
        let caller = Caller { account: "1".to_owned(), identity: "arn".to_owned(), clock_ahead: ahead };
        clock(&Evidence { caller: Ok(caller), ..Evidence::default() }).expect("judged").remove(0)
    }

    #[test]
    fn a_clock_that_is_minutes_off_is_told_in_both_directions() {
        for (ahead, state) in [(0, State::Ok), (300, State::Ok), (301, State::Warn), (-301, State::Warn)] {
            assert_eq!(with_clock(ahead).state, state, "{ahead}");
        }
        assert!(with_clock(400).found.contains("400 s behind"), "AWS is ahead");
        assert!(with_clock(-400).found.contains("400 s ahead of"));
    }

    #[test]
    fn a_network_that_is_down_is_no_fault_of_the_credentials() {
        let of = |code| {
            let error = Error::new(code, "what").hint("do this");
            let evidence = Evidence { caller: Err(error), ..Evidence::default() };
            let finding = credentials(&evidence).expect("judged").remove(0);
            assert_eq!((finding.found.as_str(), finding.advice.as_deref()), ("what", Some("do this")));
            finding.state
        };
        assert_eq!(of(Code::Unreachable), State::Unknown);
        assert_eq!(of(Code::NoCredentials), State::Fault);
        assert_eq!(of(Code::BadCredentials), State::Fault);
    }
}
