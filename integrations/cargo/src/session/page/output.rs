//! The output of the program: its log, and its panics.

use crate::page::clock::now;
use crate::page::state::{LogLine, Panic};
use crate::policy::Run;
use crate::run::output::panic_text::Cause;
use crate::run::output::streams::Said;
use crate::session::Session;
use crate::session::page::text;

impl Session {
    /// A run has said something.
    pub(in crate::session) fn said(&mut self, run: Run, said: Said) {
        match said {
            Said::Lines(lines) => self.log(lines),
            Said::Panic(cause) => {
                let panic = self.panic(&cause);
                self.serving.add_panic(run, panic, &self.tools.live);
            }
        }
    }

    fn log(&self, lines: Vec<LogLine>) {
        if !self.tools.live.has_log_readers() {
            return;
        }
        // All at once, which takes less time. No secret that is hidden has a line break.
        let all: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        let all = self.runs.env_files.hide_secrets(&all.join("\n"));
        for (line, text) in lines.iter().zip(all.split('\n')) {
            self.tools.live.log(LogLine { level: line.level, text: text::line(text) });
        }
    }

    /// A panic, as pages are told.
    pub(super) fn panic(&self, cause: &Cause) -> Panic {
        let places = &self.plan.recipe.places;
        let hide = |text: &str| text::message(&self.runs.env_files.hide_secrets(text));
        let frame = cause.frame.as_ref().and_then(|frame| {
            let place = places.parse(&frame.place)?;
            Some((hide(frame.name()), place))
        });
        Panic {
            number: self.tools.live.next_panic(),
            thread: hide(cause.thread()),
            message: hide(&cause.message()),
            place: cause.place().and_then(|place| places.parse(place)),
            frame,
            at: now(),
        }
    }
}
