//! Random histories, with restarts in between.

use super::*;

#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "there are few of them")]
enum Step {
    Send(usize, EventKind, Box<PrintReport>),
    Pass(u64),
    Clock(i64),
    Fails(bool),
    Restart(End, i64),
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop::sample::select(vec![
        EventKind::Started,
        EventKind::Started,
        EventKind::Progress,
        EventKind::Paused,
        EventKind::Resumed,
        DONE,
        EventKind::Ended(Outcome::Failed),
        EventKind::Error,
        EventKind::LimitReached,
    ]);
    let job =
        (prop::option::of(0..6_usize), prop::option::of(0..5000_u64)).prop_map(|(id, seconds)| PrintReport {
            print_id: id.map(|id| id.to_string()),
            elapsed: seconds.map(|seconds| Elapsed::Printing(Duration::from_secs(seconds))),
            ..elapsed(0)
        });
    prop_oneof![
        6 => (0..3_usize, kind, job).prop_map(|(printer, kind, job)| Step::Send(printer, kind, Box::new(job))),
        2 => (0..200_u64).prop_map(Step::Pass),
        1 => prop_oneof![-4000..-1_i64, 2..4000_i64].prop_map(Step::Clock),
        2 => any::<bool>().prop_map(Step::Fails),
        1 => (prop::bool::ANY, 0..100_i64)
            .prop_map(|(stop, down)| Step::Restart(if stop { End::Stop } else { End::Crash }, down)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn acknowledged_events_survive_failures_steps_and_restarts(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in steps {
            let before = world.shown();
            match step {
                Step::Send(printer, kind, job) => {
                    let sent = world.send_from(["a", "b", "c"][printer], kind, *job);
                    if sent.is_err() {
                        prop_assert_eq!(world.shown(), before.clone(), "a refused event changes nothing");
                    }
                }
                Step::Pass(seconds) => world.pass(seconds),
                // While the store fails, the time of the counters cannot be stored.
                Step::Clock(_) if world.fails.load(Ordering::Relaxed) => {}
                Step::Clock(seconds) => {
                    world.clock.step_wall(seconds * 1_000_000);
                    world.tick();
                }
                Step::Fails(fails) => world.fails.store(fails, Ordering::Relaxed),
                Step::Restart(end, down) => world.restart(end, down, 0),
            }
            for (before, after) in before.iter().zip(world.shown()) {
                prop_assert!(after.0 >= before.0 && after.1 >= before.1, "{:?}, then {:?}", before, after);
            }
            let [started, ended, open] = world.counts();
            prop_assert_eq!(started, ended + open);
            prop_assert_eq!(world.rows(), ended);
        }
        let before = world.shown();
        world.restart(End::Crash, 0, 0);
        for (before, after) in before.iter().zip(world.shown()) {
            prop_assert_eq!(&before.2, &after.2);
            prop_assert!(after.0 - before.0 <= HEARTBEAT.as_secs_f64() + 0.1, "{:?}, then {:?}", before, after);
        }
        prop_assert_eq!(before.len(), world.shown().len());
    }
}
