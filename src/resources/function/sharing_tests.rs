//! A destination that changes hands, in a model of a stream with a record a second and two functions that read it.

use std::collections::BTreeMap;

use cwl2le_forwarder::config::Schedule;
use proptest::prelude::*;

use crate::resources::function::sharing::*;

const LEAD: u64 = 60;
const RETENTION: u64 = 24 * 3600;

fn times(now: u64) -> Times {
    Times { now: Some(now), lead: LEAD, retention: RETENTION }
}

/// A function: what it is configured to, and how far it has read.
#[derive(Debug, Clone)]
struct Function {
    schedule: Schedule,
    /// The records before this one it has passed over, or delivered.
    read: u64,
}

/// A stream whose `n`-th record arrives at second `n`, and who delivered which record how often.
#[derive(Debug, Default)]
struct World {
    time: u64,
    main: Option<Function>,
    own: Option<Function>,
    delivered: BTreeMap<u64, u32>,
}

impl World {
    /// Lets time pass; each function reads up to a lag of its own.
    fn pass(&mut self, seconds: u64, main_lag: u64, own_lag: u64) {
        self.time += seconds;
        for (function, lag) in [(&mut self.main, main_lag), (&mut self.own, own_lag)] {
            let Some(function) = function else { continue };
            while function.read + lag < self.time {
                if function.schedule.serves(Some(function.read as f64)) {
                    *self.delivered.entry(function.read).or_default() += 1;
                }
                function.read += 1;
            }
        }
    }

    /// What a run sees, and plans.
    fn plan(&self, isolated: bool) -> Shares {
        let schedule = |function: &Option<Function>| function.as_ref().map(|f| f.schedule.clone());
        share(isolated, &Now { main: schedule(&self.main), own: schedule(&self.own) }, times(self.time))
    }

    fn set_main(&mut self, schedule: Schedule) {
        let main = self.main.get_or_insert(Function { schedule: schedule.clone(), read: 0 });
        main.schedule = schedule;
    }

    fn set_own(&mut self, schedule: Schedule) {
        // A new trigger reads from the beginning, or from before the first change.
        let start = schedule.changes.first().map_or(0, |first| (*first).min(self.time).saturating_sub(300));
        let read = if schedule.first { 0 } else { start };
        let own = self.own.get_or_insert(Function { schedule: schedule.clone(), read });
        own.schedule = schedule;
    }

