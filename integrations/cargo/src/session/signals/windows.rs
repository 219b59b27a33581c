//! Ctrl-C, and what else ends a console program.

use anyhow::Context;
use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};

use crate::policy::Event;
use crate::session::input::{Input, Sender};

impl Sender {
    /// Listens to signals from now on.
    ///
    /// # Errors
    ///
    /// When the system does not allow it.
    pub(in crate::session) fn listen_to_signals(&self, _has_keyboard: bool) -> anyhow::Result<()> {
        let quit = || Input::Policy(Event::Quit);
        let cannot = "cannot listen to signals";
        let mut signals = ctrl_c().context(cannot)?;
        self.forward(async move || signals.recv().await, || Input::Interrupted);
        let mut signals = ctrl_break().context(cannot)?;
        self.forward(async move || signals.recv().await, quit);
        // After these three the system ends the process within seconds, and the job objects end what
        // it has started.
        let mut signals = ctrl_close().context(cannot)?;
        self.forward(async move || signals.recv().await, quit);
        let mut signals = ctrl_logoff().context(cannot)?;
        self.forward(async move || signals.recv().await, quit);
        let mut signals = ctrl_shutdown().context(cannot)?;
        self.forward(async move || signals.recv().await, quit);
        Ok(())
    }

    /// Sends an input for each signal.
    fn forward(&self, mut next: impl AsyncFnMut() -> Option<()> + 'static, input: fn() -> Input) {
        let sender = self.clone();
        tokio::task::spawn_local(async move {
            while next().await.is_some() {
                sender.send(input());
            }
        });
    }
}
