//! Requests for attention.

use super::*;

#[test]
fn attention_counts_once_until_the_printer_continues() {
    use AttentionReason::{FilamentChange, UserInteraction};
    let call = EventKind::Attention(UserInteraction);
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(100.0).tell(EventKind::Paused, elapsed("a.gcode", 100.0));
    assert_eq!(story.tell(call, PrintReport::default()), Disposition::Accepted);
    for _ in 0..1000 {
        assert_eq!(story.after(2.0).tell(call, PrintReport::default()), Disposition::Duplicate);
    }
    assert_eq!(
        story.tell(EventKind::Attention(FilamentChange), PrintReport::default()),
        Disposition::Duplicate,
        "one cause"
    );
    story.tell(EventKind::Paused, elapsed("a.gcode", 100.0));
    assert_eq!(story.tell(call, PrintReport::default()), Disposition::Duplicate, "the same pause");
    story.after(500.0).tell(EventKind::Paused, elapsed("a.gcode", 300.0));
    assert_eq!(story.tell(call, PrintReport::default()), Disposition::Accepted, "a later pause");
    story.tell(EventKind::Resumed, PrintReport::default());
    assert_eq!(
        story.after(5.0).tell(EventKind::Attention(FilamentChange), PrintReport::default()),
        Disposition::Accepted
    );
    assert_eq!(story.read().totals.attention, [1, 2]);
}

#[test]
fn a_printer_waits_for_a_person_from_its_first_request_until_its_print_goes_on_or_ends() {
    let waits = |story: &Story| story.read().attention;
    for goes_on in [EventKind::Resumed, EventKind::Progress, DONE, EventKind::Started, EventKind::Error] {
        let mut story = Story::default();
        story.tell(EventKind::Started, file("a.gcode"));
        assert_eq!(waits(&story), None);
        story.after(60.0).tell(ATTENTION, PrintReport::default());
        story.after(5.0).tell(EventKind::Paused, elapsed("a.gcode", 60.0));
        story.after(900.0).tell(ATTENTION, PrintReport::default());
        assert_eq!(waits(&story), Some((AttentionReason::UserInteraction, at(60.0))));
        story.tell(EventKind::Attention(AttentionReason::FilamentChange), PrintReport::default());
        assert_eq!(waits(&story).map(|(_, since)| since), Some(at(60.0)), "it has waited since then");
        let step = ClockStep { since: at(0.0), by: 3_600_000_000 };
        let time = story.time();
        story.farm.step_clock(step, time, &mut story.changes);
        story.now += 3_600.0;
        assert_eq!(waits(&story).map(|(_, since)| since), Some(at(3_660.0)), "it moves with the clock");
        story.after(60.0).tell(goes_on, elapsed("b.gcode", 61.0));
        assert_eq!(waits(&story), None, "{goes_on:?}");
    }
}

#[test]
fn a_different_reason_long_after_is_another_request() {
    let mut story = Story::default();
    story.tell(ATTENTION, PrintReport::default());
    assert_eq!(
        story
            .after(600.0)
            .tell(EventKind::Attention(AttentionReason::FilamentChange), PrintReport::default()),
        Disposition::Accepted
    );
}
