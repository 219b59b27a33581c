//! What one run is handed: the sockets by a server, which gives them to each process of the run that
//! asks, and the events by which it is stopped and says that it is ready.

use std::cell::OnceCell;
use std::convert::Infallible;
use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use listenfd_core::internal::program_events::{EVENTS_VARIABLE, ReceiverEvents, new_prefix};
use listenfd_systemfd::Sockets;
use listenfd_systemfd::internal::{Receiver, SocketServer};
use tokio::time::sleep;

use crate::children::launcher::{Control, Launcher};
use crate::run::program::Start;
use crate::run::ready::Readiness;
use crate::terminal::report::Report;
use crate::terminal::screen::Screen;

/// How often to look whether the program has said something.
const INTERVAL: Duration = Duration::from_millis(20);

/// What one run is handed.
#[derive(Debug)]
pub(crate) struct Supply {
    /// Gives out the sockets, if there are any, until the run has ended.
    server: Option<SocketServer>,
    /// The beginning of the events' names.
    prefix: String,
    /// The events of the child itself, which need not be one of the receivers.
    of_child: OnceCell<Option<ReceiverEvents>>,
    /// Whether the program has one of our adapters, which know the events.
    has_adapter: bool,
    screen: Screen,
}

impl Supply {
    /// Hands the sockets of a run to its command.
    ///
    /// # Errors
    ///
    /// When the server cannot be started.
    pub(crate) fn hand_over(
        start: &Start<'_>,
        _launcher: &Launcher,
        screen: &Screen,
        command: &mut Command,
    ) -> anyhow::Result<Self> {
        // Of an outer session.
        listenfd_core::scrub(command);
        let server = serve(start.sockets, screen).context("cannot hand over the sockets")?;
        let prefix = new_prefix().context("the system has no random numbers")?;
        let mut variables = server.iter().flat_map(SocketServer::variables).collect::<Vec<_>>();
        if variables.is_empty() {
            variables.push((EVENTS_VARIABLE, prefix.clone().into()));
        }
        let prefix = variables
            .iter()
            .find(|(name, _)| *name == EVENTS_VARIABLE)
            .and_then(|(_, value)| value.to_str().map(str::to_owned))
            .unwrap_or(prefix);
        command.envs(variables);
        let (has_adapter, screen) = (start.readiness == Readiness::Says, screen.clone());
        Ok(Supply { server, prefix, of_child: OnceCell::new(), has_adapter, screen })
    }

    /// Waits until the program says that it is ready.
    pub(crate) async fn ready(&self, control: &Control) {
        while !self.is_ready(control) {
            sleep(INTERVAL).await;
        }
    }

    /// The program accepts, and has not said that it is ready: it is not waited for.
    pub(crate) fn note_accepts(&self) {}

    /// A program that is ready says nothing more that is waited for.
    pub(crate) async fn listen(&self, _since: Instant) -> Infallible {
        std::future::pending().await
    }

    /// Asks the program to stop: by the event if it waits for that, else by CTRL_BREAK. Not by both,
    /// for the second request ends a program at once. A server waits for the event when it has the
    /// sockets. CTRL_BREAK ends a program that is not there yet, as SIGTERM does on Unix.
    pub(crate) fn stop(&self, control: &Control) {
        if control.pid().is_none() {
            return control.cancel();
        }
        let serves = self.has_adapter && !self.receivers().is_empty();
        let (how, asked) = match serves || self.is_ready(control) {
            true => ("an event", self.request_stop(control)),
            false if self.has_adapter => {
                let asked = control.send_break().or_else(|_| self.request_stop(control));
                ("CTRL_BREAK or an event", asked)
            }
            false => ("CTRL_BREAK", control.send_break()),
        };
        if let Err(err) = asked {
            let message = format!(
                "the program cannot be asked to stop by {how}, so it is ended at once: {err}"
            );
            self.screen.report(&Report::Note { message });
            control.kill();
        }
    }

    /// Asks each process of the run that may serve.
    fn request_stop(&self, control: &Control) -> io::Result<()> {
        let receivers = self.receivers();
        let mut receivers = receivers.iter().map(Receiver::events).chain(self.of_child(control));
        receivers.try_for_each(ReceiverEvents::request_stop)
    }

    /// The program has ended.
    pub(crate) fn end(&self) {}

    fn is_ready(&self, control: &Control) -> bool {
        self.of_child(control).is_some_and(ReceiverEvents::is_ready)
            || self.receivers().iter().any(|receiver| receiver.events().is_ready())
    }

    /// The processes that have asked for the sockets.
    fn receivers(&self) -> Vec<Receiver> {
        self.server.as_ref().map(SocketServer::receivers).unwrap_or_default()
    }

    /// `None` where the process is gone.
    fn of_child(&self, control: &Control) -> Option<&ReceiverEvents> {
        let pid = control.pid()?;
        let create = || ReceiverEvents::create(&self.prefix, pid).ok();
        self.of_child.get_or_init(create).as_ref()
    }
}

fn serve(sockets: &Sockets, screen: &Screen) -> io::Result<Option<SocketServer>> {
    if sockets.is_empty() {
        return Ok(None);
    }
    let names = sockets.iter().map(|(spec, ..)| spec.name.clone()).collect();
    let owned = sockets.iter().map(|(.., socket)| socket.try_clone_to_owned());
    let screen = screen.clone();
    let warn = move |message: &str| screen.report(&Report::Note { message: message.to_owned() });
    SocketServer::start(owned.collect::<io::Result<_>>()?, names, warn).map(Some)
}
