//! The sockets of a session, and who answers on them.

use std::path::Path;

use bytes::Bytes;
use listenfd_systemfd::{Scheme, Sockets, Spec};

use crate::page::guard::Guard;
use crate::run::fd_store::ProgramStore;
use crate::session::input::Tools;
use crate::settings::resolved::Settings;
use crate::terminal::screen::Screen;
use crate::web::accept::Answers;
use crate::web::held_sockets;
use crate::web::reason::shortened;

#[derive(Debug)]
pub(super) struct Web {
    pub(super) sockets: Sockets,
    /// The variable that tells the program its port, and the address with that port.
    pub(super) port: Option<(String, Spec)>,
    pub(super) answers: Answers,
    pub(super) store: ProgramStore,
    /// Why no program runs, as requests are told.
    reason: Bytes,
}

impl Web {
    /// Opens the store in this folder.
    ///
    /// # Errors
    ///
    /// When its socket cannot be opened.
    pub(super) fn new(
        sockets: Sockets,
        port: Option<(String, Spec)>,
        settings: &Settings,
        folder: &Path,
        screen: &Screen,
    ) -> anyhow::Result<Self> {
        let answers = Answers::new(Guard::new(&settings.allowed_hosts));
        let store = ProgramStore::open(folder, !settings.overlap, answers.fresh(), screen.clone())?;
        Ok(Web { sockets, port, answers, store, reason: Bytes::new() })
    }

    /// Begins to answer requests with the reason why no program runs.
    pub(super) fn answer(&mut self, tools: &Tools) {
        match self.answers.begin(&self.sockets, self.store.take(), self.reason.clone()) {
            Ok(None) => {}
            Ok(Some(closed)) => {
                let (count, reason) = (closed.count, closed.reason);
                tools.note(format!("{count} connections of the program are closed: {reason}"));
            }
            Err(err) => tools.note(format!("requests cannot be answered: {err}")),
        }
    }

    /// Leaves the requests, and the connections of the last program, to the next one.
    pub(super) fn stop_answering(&mut self) {
        self.answers.end().into_iter().for_each(|channel| self.store.add(channel));
    }

    pub(super) fn set_reason(&mut self, reason: String) {
        self.reason = shortened(reason);
        self.answers.set_reason(&self.reason);
    }

    /// Whether there is a socket on which requests can be answered.
    pub(super) fn can_answer(&self) -> bool {
        self.sockets.iter().any(|(spec, _, _)| matches!(spec.scheme, Scheme::Http | Scheme::Unix))
    }

    /// The URLs and addresses of all sockets.
    pub(super) fn urls(&self) -> Vec<String> {
        let port = self.port.iter().map(|(_, spec)| held_sockets::url(spec, &spec.address));
        let sockets = self.sockets.iter();
        port.chain(sockets.map(|(spec, address, _)| held_sockets::url(spec, address))).collect()
    }

    /// The URL for the browser.
    pub(super) fn url(&self) -> String {
        if let Some((_, spec)) = &self.port {
            return held_sockets::url(spec, &spec.address);
        }
        let mut all: Vec<_> = self.sockets.iter().map(|(spec, addr, _)| (spec, addr)).collect();
        all.sort_by_key(|(spec, _)| !matches!(spec.scheme, Scheme::Http | Scheme::Https));
        all.first().map(|(spec, address)| held_sockets::url(spec, address)).unwrap_or_default()
    }
}
