//! Random histories: whatever events are lost, repeated, late or out of order, the counts add up and no counter falls.

use std::collections::BTreeMap;

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn kind() -> impl Strategy<Value = EventKind> {
    let ended = select(&Outcome::ALL[..3]).prop_map(EventKind::Ended);
    let warning = select(WarningAction::ALL).prop_map(EventKind::FailureWarning);
    let attention = select(AttentionReason::ALL).prop_map(EventKind::Attention);
    let reported = select(vec![
        ReportedState::Printing,
        ReportedState::Paused,
        ReportedState::Idle,
        ReportedState::Error,
        ReportedState::ErrorCleared,
        ReportedState::Offline,
        ReportedState::Unreachable,
    ])
    .prop_map(EventKind::StateReport);
    prop_oneof![
        3 => Just(EventKind::Started),
        4 => Just(EventKind::Progress),
        2 => Just(EventKind::Paused),
        1 => Just(EventKind::Resumed),
        3 => ended,
        1 => Just(EventKind::Error),
        1 => warning,
        1 => attention,
        1 => reported,
        1 => Just(EventKind::Notice),
        1 => Just(EventKind::LimitReached),
        1 => Just(EventKind::Test),
        1 => Just(EventKind::Retired),
    ]
}

fn span() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0_u64..100_000).prop_map(Duration::from_millis),
        (0_u64..400_000).prop_map(Duration::from_secs),
        (0_u64..1 << 40).prop_map(Duration::from_nanos),
    ]
}

fn stated_time() -> impl Strategy<Value = Elapsed> {
    (span(), 0..4).prop_map(|(span, how)| match how {
        0 => Elapsed::Printing(span),
        1 => Elapsed::WithPauses(span),
        2 => Elapsed::InMinutes(span),
        _ => Elapsed::Either(span),
    })
}

fn filament() -> impl Strategy<Value = Filament> {
    let amount = || option::of(prop_oneof![Just(0.0), 0.0..10.0]);
    (amount(), amount()).prop_map(|(metres, grams)| Filament { metres, grams })
}

prop_compose! {
    fn report()(
        print_id in option::weighted(0.3, select(vec!["one", "two", "three"])),
        name in option::weighted(0.7, select(vec!["a.gcode", "b.gcode"])),
        origin in option::of(select(Origin::ALL)),
        progress in option::of(0.0..=1.0),
        elapsed in option::of(stated_time()),
        remaining in option::of(span()),
        estimate in option::of(span()),
        position in option::of(0_u64..5),
        (says_paused, says_ready) in any::<(bool, bool)>(),
        // A tuple, because there are no more than twelve arguments.
        (has_path, owner) in (any::<bool>(), option::of("[a-z\"é]{0,3}")),
        (event_id, filament_used, filament_planned) in
            (option::weighted(0.2, select(vec!["1", "2", "3"])), filament(), filament()),
        layers in option::of(any::<(u32, u32)>()),
        height in option::of(prop_oneof![Just(0.0), 0.0..10.0]),
    ) -> PrintReport {
        PrintReport {
            print_id: print_id.map(Into::into),
            file: name.map(|name| File { name: name.into(), path: has_path.then(|| name.into()) }),
            origin, owner, progress, elapsed, remaining, estimate, position, height, says_paused, says_ready,
            filament_used, filament_planned,
            event_id: event_id.map(Into::into),
            layer: layers.map(|(layer, _)| layer),
            layers: layers.map(|(_, layers)| layers),
            ..PrintReport::default()
        }
    }
}

prop_compose! {
    /// An event and the seconds before it. Some are applied late: they were received before the previous one.
    pub(super) fn step()(
        pause in prop_oneof![0.0..5.0, 0.0..5_000.0, 0.0..200_000.0],
        late in prop_oneof![4 => Just(0.0), 1 => 0.0..3.0],
        source in select(&Source::SAMPLES),
        id in select(vec!["x", "y"]),
        sent in option::of(0_i64..1_000_000),
        kind in kind(),
        report in report(),
    ) -> (f64, f64, Event) {
        // Nobody sends this one, so it has no id.
        let event_id = report.event_id.clone().filter(|_| kind != EventKind::Retired);
        let report = PrintReport { event_id, ..report };
        let printer = Identity { source, id: id.into(), label: "same".into(), name: id.into() };
        let sent = sent.map(|seconds| Timestamp::from_micros(seconds * 1_000_000));
        (pause, late, Event { printer, received: at(0.0), sent, kind, report })
    }
}

/// A farm after some random events, and what they changed.
pub(crate) fn farm() -> impl Strategy<Value = (Farm, Changes)> {
    let steps = proptest::collection::vec((step(), any::<bool>()), 0..30);
    steps.prop_map(|steps| {
        let mut story = Story::default();
        for ((pause, late, mut event), is_seen) in steps {
            story.after(pause);
            if is_seen {
                story.last_read.set(story.now);
            }
            event.received = at(story.now - late);
            story.apply(&event).unwrap();
        }
        (story.farm, story.changes)
    })
}

