//! What only trying shows, with `--probe`.

use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Judged};
use super::super::finding::Finding;

pub(in super::super) const CATEGORY: Category = Category {
    name: "tried",
    title: "tried now",
    needs: &["credentials", "stack-there"],
    checks: &[
        Check::new(
            "function-answers",
            "with --probe: the forwarder answers an empty batch",
            function_answers,
        )
        .needs(&["function-active"]),
        Check::new(
            "service-answers",
            "with --probe: each log service can be reached from here",
            service_answers,
        ),
        Check::new("bucket-writable", "with --probe: each bucket takes an object", bucket_writable),
    ],
};

fn function_answers(evidence: &Evidence) -> Judged {
    let Some(tried) = &evidence.tried else { return Ok(Vec::new()) };
    let findings = tried.functions.iter().map(|(subject, tried)| {
        let finding = match tried {
            Ok(Ok(())) => Finding::ok("it started or was running, and answered an empty batch"),
            Ok(Err(reason)) => evidence
                .by_setup(Finding::fault(reason.clone()))
                .advise("fix what the message says; `cwl2le setup` then tries whether it starts"),
            Err(unknown) => Finding::from(unknown),
        };
        finding.about(subject.as_deref())
    });
    Ok(findings.collect())
}

fn service_answers(evidence: &Evidence) -> Judged {
    let Some(tried) = &evidence.tried else { return Ok(Vec::new()) };
    let services = tried.services.as_ref().map_err(Finding::from)?;
    let findings = services.iter().map(|(name, reached)| {
        let finding = match reached {
            Ok(true) => Finding::ok("connected from here, nothing sent"),
            Ok(false) => Finding::ok("not tried: its address is a secret that only the forwarder reads"),
            Err(failure) => Finding::warn(format!("cannot be reached from here: {failure}")).advise(
                "the forwarder may still reach it; if its deliveries fail too, look at the address, the certificate and \
                 the service itself",
            ),
        };
        finding.about(Some(name))
    });
    Ok(findings.collect())
}

fn bucket_writable(evidence: &Evidence) -> Judged {
    let Some(tried) = &evidence.tried else { return Ok(Vec::new()) };
    let findings = tried.buckets.iter().map(|(place, tried)| {
        let finding = match tried {
            Ok(()) => Finding::ok("an object was written and deleted"),
            Err(unknown) if unknown.action.is_some() => {
                let finding = Finding::from(unknown);
                finding.detail(
                    "you may not write there; that says nothing of the forwarder, whose role is judged above",
                )
            }
            Err(unknown) => Finding::fault(format!("it takes no object: {}", unknown.why))
                .advise("create the bucket again, or set another one with `cwl2le setup`"),
        };
        finding.about(Some(place))
    });
    Ok(findings.collect())
}

#[cfg(test)]
mod tests {
    use super::super::super::evidence::Tried;
    use super::super::super::finding::State;
    use super::*;
    use crate::health::Unknown;

    #[test]
    fn what_was_tried_is_judged_and_what_was_not_is_not() {
        let judges = [function_answers, service_answers, bucket_writable];
        let nothing = Evidence::default();
        assert!(judges.iter().all(|judge| judge(&nothing).expect("judged").is_empty()));

        let denied = || Unknown { why: "denied".to_owned(), action: Some("s3:PutObject".to_owned()) };
        let tried = Tried {
            functions: vec![
                (None, Ok(Ok(()))),
                (Some("a".to_owned()), Ok(Err("no token".to_owned()))),
                (None, Err(denied())),
            ],
            services: Ok(vec![("a".to_owned(), Ok(true)), ("b".to_owned(), Err("refused".to_owned()))]),
            buckets: vec![
                ("s3://a".to_owned(), Ok(())),
                ("s3://b".to_owned(), Err(denied())),
                ("s3://c".to_owned(), Err(Unknown::because("NoSuchBucket"))),
            ],
        };
        let evidence = Evidence { tried: Some(tried), ..Evidence::default() };
        let states = judges.map(|judge| {
            judge(&evidence).expect("judged").iter().map(|finding| finding.state).collect::<Vec<_>>()
        });
        assert_eq!(states[0], [State::Ok, State::Fault, State::Unknown]);
        assert_eq!(states[1], [State::Ok, State::Warn]);
        assert_eq!(states[2], [State::Ok, State::Unknown, State::Fault]);
    }
}
