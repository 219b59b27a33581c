//! The sockets of a session, and who answers on them.

use std::ffi::OsString;

use anyhow::Context;
use bytes::Bytes;
use listenfd_core::internal::CAN_HAND_OVER;
use listenfd_core::internal::page_socket::Announcement;
use listenfd_systemfd::{Scheme, Sockets, Spec};

use crate::page::guard::Guard;
use crate::page::serve::Pages;
use crate::page::serve::listener::listen;
use crate::page::serve::socket::PageSocket;
use crate::policy::Run;
use crate::run::fd_store::ProgramStore;
use crate::session::input::Tools;
use crate::session::page::{Opened, allow_to_open, origins, pages};
use crate::session::plan::Plan;
use crate::settings::resolved::Settings;
use crate::web::accept::Answers;
use crate::web::held_sockets;
use crate::web::reason::shortened;
use crate::web::recipient::Shared;

#[derive(Debug)]
pub(super) struct Web {
    pub(super) sockets: Sockets,
    /// The variable that tells the program its port, and the address with that port.
    pub(super) port: Option<(String, Spec)>,
    pub(super) answers: Answers,
    pub(super) store: ProgramStore,
    /// Where programs give the connections of pages; `None` where pages get nothing.
    page_socket: Option<PageSocket>,
    /// What answers pages, unless they get nothing.
    pages: Option<Pages>,
    /// Why no program runs, as requests are told.
    reason: Bytes,
}

impl Web {
    /// Opens the store, and the page socket.
    ///
    /// # Errors
    ///
    /// When a socket cannot be opened.
    pub(super) fn new(
        mut opened: Opened,
        settings: &Settings,
        holds: bool,
        tools: &Tools,
    ) -> anyhow::Result<Self> {
        let folder = &tools.launcher.folder().context("cannot make a temporary folder")?;
        let screen = tools.screen.clone();
        let guard = Guard::new(&settings.allowed_hosts);
        let pages = settings.browser.pages.then(|| pages(settings, guard.clone(), tools));
        let pages = pages.transpose()?;
        if let (Some(pages), Some(listener)) = (&pages, opened.pages.take()) {
            listen(listener, pages.clone(), origins(&opened, settings))?;
        }
        let live = tools.live.clone();
        let shared = Shared::new(live, guard, pages.clone(), settings.hold, holds);
        let answers = Answers::new(shared);
        let is_offered = CAN_HAND_OVER && !settings.overlap;
        let store = ProgramStore::open(folder, is_offered, answers.fresh(), screen.clone())?;
        let Opened { sockets, port, .. } = opened;
        let given = pages.clone().filter(|_| sockets.iter().any(|(spec, ..)| has_pages(spec)));
        let page_socket = given.map(|pages| PageSocket::open(folder, pages, screen)).transpose()?;
        Ok(Web { sockets, port, answers, store, page_socket, pages, reason: Bytes::new() })
    }

    /// What a run is told of the page socket. It is opened again if it was removed.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(super) fn announcement(&self, run: Run, tools: &Tools) -> anyhow::Result<Option<OsString>> {
        let Some(page_socket) = &self.page_socket else { return Ok(None) };
        let folder = tools.launcher.folder().context("cannot make a temporary folder")?;
        let socket = page_socket.listen_in(&folder)?;
        let (boot, path) = (tools.live.boot_of(run), page_socket.pages().path().to_owned());
        Ok(Some(Announcement { boot, path, socket }.value()))
    }

    /// Takes what has changed in the plan.
    pub(super) fn follow(&self, plan: &Plan) {
        if let Some(pages) = &self.pages {
            allow_to_open(pages, plan);
        }
    }

    /// Begins to answer requests with the reason why no program runs.
    pub(super) fn answer(&mut self, tools: &Tools) {
        self.begin(Some(self.reason.clone()), tools);
    }

    /// Begins to show browsers the build that runs.
    pub(super) fn answer_while_building(&mut self, tools: &Tools) {
        self.begin(None, tools);
    }

    fn begin(&mut self, reason: Option<Bytes>, tools: &Tools) {
        match self.answers.begin(&self.sockets, self.store.take(), reason) {
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

/// Whether a browser may reach the program by this socket, directly or through a proxy.
fn has_pages(spec: &Spec) -> bool {
    matches!(spec.scheme, Scheme::Http | Scheme::Https | Scheme::Tcp | Scheme::Unix)
}