/// Every counter of a printer.
pub(crate) fn counters(printer: &PrinterSnapshot<'_>) -> Vec<f64> {
    let totals = printer.totals;
    let counts = totals.started.iter().chain(totals.ended.iter().flatten());
    let counts = counts.chain(&totals.failure_warnings).chain(&totals.attention).chain([&totals.errors]);
    let times = totals.ended_printed.iter().chain([&printer.printed, &printer.paused]);
    let filament = [totals.ended_filament_length, totals.ended_filament_mass].map(Option::unwrap_or_default);
    let filament = filament.into_iter().flatten().map(millionths);
    counts.map(|&count| count as f64).chain(times.map(Duration::as_secs_f64)).chain(filament).collect()
}

fn check(story: &Story, now: f64, before: &mut BTreeMap<String, Vec<f64>>) -> Result<(), TestCaseError> {
    story.last_read.set(now);
    let mut labels = HashSet::new();
    for printer in story.farm.view().read(at(now)) {
        prop_assert!(labels.insert(printer.label.to_owned()), "two printers share a label");
        for origin in Origin::ALL {
            let open = printer.print.as_ref().is_some_and(|print| print.origin == *origin);
            let ended: u64 = printer.totals.ended[origin.index()].iter().sum();
            prop_assert_eq!(printer.totals.started[origin.index()], ended + u64::from(open));
        }
        let after = counters(&printer);
        if let Some(before) = before.get(printer.label) {
            for (before, after) in before.iter().zip(&after) {
                prop_assert!(after >= before, "a counter fell from {} to {}", before, after);
            }
        }
        before.insert(printer.label.to_owned(), after);
        if let Some(print) = &printer.print {
            prop_assert!(print.progress.is_none_or(|it| (0.0..=1.0).contains(&it)));
            prop_assert!(print.remaining.is_none_or(|it| it < Duration::from_secs(1_000_000)));
            prop_assert_eq!(print.eta.is_some() && printer.state != State::Printing, false);
        }
        prop_assert_eq!(
            printer.print.is_some() && printer.state == State::Idle,
            false,
            "idle while a print is open"
        );
    }
    Ok(())
}

fn check_credit(
    story: &Story,
    now: f64,
    before: &mut BTreeMap<String, Duration>,
) -> Result<(), TestCaseError> {
    for printer in story.farm.view().read(at(now)) {
        let shown = before.insert(printer.label.to_owned(), printer.printed).unwrap_or_default();
        let Some(last_end) = printer.totals.last_end.iter().flatten().max() else { continue };
        let ended: Duration = printer.totals.ended_printed.iter().sum();
        let limit = shown.max(ended + at(now).since(*last_end));
        prop_assert!(
            printer.printed <= limit,
            "{:?} credited where {:?} is possible",
            printer.printed,
            limit
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_counts_add_up_and_no_counter_ever_falls(steps in proptest::collection::vec(step(), 1..120)) {
        let mut story = Story::default();
        let mut before = BTreeMap::new();
        for (pause, late, mut event) in steps {
            check(&story, story.now + pause, &mut before)?;
            story.after(pause);
            event.received = at(story.now - late);
            story.apply(&event).unwrap();
            before.retain(|label: &String, _| story.farm.view().identity(label).is_some());
            check(&story, story.now, &mut before)?;
        }
    }

    /// Nothing explains a burst here: no estimate, no clock of the sender.
    #[test]
    fn no_more_seconds_are_credited_after_the_last_end_than_have_passed(
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let mut story = Story::default();
        let mut before = BTreeMap::new();
        for (pause, _, mut event) in steps {
            event.received = at(story.after(pause).now);
            event.sent = None;
            event.report.progress = None;
            story.apply(&event).unwrap();
            before.retain(|label: &String, _| story.farm.view().identity(label).is_some());
            check_credit(&story, story.now, &mut before)?;
            check_credit(&story, story.now + pause, &mut before)?;
        }
    }

    /// Nothing explains a burst here, and nobody states the final time of a monotonic clock. The start was announced.
    #[test]
    fn no_more_seconds_are_credited_than_were_measured_since_the_first_start(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut story = Story::default();
        story.tell(EventKind::Started, file("a.gcode"));
        for (pause, _, mut event) in steps.into_iter().filter(|(_, _, it)| it.kind != EventKind::Retired) {
            event.printer = identity();
            event.received = at(story.after(pause).now);
            event.sent = None;
            (event.report.progress, event.report.estimate, event.report.remaining) = (None, None, None);
            let is_end = event.kind.is_end();
            event.report.elapsed.take_if(|elapsed| is_end && matches!(elapsed, Elapsed::Printing(_)));
            story.apply(&event).unwrap();
            prop_assert!(story.printed() <= story.now + 300.0, "{} s after {} s", story.printed(), story.now);
        }
    }

    #[test]
    fn rolled_back_events_leave_the_state_unchanged(
        kept in proptest::collection::vec(step(), 0..30),
        lost in proptest::collection::vec(step(), 1..30),
    ) {
        let mut story = Story::default();
        let mut published = View::default();
        for (pause, _, mut event) in kept {
            event.received = at(story.after(pause).now);
            story.apply(&event).unwrap();
        }
        published.publish(&story.farm, &std::mem::take(&mut story.changes));
        for (pause, _, mut event) in lost {
            event.received = at(story.now + pause);
            story.apply(&event).unwrap();
        }
        story.farm.roll_back(&published, &story.changes);
        prop_assert_eq!(&story.farm.view().printers, &published.printers);
        prop_assert_eq!(story.farm.labels.len(), published.read(at(story.now)).count());
    }
}
