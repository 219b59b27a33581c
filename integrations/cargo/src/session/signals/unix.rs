//! SIGINT, SIGTERM and SIGHUP, and those of job control.

use anyhow::Context;
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};

use crate::policy::Event;
use crate::session::input::{Input, Sender};

impl Sender {
    /// Listens to signals from now on.
    ///
    /// # Errors
    ///
    /// When the system does not allow it.
    pub(in crate::session) fn listen_to_signals(&self, has_keyboard: bool) -> anyhow::Result<()> {
        let meanings: [(_, fn() -> Input); 5] = [
            (Signal::INT, || Input::Interrupted),
            (Signal::TERM, || Input::Policy(Event::Quit)),
            (Signal::HUP, || Input::Policy(Event::Quit)),
            (Signal::CONT, || Input::Continued),
            (Signal::TSTP, || Input::Suspended),
        ];
        for (number, meaning) in meanings {
            // `nohup(1)` and scripts want an ignored signal to stay ignored.
            let is_ignored = listenfd_core::internal::is_signal_ignored(number.as_raw());
            // Without a keyboard there is nothing to do before it stops.
            if is_ignored || (number == Signal::TSTP && !has_keyboard) {
                continue;
            }
            let kind = SignalKind::from_raw(number.as_raw());
            let mut signals = signal(kind).context("cannot listen to signals")?;
            let sender = self.clone();
            tokio::task::spawn_local(async move {
                while signals.recv().await.is_some() {
                    sender.send(meaning());
                }
            });
        }
        Ok(())
    }
}
