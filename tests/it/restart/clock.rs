//! Times and counters of time, whatever the clocks do in between.

use super::*;

#[test]
fn counters_of_time_never_fall_and_show_at_most_a_heartbeat_too_much() {
    let minute = HEARTBEAT.as_secs_f64();
    for end in [End::Stop, End::Crash] {
        for (down, step) in
            [(1, 0), (30, 0), (600, 0), (1, -2), (1, -20), (1, -45), (1, -90), (1, -HOUR), (1, -1000 * HOUR)]
        {
            let name = format!("{end:?}, down for {down} s, step by {step} s");
            let mut world = World::new();
            world.send(EventKind::Started, elapsed(0));
            world.pass(103);
            world.restart(end, down, step);
            let truth = if step < 0 { 100.0 } else { 103.0 + f64::from(i32::try_from(down).unwrap()) };
            let printed = world.printed();
            assert!(printed >= 103.0 && printed <= truth.max(103.0) + minute, "{name}: {printed}");
            if (end, step) == (End::Stop, 0) {
                assert!(close_to(printed, truth), "{name}: {printed}");
            }
            for again in [End::Stop, End::Crash] {
                let before = world.printed();
                world.pass(3);
                world.restart(again, 1, 0);
                assert!(world.printed() >= before, "{name}, then {again:?}: {} < {before}", world.printed());
            }
            world.pass(300);
            let late = world.printed();
            assert!(late >= 300.0 && late <= truth + 308.0 + minute, "{name}: {late} s at last");
        }
    }
}

#[test]
fn a_state_that_moved_with_a_clock_set_back_is_stored() {
    let mut world = World::new();
    world.send(EventKind::Started, elapsed(0));
    world.pass(300);
    world.restart(End::Crash, 1, -HOUR);
    world.pass(1800);
    let before = world.printed();
    assert!((2000.0..2200.0).contains(&before), "{before}");
    world.restart(End::Crash, 1, 0);
    let after = world.printed();
    assert!((before..before + 70.0).contains(&after), "{before}, then {after}");
}

#[test]
fn a_clock_step_credits_nothing_after_a_restart_either() {
    for step in [-HOUR, HOUR] {
        for end in [End::Stop, End::Crash] {
            let mut world = World::new();
            world.send(EventKind::Started, elapsed(0));
            world.pass(30);
            world.clock.step_wall(step * 1_000_000);
            world.tick();
            let copied = copy(&world.path());
            let copy = SqliteStore::open(&copied.join("printfarm.db")).unwrap();
            let kept = copy.with_sources(Senders::builtin().sources()).load().unwrap();
            fs::remove_dir_all(copied).unwrap();
            let moved = world.clock.now() - Duration::from_secs(30);
            let last_event = kept.farm.view().read(moved).next().unwrap().last_event;
            assert_eq!(last_event, moved, "step by {step} s: the stored times");
            world.pass(10);
            world.restart(end, 1, 0);
            let printed = world.printed();
            assert!((40.0..=105.0).contains(&printed), "step by {step} s, {end:?}: {printed}");
        }
    }
}

#[test]
fn a_clock_step_credits_nothing_to_a_print_of_an_earlier_run() {
    for step in [-HOUR, HOUR] {
        for between in [0, -HOUR] {
            let mut world = World::new();
            world.send(EventKind::Started, elapsed(0));
            world.pass(100);
            world.restart(End::Stop, 0, between);
            world.pass(100);
            world.clock.step_wall(step * 1_000_000);
            world.tick();
            world.pass(100);
            let printed = world.printed();
            let name = format!("step by {between} s between the runs, then by {step} s");
            assert!((240.0..=300.001).contains(&printed), "{name}: {printed}");
        }
    }
}

#[test]
fn all_times_are_right_once_a_clock_that_was_behind_at_the_boot_gets_the_time() {
    let mut world = World::new();
    for printer in ["a", "b"] {
        world.send_from(printer, EventKind::Started, elapsed(0)).unwrap();
        world.pass(60);
    }
    world.send_from("b", DONE, elapsed(60)).unwrap();
    let before = world.times();
    world.restart(End::Crash, 60, -3000);
    world.pass(20);
    assert_eq!(world.times(), before, "the stored times are better than the clock");
    world.send_from("c", EventKind::Started, elapsed(0)).unwrap();
    world.pass(30);
    world.send_from("c", DONE, elapsed(30)).unwrap();
    world.clock.step_wall(3_000_000_000);
    world.tick();
    world.pass(10);
    assert_eq!(world.times()[..2], before);
    assert_eq!(world.times()[2].2, world.clock.now() - Duration::from_secs(10));
    world.assert_last_row(40.0, 10.0);
    let wall = world.clock.wall_offset();
    assert!(wall.abs() < 1_000_000, "the wall clock is ahead by {wall} us");
}

#[test]
fn a_clock_that_stays_behind_is_followed_after_a_while() {
    let mut world = World::new();
    world.send(EventKind::Started, elapsed(0));
    world.pass(60);
    world.restart(End::Crash, 60, -3000);
    world.pass(590);
    assert!(world.clock.wall_offset() < -2_000_000_000);
    world.pass(20);
    let wall = world.clock.wall_offset();
    assert!(wall.abs() < 1_000_000, "the wall clock is ahead by {wall} us");
    assert!(world.times()[0].2 <= world.clock.now(), "no time is in the future");
}

#[test]
fn a_first_start_in_1970_leaves_no_times_there() {
    let mut world = World::at(20);
    world.send_from("a", EventKind::LimitReached, PrintReport::default()).unwrap();
    for printer in ["a", "b"] {
        world.send_from(printer, EventKind::Started, elapsed(0)).unwrap();
    }
    world.pass(30);
    world.send_from("a", DONE, elapsed(30)).unwrap();
    world.pass(10);
    world.clock.step_wall(500_000 * HOUR * 1_000_000);
    world.tick();
    let now = world.clock.now();
    let ago = |seconds| now - Duration::from_secs(seconds);
    let times = vec![("a".into(), None, ago(10)), ("b".into(), Some(ago(40)), ago(40))];
    assert_eq!(world.times(), times);
    assert_eq!(world.recorder().view().0.limit_reached(Source::new("octoprint")), Some(ago(40)));
    world.assert_last_row(40.0, 10.0);
    // A second step, now backwards.
    world.clock.step_wall(-5_000_000);
    world.tick();
    world.assert_last_row(40.0, 10.0);
    world.restart(End::Crash, 0, 0);
    world.assert_last_row(40.0, 10.0);
}