    /// A run that carries out this many of its steps, in order, each after this many seconds.
    fn run(&mut self, isolated: bool, steps: usize, seconds: u64, lags: (u64, u64)) {
        let Shares { main, own, letting_go } = self.plan(isolated);
        let main_is_last = letting_go.is_some_and(|letting_go| letting_go.is_main);
        let order = if main_is_last { [false, true] } else { [true, false] };
        for is_main in order.into_iter().take(steps) {
            self.pass(seconds, lags.0, lags.1);
            let guard = letting_go.filter(|letting_go| letting_go.is_main == is_main && letting_go.in_time);
            if guard.is_some_and(|guard| self.time + MARGIN >= guard.at) {
                return;
            }
            match (is_main, &own) {
                (true, _) => self.set_main(main.clone()),
                (false, Some(own)) => self.set_own(own.clone()),
                (false, None) => self.own = None,
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Move {
    isolated: bool,
    steps: usize,
    seconds: u64,
    pause: u64,
    lags: (u64, u64),
}

fn moves() -> impl Strategy<Value = Move> {
    // A function that lags for longer than the stream keeps its records loses them whoever serves them.
    let lag = || prop_oneof![Just(0_u64), 1_u64..40, 200_u64..4000];
    (any::<bool>(), 0_usize..3, 0_u64..50, prop_oneof![0_u64..200, 3000_u64..9000], (lag(), lag()))
        .prop_map(|(isolated, steps, seconds, pause, lags)| Move { isolated, steps, seconds, pause, lags })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However often a destination is isolated and not, and wherever that is interrupted: every record is delivered.
    #[test]
    fn nothing_is_lost_however_often_a_destination_changes_hands(
        begins_isolated in any::<bool>(),
        moves in proptest::collection::vec(moves(), 1..8),
    ) {
        let mut world = World::default();
        world.run(begins_isolated, 2, 0, (0, 0));
        for Move { isolated, steps, seconds, pause, lags } in &moves {
            world.run(*isolated, *steps, *seconds, *lags);
            world.pass(*pause, lags.0, lags.1);
        }
        let until = world.time;
        world.pass(10_000, 0, 0);
        let lost: Vec<u64> = (0..until).filter(|record| !world.delivered.contains_key(record)).collect();
        prop_assert!(lost.is_empty(), "lost: {lost:?}");
        // Once a run has come to its end, the next one finds nothing to do, and in the end one function is left.
        let last = moves.last().expect("a move").isolated;
        world.run(last, 2, 0, (0, 0));
        let settled = world.plan(last);
        prop_assert_eq!(settled.letting_go, None);
        prop_assert_eq!(Some(&settled.main), world.main.as_ref().map(|f| &f.schedule));
        world.pass(RETENTION + 2 * BEYOND_RETENTION, 0, 0);
        world.run(last, 2, 0, (0, 0));
        prop_assert_eq!(world.own.is_some(), last);
        prop_assert_eq!(world.main.as_ref().map(|f| f.schedule.clone()), Some(constant(!last)));
    }

    /// Nothing is delivered twice where no run is interrupted and all are in time.
    #[test]
    fn nothing_comes_twice_where_nothing_is_interrupted(
        begins_isolated in any::<bool>(),
        moves in proptest::collection::vec(moves(), 1..6),
    ) {
        let mut world = World::default();
        world.run(begins_isolated, 2, 0, (0, 0));
        for Move { isolated, seconds, pause, lags, .. } in &moves {
            world.run(*isolated, 2, seconds % 20, *lags);
            world.pass(LEAD + pause, lags.0, lags.1);
        }
        world.pass(10_000, 0, 0);
        let twice: Vec<_> = world.delivered.iter().filter(|(_, times)| **times > 1).collect();
        prop_assert!(twice.is_empty(), "{twice:?}");
    }
}

#[test]
fn a_first_handover_needs_no_haste_and_a_later_one_is_in_time() {
    let now = Now { main: Some(constant(true)), own: None };
    let shares = share(true, &now, times(1000));
    assert_eq!(shares.main, Schedule { first: true, changes: vec![1060] });
    assert_eq!(shares.own, Some(Schedule { first: false, changes: vec![1060] }));
    assert_eq!(shares.letting_go, Some(LettingGo { is_main: true, at: 1060, in_time: false, is_new: true }));
    // Interrupted before the main function let go: the time stays, even when it has passed.
    let between = Now { main: now.main, own: shares.own.clone() };
    let later = share(true, &between, times(5000));
    assert_eq!((&later.main, &later.own), (&shares.main, &shares.own));
    // Back again: the main function must know before the other one lets go.
    let done = Now { main: Some(shares.main), own: shares.own };
    let back = share(false, &done, times(5000));
    assert_eq!(back.letting_go, Some(LettingGo { is_main: false, at: 5060, in_time: true, is_new: true }));
    assert_eq!(back.main, Schedule { first: true, changes: vec![1060, 5060] });
    let half = Now { main: Some(back.main.clone()), own: done.own };
    assert_eq!(share(false, &half, times(5020)).main, back.main, "there is time enough");
    assert_eq!(share(false, &half, times(5055)).letting_go.map(|l| l.at), Some(5115), "there is not");
}

#[test]
fn a_stack_that_begins_isolated_has_no_times() {
    let shares = share(true, &Now::default(), times(1000));
    let constant = Shares { main: constant(false), own: Some(constant(true)), letting_go: None };
    assert_eq!(shares, constant);
    let now = Now { main: Some(constant.main.clone()), own: None };
    assert_eq!(share(true, &now, times(1000)), constant, "a run that was interrupted goes on");
}
