//! How a stream gets another number of shards.

use crate::resources::tests::{empty_account, one_stack, run};
use crate::resources::*;
use crate::resources::{Stack, StreamMode};
use crate::stack::Setting;

#[test]
fn the_number_of_shards_changes_in_as_many_steps_as_fit_into_a_day() {
    let mut stack = one_stack();
    let mut account = empty_account(&[]);
    run(&stack, &mut account, |is| {
        setup(stack_with(&mut stack.clone(), StreamMode::Provisioned { shards: 1 }), is, false)
    });
    let mut planned = |from: StreamMode, to: StreamMode| {
        account.stream.as_mut().expect("made").mode = from;
        stack.stream.mode = Setting::asked(to);
        let plan = setup(&stack, &account, false);
        let fields =
            plan.steps.iter().filter(|step| step.resource.kind == Kind::STREAM).flat_map(|step| &step.fields);
        let fields: Vec<String> = fields.map(ToString::to_string).collect();
        let refused: Vec<String> = plan.refused.iter().map(|r| format!("{}; {}", r.reason, r.hint)).collect();
        (fields, refused)
    };
    let shards = |shards| StreamMode::Provisioned { shards };
    let of_mode = |fields: &[String], name: &str| fields.iter().any(|field| field.starts_with(name));

    let (fields, refused) = planned(shards(1), shards(2));
    assert!(!of_mode(&fields, "shard changes") && refused.is_empty(), "{fields:?} {refused:?}");
    let (fields, _) = planned(shards(1), shards(8));
    assert!(
        fields.contains(&"shard changes: 2, 4, 8 (3 of the 10 that Kinesis allows in 24 hours)".to_owned()),
        "{fields:?}"
    );
    let (fields, refused) = planned(shards(1024), shards(1));
    assert!(
        fields.iter().any(|field| field.contains("(10 of the 10 ")) && refused.is_empty(),
        "{fields:?} {refused:?}"
    );
    let (_, refused) = planned(shards(1), shards(1025));
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(
        refused[0].contains("takes 11 changes") && refused[0].contains("1024 shards now and 1025"),
        "{refused:?}"
    );
    // The model's stream on demand has four shards.
    let (fields, _) = planned(StreamMode::OnDemand, shards(1));
    assert!(
        of_mode(&fields, "mode changes: 1 (") && of_mode(&fields, "shard changes: 2, 1 (2 of"),
        "{fields:?}"
    );
    let (fields, _) = planned(shards(1), StreamMode::OnDemand);
    assert!(of_mode(&fields, "mode changes: 1 (") && !of_mode(&fields, "shard changes"), "{fields:?}");
}

fn stack_with(stack: &mut Stack, mode: StreamMode) -> &Stack {
    stack.stream.mode = Setting::asked(mode);
    stack
}
