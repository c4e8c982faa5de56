//! Random prints of a printer whose events arrive at once: what is shown is what it really did.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// What a printer really does for a while.
#[derive(Clone, Copy, Debug)]
enum Act {
    Print(f64),
    Pause(f64),
    End(Outcome),
    Idle(f64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0.1..3_000.0).prop_map(Act::Print),
        2 => (0.1..3_000.0).prop_map(Act::Pause),
        2 => select(&Outcome::ALL[..3]).prop_map(Act::End),
        2 => (0.1..3_000.0).prop_map(Act::Idle),
    ]
}

/// A printer driven by OctoPrint, what it really did, and the farm that receives its events.
#[derive(Default)]
struct Live {
    story: Story,
    /// The true print seconds of the open print, if one is open.
    open: Option<f64>,
    is_paused: bool,
    true_printed: f64,
    shown_before: f64,
    prints: u32,
}

impl Live {
    fn tell(&mut self, kind: EventKind, exact: bool) {
        let seconds = self.open.unwrap_or_default();
        // OctoPrint truncates the elapsed time to whole seconds, except at the end.
        let seconds = if exact { seconds } else { seconds.floor() };
        let name = format!("{}.gcode", self.prints);
        self.story.tell(kind, elapsed(&name, seconds));
    }

    /// Lets time pass in small pieces and compares what is shown with what really happened.
    fn pass(&mut self, seconds: f64, prints: bool) -> Result<(), TestCaseError> {
        for _ in 0..5 {
            let piece = seconds / 5.0;
            self.story.after(piece);
            if prints {
                self.true_printed += piece;
                self.open = self.open.map(|open| open + piece);
            }
            if self.story.farm.view().is_empty() {
                continue;
            }
            let shown = self.story.printed();
            prop_assert!(shown <= self.true_printed + 1e-3, "{} s shown of {} s", shown, self.true_printed);
            prop_assert!(
                shown - self.shown_before <= piece + 1.0,
                "{} s more in {} s",
                shown - self.shown_before,
                piece
            );
            self.shown_before = shown;
        }
        Ok(())
    }

    fn act(&mut self, act: Act, reports_progress: bool) -> Result<(), TestCaseError> {
        match act {
            Act::Print(seconds) => {
                if self.open.is_none() {
                    self.open = Some(0.0);
                    self.tell(EventKind::Started, false);
                } else if std::mem::take(&mut self.is_paused) {
                    self.tell(EventKind::StateReport(ReportedState::Printing), false);
                }
                self.pass(seconds, true)?;
                if reports_progress {
                    self.tell(EventKind::Progress, false);
                }
                Ok(())
            }
            Act::Pause(seconds) if self.open.is_some() => {
                if !std::mem::replace(&mut self.is_paused, true) {
                    self.tell(EventKind::Paused, false);
                }
                self.pass(seconds, false)
            }
            Act::End(outcome) if self.open.is_some() => {
                self.tell(EventKind::Ended(outcome), true);
                self.is_paused = false;
                self.open = None;
                self.prints += 1;
                let (shown, truth) = (self.story.printed(), self.true_printed);
                prop_assert!(
                    (shown - truth).abs() < 1e-3 * f64::from(self.prints),
                    "{} s of {} s",
                    shown,
                    truth
                );
                self.shown_before = shown;
                Ok(())
            }
            Act::Pause(seconds) | Act::Idle(seconds) if self.open.is_none() => self.pass(seconds, false),
            Act::Idle(_) | Act::Pause(_) | Act::End(_) => Ok(()),
        }
    }
}

proptest! {
    #[test]
    fn with_live_events_print_seconds_are_exact_and_never_grow_faster_than_time(
        acts in proptest::collection::vec((act(), any::<bool>()), 1..60),
    ) {
        let mut live = Live::default();
        for (act, reports_progress) in acts {
            live.act(act, reports_progress)?;
        }
    }
}
