//! What signals ask for, and who has the terminal.

use anyhow::Context;
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};

use super::{Input, Session};
use crate::policy::Event;

impl Session {
    /// Listens to them from now on.
    ///
    /// # Errors
    ///
    /// When the system does not tell of signals.
    pub(super) fn listen_to_signals(&self) -> anyhow::Result<()> {
        let meanings: [(_, fn() -> Input); 5] = [
            (Signal::INT, || Input::Interrupted),
            (Signal::TERM, || Input::Policy(Event::Quit)),
            (Signal::HUP, || Input::Policy(Event::Quit)),
            (Signal::CONT, || Input::Continued),
            (Signal::TSTP, || Input::Suspended),
        ];
        for (number, meaning) in meanings {
            // `nohup(1)` and scripts mean it to stay so.
            let is_ignored = listenfd_core::internal::is_signal_ignored(number.as_raw());
            // Without a keyboard there is nothing to do before it stops.
            if is_ignored || (number == Signal::TSTP && self.keyboard.is_none()) {
                continue;
            }
            let kind = SignalKind::from_raw(number.as_raw());
            let mut signals = signal(kind).context("cannot listen to signals")?;
            let inputs = self.inputs.clone();
            tokio::task::spawn_local(async move {
                while signals.recv().await.is_some() {
                    let _ = inputs.send(meaning());
                }
            });
        }
        Ok(())
    }

    /// Stops as Ctrl-Z asks for.
    pub(super) fn suspend(&mut self) {
        if let Some(keyboard) = &mut self.keyboard {
            keyboard.suspend();
        }
    }

    /// The terminal may be ours again.
    pub(super) fn take_keyboard(&mut self) {
        if let Some(keyboard) = &mut self.keyboard {
            keyboard.take();
        }
    }
}
