//! Labels, limits and rolling changes back.

use super::*;

fn printer(source: Source, id: &str, label: &str) -> Identity {
    Identity { source, id: id.into(), label: label.into(), name: label.into() }
}

fn tell(story: &mut Story, printer: Identity, kind: EventKind) -> Applied {
    story.tell_of(printer, kind, PrintReport::default()).unwrap()
}

#[test]
fn a_label_is_pinned_when_the_printer_is_first_seen() {
    let mut story = Story::default();
    tell(&mut story, printer(Source::OCTOEVERYWHERE, "p1", "Ender3"), EventKind::Started);
    let renamed = tell(&mut story, printer(Source::OCTOEVERYWHERE, "p1", "Ender 3 Pro"), EventKind::Notice);
    assert_eq!(renamed.label, "Ender3");
    assert_eq!((story.read().label, story.read().name), ("Ender3", "Ender 3 Pro"));
}

#[test]
fn two_printers_never_share_a_label() {
    let mut story = Story::default();
    let labels: Vec<_> = [
        printer(Source::OCTOPRINT, "mk3", "mk3"),
        printer(Source::OCTOEVERYWHERE, "a", "mk3"),
        printer(Source::OCTOEVERYWHERE, "b", "mk3"),
        printer(Source::OCTOEVERYWHERE, "mk3-2", "mk3-2"),
        printer(Source::OCTOPRINT, "mk3", "mk3"),
    ]
    .into_iter()
    .map(|printer| tell(&mut story, printer, EventKind::Notice).label)
    .collect();
    assert_eq!(labels, ["mk3", "mk3-2", "mk3-3", "mk3-2-2", "mk3"]);
}

#[test]
fn a_test_returns_the_label_that_the_printer_would_get_and_adds_no_printer() {
    let mut story = Story::default();
    tell(&mut story, printer(Source::OCTOPRINT, "mk3", "mk3"), EventKind::Notice);
    let applied = tell(&mut story, printer(Source::OCTOEVERYWHERE, "a", "mk3"), EventKind::Test);
    assert_eq!(applied, Applied { label: "mk3-2".into(), disposition: Disposition::Test });
    assert_eq!(story.farm.view().len(), 1);
}

#[test]
fn the_daily_limit_is_kept_by_source_and_adds_no_printer() {
    let mut story = Story::default();
    tell(story.after(7.0), printer(Source::OCTOEVERYWHERE, "account", "account"), EventKind::LimitReached);
    assert!(story.farm.view().is_empty());
    assert_eq!(story.farm.view().limit_reached(Source::OCTOEVERYWHERE), Some(at(7.0)));
    assert_eq!(story.farm.view().limit_reached(Source::OCTOPRINT), None);
}

#[test]
fn a_printer_beyond_the_limit_is_refused_and_known_printers_are_not() {
    let mut story = Story::default();
    let limits = Limits { printers: 2, ..Limits::default() };
    let mut apply = |id: &str| {
        let event = Event {
            printer: printer(Source::OCTOPRINT, id, id),
            received: at(0.0),
            sent: None,
            kind: EventKind::Started,
            report: PrintReport::default(),
        };
        story
            .farm
            .apply(&event, ApplyTime::at(event.received), &limits, &mut story.changes)
            .map(|applied| applied.label)
    };
    let results = ["a", "b", "c", "a"].map(&mut apply);
    assert_eq!(results, [Ok("a".into()), Ok("b".into()), Err(TooManyPrinters { limit: 2 }), Ok("a".into())]);
}

#[test]
fn changes_that_are_rolled_back_leave_no_trace() {
    let mut story = Story::default();
    story.tell(EventKind::Started, named("one", 0.0));
    story.tell(EventKind::Ended(Outcome::Completed), named("one", 50.0));
    let mut published = View::default();
    published.publish(&story.farm, &std::mem::take(&mut story.changes));
    let shown = |view: &View| view.read(at(60.0)).map(|it| format!("{it:?}")).collect::<Vec<_>>();
    let before = shown(&published);

    story.tell(EventKind::Started, named("two", 0.0));
    story.tell(EventKind::Ended(Outcome::Failed), named("two", 9.0));
    tell(&mut story, printer(Source::OCTOEVERYWHERE, "x", "delta"), EventKind::Started);
    tell(&mut story, printer(Source::OCTOEVERYWHERE, "y", "delta"), EventKind::LimitReached);
    story.farm.roll_back(&published, &std::mem::take(&mut story.changes));

    assert_eq!(shown(story.farm.view()), before);
    assert_eq!(story.farm.view().limit_reached(Source::OCTOEVERYWHERE), None);
    assert_eq!(
        tell(&mut story, printer(Source::OCTOEVERYWHERE, "z", "delta"), EventKind::Notice).label,
        "delta-2"
    );
    assert_eq!(story.tell(EventKind::Ended(Outcome::Failed), named("two", 9.0)), Disposition::Accepted);
    assert_eq!(story.tell(EventKind::Ended(Outcome::Completed), named("one", 50.0)), Disposition::Duplicate);
}
